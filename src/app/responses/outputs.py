"""Outputs: the models of what the API returns."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, JsonValue

from app import limits
from shared.erasures import Deleted
from shared.headers.header import MAX_FRAMES
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, MAX_SIDE_PX
from shared.items import MAX_ITEM_BYTES
from shared.lifecycle import Status
from shared.models import Exif, Model, Placeholder, Rendition, Timestamp, Visibility
from shared.quotas import Quota, Usage
from shared.rates import Rate
from shared.renditions import MAX_DELIVERED_BYTES, RENDITION_TYPE, Fit, RenditionName
from shared.variants import (
    ASPECT_RATIOS,
    AUTO_FORMAT,
    CARD_SIZE,
    LADDER_PX,
    MAX_VARIANT_SIDE_PX,
    VariantFormat,
    VariantMode,
)


class RenditionPublic(Rendition):
    """A rendition, and its URL."""

    content_type: str = RENDITION_TYPE
    url: str


class ReplacementPublic(Model):
    """Other bytes for an image, on their way to become it."""

    status: Literal[Status.PENDING, Status.PROCESSING, Status.REJECTED, Status.FAILED]
    status_reason: str | None
    filename: str | None = Field(description="The new file name. Null if the image keeps its own.")
    content_type: str
    size: int
    sha256: str | None
    created_at: Timestamp


class ImagePublic(Model):
    """An image as a caller may see it."""

    id: str
    user_id: str
    filename: str
    content_type: str
    size: int | None = Field(description="Of the original, for its owner alone.")
    width: int | None
    height: int | None
    sha256: str | None = Field(description="Of the original, for its owner alone.")
    description: str | None
    visibility: Visibility
    tags: tuple[str, ...]
    status: Status
    status_reason: str | None
    revision: int = Field(description="Counts the revisions of the bytes and the renditions.")
    replacement: ReplacementPublic | None = Field(
        description="Other bytes on their way, or why they were rejected. For the owner alone."
    )
    renditions: dict[RenditionName, RenditionPublic]
    placeholder: Placeholder | None
    exif: Exif | None = Field(description="Facts that the camera recorded, for the owner alone.")
    animated: bool
    url: str | None = Field(description="URL of the original, for its owner alone. Null until it is stored.")
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class UploadTarget(Model):
    """The form that takes the bytes of a direct upload. Its `file` comes after all fields."""

    url: str
    fields: Mapping[str, str]


class DirectUpload(Model):
    """A direct upload that has begun."""

    id: str
    upload: UploadTarget
    expires_at: Timestamp


class Link(Model):
    """A URL that shows a rendition to anyone who has it."""

    url: str
    expires_at: Timestamp


class ImageList(Model):
    """A page of images."""

    images: list[ImagePublic]
    next_cursor: str | None = Field(description="Leads to the next page. Null only on the last page.")


class ItemPublic(Model):
    """An item."""

    id: str
    user_id: str | None
    name: str
    description: str | None
    attributes: dict[str, JsonValue]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class ItemList(Model):
    """A page of items."""

    items: list[ItemPublic]
    next_cursor: str | None


class FilePublic(Model):
    """A file of the legacy upload."""

    id: str
    key: str
    filename: str
    content_type: str = Field(description="What the client said. The file is served as a download.")
    size: int
    url: str = Field(description="Downloads the file, for half an hour.")
    created_at: Timestamp


class FileList(Model):
    """A page of files."""

    files: list[FilePublic]
    next_cursor: str | None


class FileUploaded(Model):
    """The response of the legacy upload."""

    message: str
    file: FilePublic


class Health(Model):
    """Liveness and version of the service."""

    status: Literal["ok"] = "ok"
    version: str


class ErasurePublic(Model):
    """The erasure of everything that a user has."""

    started_at: Timestamp
    finished_at: Timestamp | None = Field(description="Null while something may be left.")
    deleted: Deleted


class Me(Model):
    """The caller, as the service knows it."""

    user_id: str
    is_admin: bool
    used: Usage
    erasure: ErasurePublic | None = Field(description="Null for a user who has asked for none.")


class RenditionBox(Model):
    """The box of a rendition, and how a picture fits into it."""

    width: int
    height: int
    fit: Fit


class VariantLimits(Model):
    """The sizes and formats that everyone may ask for. A signed link may ask for any size."""

    mode: VariantMode = Field(description="`signed`: a signed link alone may ask. `disabled`: nobody.")
    ladder_px: list[int] = Field(
        default=[*LADDER_PX], description="The widths, and the heights that stand without a width."
    )
    aspect_ratios: list[str] = Field(
        default=[f"{across}:{down}" for across, down in ASPECT_RATIOS],
        description="Of a width of the ladder with a height, which is rounded to whole pixels.",
    )
    sizes: list[str] = Field(
        default=["{}x{}".format(*CARD_SIZE)], description="Widths with heights that are allowed besides."
    )
    fits: list[Fit] = Field(default=[*Fit])
    formats: list[str] = Field(default=[AUTO_FORMAT, *VariantFormat])
    max_signed_side_px: int = MAX_VARIANT_SIDE_PX
    max_bytes: int = Field(
        default=MAX_DELIVERED_BYTES, description="What would be larger is encoded with less quality."
    )


class Limits(Model):
    """Every limit that a client can run into."""

    max_inline_bytes: int = limits.MAX_INLINE_BYTES
    max_json_image_bytes: int = limits.MAX_JSON_IMAGE_BYTES
    max_direct_bytes: int = limits.MAX_DIRECT_BYTES
    min_upload_seconds: int = limits.MIN_UPLOAD_SECONDS
    max_upload_seconds: int = limits.MAX_UPLOAD_SECONDS
    max_link_seconds: int = limits.MAX_LINK_SECONDS
    max_pixels: int = MAX_IMAGE_PIXELS
    max_side_px: int = MAX_SIDE_PX
    max_frames: int = MAX_FRAMES
    accepted_types: list[str] = sorted(CONTENT_TYPES.values())
    max_tags: int = limits.MAX_TAGS
    max_tag_chars: int = limits.MAX_TAG_CHARS
    max_filter_tags: int = limits.MAX_FILTER_TAGS
    max_description_chars: int = limits.MAX_DESCRIPTION_CHARS
    max_filename_chars: int = limits.MAX_FILENAME_CHARS
    max_user_id_chars: int = limits.MAX_USER_ID_CHARS
    max_item_name_chars: int = limits.MAX_ITEM_NAME_CHARS
    max_json_bytes: int = limits.MAX_JSON_BYTES
    max_page_size: int = limits.MAX_PAGE_SIZE
    max_idempotency_key_chars: int = limits.MAX_IDEMPOTENCY_KEY_CHARS
    idempotency_key_seconds: int = limits.IDEMPOTENCY_KEY_SECONDS
    max_item_bytes: int = MAX_ITEM_BYTES
    max_user_images: int | None = Field(description="Images that a user may have. Null for any number.")
    max_user_files: int | None = Field(description="The same for legacy files.")
    max_user_bytes: int | None = Field(
        description="Bytes that the originals and files of a user may have together. Null for any number."
    )
    max_user_items: int | None = Field(description="Items that a user may have. Null for any number.")
    max_pending_uploads: int | None = Field(
        description="Direct uploads that a user may have begun and not finished. Null for any number."
    )
    max_pending_bytes: int | None = Field(description="Bytes that these may have announced together.")
    user_writes_per_minute: int | None = Field(
        description="Writes of a user, such as uploads and changes. Null for any number."
    )
    user_write_burst: int = Field(description="Writes that a user may make at once after a pause.")
    used: Usage | None = Field(description="What the user uses of these. Null without a user.")
    rendition_edges_px: dict[RenditionName, int] = Field(
        default_factory=lambda: {name: name.edge_px for name in RenditionName}
    )
    renditions: dict[RenditionName, RenditionBox] = Field(
        default_factory=lambda: {
            name: RenditionBox(width=name.width, height=name.height, fit=name.fit) for name in RenditionName
        }
    )

    variants: VariantLimits

    @classmethod
    def of(cls, quota: Quota, rate: Rate, mode: VariantMode, used: Usage | None) -> Self:
        """All limits, with the bounds of this deployment."""
        return cls(
            max_user_images=quota.max_images,
            max_user_files=quota.max_files,
            max_user_bytes=quota.max_bytes,
            max_user_items=quota.max_items,
            max_pending_uploads=quota.max_pending_uploads,
            max_pending_bytes=quota.max_pending_bytes,
            user_writes_per_minute=rate.per_minute,
            user_write_burst=rate.burst,
            used=used,
            variants=VariantLimits(mode=mode),
        )


class ProblemField(Model):
    """One wrong field."""

    field: str
    message: str


class Problem(Model):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[ProblemField, ...] = ()
    challenge: str | None = Field(
        default=None,
        description="Of a 401: the value of WWW-Authenticate, which API Gateway sends under another name.",
    )
