"""What requests and answers look like."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from unicodedata import category

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from app.filenames import MAX_FILENAME_CHARS, clean_filename, make_default_filename
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS
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

MAX_DESCRIPTION_CHARS = 2000
MAX_TAGS = 20
MAX_TAG_CHARS = 50
MAX_FILTER_TAGS = 10
MAX_USER_ID_CHARS = 128
MAX_ITEM_NAME_CHARS = 200
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20
MAX_CURSOR_CHARS = 200
MAX_FIELDS = 50
MAX_INLINE_BYTES = 4_400_000  # as base64 it fits, with what surrounds it, into the 6 MB of a Lambda event
MAX_JSON_BYTES = 100_000


def _check_tag(tag: str) -> str:
    if "," in tag or any(category(char) in {"Cc", "Cs"} for char in tag):
        raise ValueError("holds a comma or a control character")
    return tag


def _check_count(value: object) -> object:
    """Refuse a long list at once: pydantic would first look at each element, and note each that is wrong."""
    if isinstance(value, list | tuple) and len(value) > MAX_TAGS:
        raise ValueError(f"has more than {MAX_TAGS} elements")
    return value


def _split_tags(value: object) -> object:
    """Accept what fits in a query or a form: tags one by one, or several with commas between."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        return texts
    return [part for text in texts for part in (_split(text) if isinstance(text, str) else [text])]


def _split(text: str) -> list[str]:
    return [part for part in (part.strip() for part in text.split(",")) if part]


def _drop_repeated(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def _check_date(text: str) -> str:
    """Pydantic would take a bare number for a time, too."""
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]", text):
        raise ValueError("is not an RFC 3339 time")
    return text


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def _check_finite(attributes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        json.dumps(attributes, allow_nan=False)
    except ValueError as error:
        raise ValueError("holds a number beyond the range of a double") from error
    return attributes


def _clean(name: str) -> str:
    cleaned = clean_filename(name)
    if not cleaned:
        raise ValueError("has no character that a file name can hold")
    return cleaned


UserId = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_USER_ID_CHARS, pattern=r"^[\x21-\x7e]+$")
]
Filename = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_FILENAME_CHARS), AfterValidator(_clean)
]
Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_CHARS)]
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TAG_CHARS),
    AfterValidator(_check_tag),
]
Tags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_TAGS),
    BeforeValidator(_check_count, json_schema_input_type=list[Tag]),
    AfterValidator(_drop_repeated),
]
FilterTags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_FILTER_TAGS),
    AfterValidator(_drop_repeated),
    BeforeValidator(_check_count),
    BeforeValidator(_split_tags, json_schema_input_type=list[str]),
]
UtcDatetime = Annotated[AwareDatetime, BeforeValidator(_check_date), AfterValidator(_to_utc)]
Base64 = Annotated[
    str,
    Field(description="Base64, or a `data:` URI of it.", json_schema_extra={"contentEncoding": "base64"}),
]


class Input(BaseModel):
    """Base of what clients send: an unknown field is refused, never dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True
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


class ImageContent(Input):
    """An image in a JSON body."""

    filename: Filename | None = None
    content: Base64
    content_type: str | None = Field(None, description="Not believed: the bytes decide.")


class ImageCreate(Input):
    """The JSON body of an upload."""

    image: ImageContent
    metadata: ImageMetadata = ImageMetadata()


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
    attributes: Annotated[dict[str, JsonValue], AfterValidator(_check_finite)] = {}


class PageQuery(Input):
    """Which page of a listing."""

    order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    cursor: Annotated[str, StringConstraints(max_length=MAX_CURSOR_CHARS)] | None = Field(
        None, description="The `nextCursor` of the page before."
    )
    user_id: UserId | None = None


class ImageQuery(PageQuery):
    """Which images, and which page of them."""

    tags: FilterTags = ()
    match: Literal["all", "any"] = "all"
    visibility: Visibility | None = None
    created_after: UtcDatetime | None = None
    created_before: UtcDatetime | None = None


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
    width: int
    height: int
    sha256: str
    description: str | None
    visibility: Visibility
    tags: tuple[str, ...]
    status: Status
    status_reason: str | None
    renditions: dict[RenditionName, RenditionPublic]
    placeholder: Placeholder | None
    exif: Exif | None
    animated: bool
    url: str | None = Field(description="The original; for its owner alone.")
    created_at: Timestamp
    updated_at: Timestamp
    version: int

    @classmethod
    def of(cls, image: Image, *, base_url: str, is_owner: bool) -> Self:
        url = f"{base_url}/images/{image.id}/content"
        exif = image.exif if is_owner or not image.exif else image.exif.model_copy(update={"location": None})
        return cls(
            **image.model_dump(exclude={"shard", "renditions", "exif"}),
            renditions={
                name: RenditionPublic(**rendition.model_dump(), url=f"{url}/{name}")
                for name, rendition in image.renditions.items()
            },
            exif=exif,
            url=url if is_owner else None,
        )


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
        return cls.model_construct(**dict(item))


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
    max_pixels: int = MAX_IMAGE_PIXELS
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
