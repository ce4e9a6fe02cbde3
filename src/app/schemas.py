"""What the service answers."""

from collections.abc import Callable, Mapping
from typing import Literal, Self

from pydantic import Field, JsonValue
from pydantic_core import to_json

from app.fields import (
    MAX_DESCRIPTION_CHARS,
    MAX_DIRECT_BYTES,
    MAX_FILTER_TAGS,
    MAX_INLINE_BYTES,
    MAX_ITEM_NAME_CHARS,
    MAX_JSON_BYTES,
    MAX_LINK_SECONDS,
    MAX_PAGE_SIZE,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_UPLOAD_SECONDS,
    MAX_USER_ID_CHARS,
    MIN_UPLOAD_SECONDS,
)
from app.filenames import MAX_FILENAME_CHARS
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, MAX_SIDE_PX
from shared.models import (
    RENDITION_EDGES_PX,
    Exif,
    Image,
    Item,
    Model,
    Placeholder,
    Rendition,
    RenditionName,
    Status,
    Timestamp,
    Visibility,
)
from shared.quotas import Usage
from shared.structure import MAX_FRAMES


def serialize(body: object) -> str:
    """Turn a model into the JSON that clients get."""
    return to_json(body, by_alias=True).decode()


type MakeUrl = Callable[[Image, RenditionName], str]


class RenditionPublic(Rendition):
    """A rendition, and where it is."""

    url: str


class ImagePublic(Model):
    """An image as its caller may see it."""

    id: str
    user_id: str
    filename: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    sha256: str | None
    description: str | None
    visibility: Visibility
    tags: tuple[str, ...]
    status: Status
    status_reason: str | None
    renditions: dict[RenditionName, RenditionPublic]
    placeholder: Placeholder | None
    exif: Exif | None
    animated: bool
    url: str | None = Field(description="The original, once it is there; for its owner alone.")
    created_at: Timestamp
    updated_at: Timestamp
    version: int

    @classmethod
    def of(cls, image: Image, url: str, make_url: MakeUrl, *, sees_all: bool) -> Self:
        """`url` leads to the original, `make_url` to each rendition. Its owner and admins see all."""
        return cls(
            **image.model_dump(
                exclude={"shard", "listed", "link_generation", "expires_at", "renditions", "exif"}
            ),
            renditions={
                name: RenditionPublic(**rendition.model_dump(), url=make_url(image, name))
                for name, rendition in image.renditions.items()
            },
            exif=image.exif if sees_all or not image.exif else image.exif.without_place(),
            url=url if sees_all and image.has_original else None,
        )


class UploadTarget(Model):
    """Where the bytes go: a form, whose fields come before its `file`."""

    url: str
    fields: Mapping[str, str]


class DirectUpload(Model):
    """A direct upload that has begun."""

    id: str
    upload: UploadTarget
    expires_at: Timestamp


class Link(Model):
    """A URL that shows a rendition to whoever has it."""

    url: str
    expires_at: Timestamp


class ImageList(Model):
    """A page of images."""

    images: list[ImagePublic]
    next_cursor: str | None = Field(description="For the next page; null on the last one, and only there.")


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

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls(**dict(item))


class ItemList(Model):
    """A page of items."""

    items: list[ItemPublic]
    next_cursor: str | None


class FilePublic(Model):
    """A file of the legacy upload."""

    key: str
    filename: str
    content_type: str
    size: int
    url: str


class FileUploaded(Model):
    """The answer of the legacy upload."""

    message: str
    file: FilePublic


class Health(Model):
    """Whether the service is there."""

    status: Literal["ok"] = "ok"
    version: str


class ProblemField(Model):
    """One wrong field."""

    field: str
    message: str


class Limits(Model):
    """Every limit a client can hit."""

    max_inline_bytes: int = MAX_INLINE_BYTES
    max_direct_bytes: int = MAX_DIRECT_BYTES
    min_upload_seconds: int = MIN_UPLOAD_SECONDS
    max_upload_seconds: int = MAX_UPLOAD_SECONDS
    max_link_seconds: int = MAX_LINK_SECONDS
    max_pixels: int = MAX_IMAGE_PIXELS
    max_side_px: int = MAX_SIDE_PX
    max_frames: int = MAX_FRAMES
    accepted_types: list[str] = sorted(CONTENT_TYPES.values())
    max_tags: int = MAX_TAGS
    max_tag_chars: int = MAX_TAG_CHARS
    max_filter_tags: int = MAX_FILTER_TAGS
    max_description_chars: int = MAX_DESCRIPTION_CHARS
    max_filename_chars: int = MAX_FILENAME_CHARS
    max_user_id_chars: int = MAX_USER_ID_CHARS
    max_item_name_chars: int = MAX_ITEM_NAME_CHARS
    max_json_bytes: int = MAX_JSON_BYTES
    max_page_size: int = MAX_PAGE_SIZE
    max_user_images: int | None = Field(description="Images that a user may have; null for any number.")
    max_user_bytes: int | None = Field(description="Bytes that a user's originals may have together; same.")
    used: Usage | None = Field(description="What the caller has of these; null for nobody in particular.")
    rendition_edges_px: dict[RenditionName, int] = RENDITION_EDGES_PX


class Problem(Model):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[ProblemField, ...] = ()
