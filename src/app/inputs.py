"""What clients send."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from app.fields import (
    DEFAULT_LINK_SECONDS,
    DEFAULT_PAGE_SIZE,
    DEFAULT_UPLOAD_SECONDS,
    JSON_INTEGER,
    MAX_CURSOR_CHARS,
    MAX_DIRECT_BYTES,
    MAX_FIELDS,
    MAX_ITEM_NAME_CHARS,
    MAX_LINK_SECONDS,
    MAX_PAGE_SIZE,
    MAX_UPLOAD_SECONDS,
    MIN_LINK_SECONDS,
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
from app.filenames import make_default_filename
from shared.inspection import CONTENT_TYPES
from shared.listing import Span
from shared.models import Image, Item, RenditionName, Visibility


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
    content_type: str = Field(
        description="Only a promise, for the bytes decide.",
        json_schema_extra={"enum": list(CONTENT_TYPES.values())},
    )
    size: Annotated[
        int, Field(gt=0, strict=True, json_schema_extra={"maximum": MAX_DIRECT_BYTES}), JSON_INTEGER
    ]
    sha256: Sha256 | None = Field(None, description="Of the file, in hex: other bytes are refused.")
    metadata: ImageMetadata = ImageMetadata()
    expires_in: Annotated[
        int, Field(ge=MIN_UPLOAD_SECONDS, le=MAX_UPLOAD_SECONDS, strict=True), JSON_INTEGER
    ] = Field(DEFAULT_UPLOAD_SECONDS, description="Seconds within which the upload has to begin.")


class LinkCreate(Input):
    """A link: to which rendition, and for how long."""

    rendition: RenditionName = "large"
    expires_in: Annotated[int, Field(ge=MIN_LINK_SECONDS, le=MAX_LINK_SECONDS, strict=True), JSON_INTEGER] = (
        Field(DEFAULT_LINK_SECONDS, description="Seconds until the link ends.")
    )


class LinkQuery(Input):
    """What makes a URL of bytes a link. One that is none opens nothing, and is no error."""

    expires: str | None = Field(None, description="Seconds since 1970.")
    signature: str | None = None


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
