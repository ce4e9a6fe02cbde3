"""Inputs: the models of what clients send."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.requests.fields import (
    JSON_INTEGER,
    Attributes,
    Base64,
    FilterTags,
    Input,
    ItemName,
    Sha256,
    forbid_null,
)
from shared.details import Description, Filename, Tags, UserId, UtcDatetime, make_default_filename
from shared.errors import FieldError, InvalidFields
from shared.inspection import CONTENT_TYPES
from shared.items import Item
from shared.limits import (
    DEFAULT_PAGE_SIZE,
    DEFAULT_UPLOAD_SECONDS,
    MAX_CURSOR_CHARS,
    MAX_DIRECT_BYTES,
    MAX_PAGE_SIZE,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_UPLOAD_SECONDS,
    MIN_UPLOAD_SECONDS,
)
from shared.listing import Span
from shared.models import Image, Visibility
from shared.tags import change_tags

DOT_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPhfDwACggF/yWU5EwAAAABJRU5ErkJggg=="


class ImageDetails(Input):
    """The part of an image's metadata that is stored with the image, and that its owner can change."""

    description: Description | None = None
    visibility: Visibility = Visibility.PRIVATE
    tags: Tags = ()


class OnDuplicate(StrEnum):
    """The wish for an upload whose owner has an image with the same bytes already."""

    ALLOW = "allow"
    REUSE = "reuse"
    REFUSE = "refuse"


class ImageMetadata(ImageDetails):
    """The metadata of an upload."""

    user_id: UserId | None = None
    on_duplicate: Annotated[
        OnDuplicate,
        Field(
            description="What to do if you have an image with the same bytes: `allow` makes another one,"
            " `reuse` returns that one, `refuse` is 409."
        ),
    ] = OnDuplicate.ALLOW


class ImageQueryMetadata(ImageMetadata):
    """The metadata of an upload whose whole body is the image. It comes in the query."""

    filename: Filename | None = None


class ImageContent(Input):
    """An image in a JSON body."""

    example: ClassVar[dict[str, Any]] = {
        "filename": "dot.png",
        "content": DOT_PNG,
        "contentType": "image/png",
    }

    filename: Filename | None = None
    content: Base64
    content_type: str | None = Field(None, description="Not trusted: the bytes decide.")


class ImageCreate(Input):
    """The JSON body of an upload."""

    example: ClassVar[dict[str, Any]] = {"image": ImageContent.example, "metadata": {"tags": ["dot"]}}

    image: ImageContent
    metadata: ImageMetadata = ImageMetadata()


class DirectContentCreate(Input):
    """Announces the bytes that the client is going to send to S3."""

    example: ClassVar[dict[str, Any]] = {
        "filename": "beach.jpg",
        "contentType": "image/jpeg",
        "size": 6_815_744,
    }

    filename: Filename | None = None
    content_type: str = Field(
        description="A promise only: the bytes decide.",
        json_schema_extra={"enum": list(CONTENT_TYPES.values())},
    )
    size: Annotated[
        int, Field(gt=0, strict=True, json_schema_extra={"maximum": MAX_DIRECT_BYTES}), JSON_INTEGER
    ]
    sha256: Sha256 | None = Field(None, description="Of the file, in hex. S3 refuses other bytes.")
    expires_in: Annotated[
        int, Field(ge=MIN_UPLOAD_SECONDS, le=MAX_UPLOAD_SECONDS, strict=True), JSON_INTEGER
    ] = Field(DEFAULT_UPLOAD_SECONDS, description="Seconds within which the upload must begin.")


class DirectUploadCreate(DirectContentCreate):
    """Announces the bytes of a new image, and its metadata."""

    example: ClassVar[dict[str, Any]] = {**DirectContentCreate.example, "metadata": {"tags": ["beach"]}}

    metadata: ImageMetadata = ImageMetadata()


class NoMetadata(Input):
    """Other bytes come without metadata. The image keeps its own."""


class ContentCreate(Input):
    """The JSON body of other bytes for an image."""

    example: ClassVar[dict[str, Any]] = {"image": ImageContent.example}

    image: ImageContent
    metadata: SkipJsonSchema[NoMetadata] = NoMetadata()


