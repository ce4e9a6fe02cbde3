"""What requests and answers look like."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from app.fields import (
    DEFAULT_PAGE_SIZE,
    DEFAULT_UPLOAD_SECONDS,
    MAX_CURSOR_CHARS,
    MAX_DESCRIPTION_CHARS,
    MAX_DIRECT_BYTES,
    MAX_FIELDS,
    MAX_FILTER_TAGS,
    MAX_INLINE_BYTES,
    MAX_ITEM_NAME_CHARS,
    MAX_JSON_BYTES,
    MAX_PAGE_SIZE,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_UPLOAD_SECONDS,
    MAX_USER_ID_CHARS,
    MIN_UPLOAD_SECONDS,
    Attributes,
    Base64,
    Description,
    Filename,
    FilterTags,
    Sha256,
    Tags,
    UserId,
    UtcDatetime,
)
from app.filenames import MAX_FILENAME_CHARS, make_default_filename
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, MAX_SIDE_PX
from shared.listing import Span
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
from shared.structure import MAX_FRAMES


class Input(BaseModel):
    """Base of what clients send: an unknown field is refused, never dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def check_count(cls, data: object) -> object:
        """Refuse a mass of fields at once: pydantic would note each that is unknown."""
        if isinstance(data, dict) and len(data) > MAX_FIELDS:
            raise ValueError(f"has more than {MAX_FIELDS} fields")
        return data


class ImageMetadata(Input):
    """What a client says of an image."""

    user_id: UserId | None = None
    description: Description | None = None
    visibility: Visibility = Visibility.PRIVATE
    tags: Tags = ()


class ImageQueryMetadata(ImageMetadata):
    """What the query says of an image whose bytes are the whole body."""

    filename: Filename | None = None


class ImageContent(Input):
    """An image in a JSON body."""

    filename: Filename | None = None
    content: Base64
    content_type: str | None = Field(None, description="Not believed: the bytes decide.")


class ImageCreate(Input):
    """The JSON body of an upload."""

    image: ImageContent
    metadata: ImageMetadata = ImageMetadata()


class DirectUploadCreate(Input):
    """The beginning of a direct upload: what the client is going to send to S3."""

    filename: Filename | None = None
    content_type: str = Field(description="One of the accepted types; only a promise, for the bytes decide.")
    size: Annotated[int, Field(gt=0, strict=True)]
    sha256: Sha256 | None = Field(None, description="Of the file, in hex: other bytes are refused.")
    metadata: ImageMetadata = ImageMetadata()
    expires_in: Annotated[int, Field(ge=MIN_UPLOAD_SECONDS, le=MAX_UPLOAD_SECONDS, strict=True)] = Field(
        DEFAULT_UPLOAD_SECONDS, description="Seconds within which the upload has to begin."
    )


class ImageUpdate(Input):
    """A change (RFC 7396): a field that is not named stays, `null` sets it back to its default."""

    description: Description | None = None
    visibility: Visibility | None = None
    tags: Tags | None = None
    filename: Filename | None = None

    def apply_to(self, image: Image) -> Image:
        defaults = {
            "visibility": Visibility.PRIVATE,
            "tags": (),
            "filename": make_default_filename(image.content_type),
        }
        named = {name: getattr(self, name) for name in self.model_fields_set}
        return image.model_copy(
            update={name: defaults.get(name) if value is None else value for name, value in named.items()}
        )


class FileCreate(Input):
    """The JSON body of a legacy upload."""

    filename: Filename
    content: Base64
    content_type: str | None = None


class ItemCreate(Input):
    """An item as a client writes it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ITEM_NAME_CHARS)]
    description: Description | None = None
    attributes: Attributes = {}

    def apply_to(self, item: Item) -> Item:
        return item.model_copy(update=dict(self))


class PageQuery(Input):
    """Which page of a listing."""

    order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    cursor: Annotated[str, StringConstraints(max_length=MAX_CURSOR_CHARS)] | None = Field(
        None, description="The `nextCursor` of the page before."
    )
    user_id: UserId | None = None

    def make_span(self) -> Span:
        return Span(descending=self.order == "desc")


class ImageQuery(PageQuery):
    """Which images, and which page of them."""

    tags: FilterTags = ()
    match: Literal["all", "any"] = "all"
    visibility: Visibility | None = None
    created_after: UtcDatetime | None = None
    created_before: UtcDatetime | None = None

    def make_span(self) -> Span:
        return Span.between(self.created_after, self.created_before, descending=self.order == "desc")


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
    def of(cls, image: Image, *, base_url: str, is_owner: bool) -> Self:
        url = f"{base_url}/images/{image.id}/content"
        exif = image.exif if is_owner or not image.exif else image.exif.model_copy(update={"location": None})
        return cls(
            **image.model_dump(exclude={"shard", "listed", "expires_at", "renditions", "exif"}),
            renditions={
                name: RenditionPublic(**rendition.model_dump(), url=f"{url}/{name}")
                for name, rendition in image.renditions.items()
            },
            exif=exif,
            url=url if is_owner and image.has_original else None,
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
