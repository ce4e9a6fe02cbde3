"""Fields of requests: what each may hold, and how it is cleaned."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, JsonValue, StringConstraints

from app.filenames import MAX_FILENAME_CHARS, clean_filename

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
MAX_DIRECT_BYTES = 50 * 1024 * 1024
MIN_UPLOAD_SECONDS = 120
MAX_UPLOAD_SECONDS = 6 * 3600
DEFAULT_UPLOAD_SECONDS = 1800
MIN_LINK_SECONDS = 1
MAX_LINK_SECONDS = 7 * 24 * 3600
DEFAULT_LINK_SECONDS = 3600
MAX_JSON_BYTES = 100_000
IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY_PATTERN = "[!-~]{1,255}"

_DATA_URI = re.compile(r"data:[^,]{0,200};base64,")

# What the checks below say, as far as the document of the API can say it.
_TAG_PATTERN = r"^[^,\x00-\x1f\x7f-\x9f]*[^\s,\x00-\x1f\x7f-\x9f][^,\x00-\x1f\x7f-\x9f]*$"
_FILENAME_PATTERN = r"[^\s./\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff][^/\\]*$"
_BASE64_PATTERN = (
    "^(data:[^,]{0,200};base64,)?([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"
)


def _clean_tag(tag: str) -> str:
    if "," in tag or any(category(char) in {"Cc", "Cs"} for char in tag):
        raise ValueError("holds a comma or a control character")
    cleaned = tag.strip()
    if not cleaned:
        raise ValueError("is blank")
    return cleaned


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
    return [part for part in text.split(",") if part.strip()]


def _drop_repeated(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def _check_date(value: object) -> object:
    """Pydantic would take a bare number for a time, too."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("is not an RFC 3339 time")
    return value


def _read_integer(value: object) -> object:
    """To JSON, 240.0 is an integer like 240."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


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


def _strip_data_uri(content: str) -> str:
    """The base64 of a `data:` URI (RFC 2397). Done here, so that no second copy of it waits to be decoded."""
    match = _DATA_URI.match(content)
    return content[match.end() :] if match else content


UserId = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_USER_ID_CHARS, pattern=r"^[\x21-\x7e]+$")
]
Filename = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_FILENAME_CHARS),
    AfterValidator(_clean),
    Field(json_schema_extra={"pattern": _FILENAME_PATTERN}),
]
Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_CHARS)]
Tag = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TAG_CHARS),
    AfterValidator(_clean_tag),
    Field(json_schema_extra={"pattern": _TAG_PATTERN}),
]
Tags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_TAGS),
    BeforeValidator(_check_count, json_schema_input_type=Annotated[list[Tag], Field(max_length=MAX_TAGS)]),
    AfterValidator(_drop_repeated),
]
FilterTags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_FILTER_TAGS),
    AfterValidator(_drop_repeated),
    BeforeValidator(_check_count),
    BeforeValidator(
        _split_tags, json_schema_input_type=Annotated[list[Tag], Field(max_length=MAX_FILTER_TAGS)]
    ),
]
UtcDatetime = Annotated[AwareDatetime, BeforeValidator(_check_date), AfterValidator(_to_utc)]
Base64 = Annotated[
    str,
    AfterValidator(_strip_data_uri),
    Field(
        description="Base64, or a `data:` URI of it.",
        json_schema_extra={"contentEncoding": "base64", "pattern": _BASE64_PATTERN},
    ),
]
JSON_INTEGER = BeforeValidator(_read_integer)
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-fA-F]{64}$", to_lower=True)]
Attributes = Annotated[dict[str, JsonValue], AfterValidator(_check_finite)]