class FileForm(Input):
    """A form with a file."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=forbid_null)

    file: bytes = Field(min_length=1)


class ImageForm(ImageMetadata, FileForm):
    """A form with an image and its metadata. Without a `visibility` it is private."""


def _allow_null(schema: dict[str, Any]) -> None:
    for name, field in schema["properties"].items():
        options = field.pop("anyOf", None) or [{key: field.pop(key) for key in [*field] if key != "title"}]
        without_default = [
            {key: part for key, part in option.items() if key != "default"} for option in options
        ]
        null = {"type": "null"}
        schema["properties"][name] = {
            **{key: part for key, part in field.items() if key != "default"},
            "anyOf": [*without_default, *([] if null in without_default else [null])],
        }


class ImageUpdate(ImageDetails):
    """A change (RFC 7396): a field that is not named stays, `null` sets it back to its default."""

    example: ClassVar[dict[str, Any]] = {"description": "The sea, at last", "tags": ["beach"]}

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=_allow_null)

    filename: Filename | None = None
    add_tags: Tags = ()
    remove_tags: Tags = Field((), description="They go before `addTags` come.")

    @model_validator(mode="before")
    @classmethod
    def reset_null(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        if "tags" in data and (changes := [name for name in ("addTags", "removeTags") if name in data]):
            error = PydanticCustomError("combined", "cannot stand beside tags, which replaces the whole list")
            raise ValidationError.from_exception_data(
                cls.__name__, [InitErrorDetails(type=error, loc=(name,), input=None) for name in changes]
            )
        defaults = {field.alias: field.default for field in cls.model_fields.values()}
        return {name: defaults.get(name) if value is None else value for name, value in data.items()}

    def apply_to(self, image: Image) -> Image:
        """Raises InvalidFields if the image would have too many tags."""
        named = {name: getattr(self, name) for name in self.model_fields_set & Image.model_fields.keys()}
        if "filename" in named:
            named["filename"] = self.filename or make_default_filename(image.content_type)
        if self.add_tags or self.remove_tags:
            named["tags"] = change_tags(image.tags, added=self.add_tags, removed=self.remove_tags)
            if len(named["tags"]) > MAX_TAGS:
                raise InvalidFields([FieldError("addTags", f"makes more than {MAX_TAGS} tags of it")])
        return image.model_copy(update=named)


class FileCreate(Input):
    """The JSON body of a legacy upload."""

    example: ClassVar[dict[str, Any]] = {
        "filename": "hello.txt",
        "content": "SGVsbG8=",
        "contentType": "text/plain",
    }

    filename: Filename
    content: Base64
    content_type: str | None = None


class ItemCreate(Input):
    """The JSON body of an item."""

    example: ClassVar[dict[str, Any]] = {"name": "Album", "attributes": {"year": 2026}}

    name: ItemName
    description: Description | None = None
    attributes: Attributes = Field(default_factory=dict)

    def apply_to(self, item: Item) -> Item:
        return item.model_copy(update=dict(self))


class UserQuery(Input):
    """May name the user whose things it asks for."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=forbid_null)

    user_id: UserId | None = Field(None, description="`me` stands for the caller.")


class CursorQuery(UserQuery):
    """Names a page."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    cursor: Annotated[str, StringConstraints(max_length=MAX_CURSOR_CHARS)] | None = Field(
        None, description="The `nextCursor` of the page before."
    )


class TagQuery(CursorQuery):
    """Names a page of a user's tags."""

    prefix: Annotated[str, StringConstraints(max_length=MAX_TAG_CHARS)] = Field(
        "", description="What the tags begin with, whatever its case."
    )


class PageQuery(CursorQuery):
    """Names a page of a listing in the order of time."""

    order: Literal["asc", "desc"] = "desc"

    def make_span(self) -> Span:
        return Span(descending=self.order == "desc")


class ImageQuery(PageQuery):
    """Names the images of a listing, and a page of them."""

    tags: FilterTags = ()
    match: Literal["all", "any"] = "all"
    visibility: Visibility | None = None
    sha256: Sha256 | None = Field(None, description="Of the original, in hex. Among the caller's own images.")
    created_after: UtcDatetime | None = None
    created_before: UtcDatetime | None = None
    trashed: bool = Field(default=False, description="The trash, and nothing else.")

    def make_span(self) -> Span:
        return Span.between(self.created_after, self.created_before, descending=self.order == "desc")
