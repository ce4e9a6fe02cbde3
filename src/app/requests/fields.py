"""Fields of requests: what each may hold, and how it is cleaned."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
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

from app.limits import (
    MAX_DESCRIPTION_CHARS,
    MAX_FIELDS,
    MAX_FILENAME_CHARS,
    MAX_FILTER_TAGS,
    MAX_IDEMPOTENCY_KEY_CHARS,
    MAX_ITEM_NAME_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
)
from app.texts import CONTROLS, clean_text
from shared.tags import drop_repeated

IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY_PATTERN = f"[!-~]{{1,{MAX_IDEMPOTENCY_KEY_CHARS}}}"
MAX_EXTENSION_CHARS = 16

_DATA_URI = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME_WITH_LOST_PLUS = re.compile(r"\d{4}-\d\d-\d\d[Tt ][\d:.]{4,15} \d\d:?\d\d", re.ASCII)

_UNSAFE_IN_FILENAME = re.compile(rf"[{CONTROLS}\ud800-\udfff]")

# The rules of the functions below, as far as generators of clients can read them.
_TAG_PATTERN = rf"^[^,{CONTROLS}]*[^\s,{CONTROLS}][^,{CONTROLS}]*$"
_FILENAME_PATTERN = rf"[^\s./\\{CONTROLS}][^/\\]*$"


class Input(BaseModel):
    """Base of everything that clients send. An unknown field is refused, never dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,
    )

    example: ClassVar[dict[str, Any]] = {}
    """A body that works, for the readers of the OpenAPI document."""

    @model_validator(mode="before")
    @classmethod
    def require_few_fields(cls, data: object) -> object:
        """Refuse a mass of fields at once: pydantic would name each unknown one."""
        if isinstance(data, dict) and len(data) > MAX_FIELDS:
            raise ValueError(f"has more than {MAX_FIELDS} fields")
        return data


def forbid_null(schema: dict[str, Any]) -> None:
    """Say in a JSON schema that a field is left out, and never null, as forms and queries have it."""
    for name, field in schema["properties"].items():
        if options := [option for option in field.get("anyOf", []) if option != {"type": "null"}]:
            rest = {key: part for key, part in field.items() if key not in {"anyOf", "default"}}
            schema["properties"][name] = options[0] | rest


def clean_filename(name: str) -> str:
    """Return the last component of a path, without characters that could deceive a reader or a terminal.

    A name that is too long loses the end of its stem and keeps its extension. The result may be empty.
    """
    base = clean_text(_UNSAFE_IN_FILENAME.sub("", name)).replace("\\", "/").rpartition("/")[2].strip()
    return "" if base in {".", ".."} else _shorten(base)


def make_default_filename(content_type: str) -> str:
    return f"image.{content_type.removeprefix('image/')}"


def _shorten(base: str) -> str:
    if len(base) <= MAX_FILENAME_CHARS:
        return base
    stem, dot, extension = base.rpartition(".")
    suffix = dot + extension if stem and len(extension) <= MAX_EXTENSION_CHARS else ""
    return clean_text(base[: MAX_FILENAME_CHARS - len(suffix)]).rstrip() + suffix


def _require_filename(name: str) -> str:
    cleaned = clean_filename(name)
    if not cleaned:
        raise ValueError("has no character that a file name can hold")
    return cleaned


def _clean_tag(tag: str) -> str:
    if "," in tag or any(category(char) in {"Cc", "Cs"} for char in tag):
        raise ValueError("holds a comma or a control character")
    cleaned = clean_text(tag).strip()
    if not cleaned:
        raise ValueError("is blank")
    return _require_length(cleaned, MAX_TAG_CHARS)


def _clean_name(name: str) -> str:
    cleaned = clean_text(name)
    if not cleaned:
        raise ValueError("has no visible character")
    return _require_length(cleaned, MAX_ITEM_NAME_CHARS)


def _require_length(cleaned: str, chars: int) -> str:
    """Refuse the few texts that NFC makes longer than they came."""
    if len(cleaned) > chars:
        raise ValueError(f"has more than {chars} characters in NFC")
    return cleaned


def _require_few_tags(value: object) -> object:
    """Refuse a long list at once: pydantic would first look at each element, and name each wrong one."""
    if isinstance(value, list | tuple) and len(value) > MAX_TAGS:
        raise ValueError(f"has more than {MAX_TAGS} elements")
    return value


def _split_tags(value: object) -> object:
    """Take tags one by one, or several in one text with commas between."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        return texts
    return [part for text in texts for part in (_split(text) if isinstance(text, str) else [text])]


def _split(text: str) -> list[str]:
    return [part for part in text.split(",") if part.strip()]


def _read_date(value: object) -> object:
    """Take a date for its midnight in UTC. Refuse a bare number, which pydantic would take for a time."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("is not an RFC 3339 time or date")
    if _TIME_WITH_LOST_PLUS.fullmatch(value):
        raise ValueError("has a space where its offset begins; in a query, write + as %2B")
    return f"{value}T00:00:00Z" if _DATE.fullmatch(value) else value


def _read_integer(value: object) -> object:
    """Take 240.0 for 240: in JSON both are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def _require_finite(attributes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        json.dumps(attributes, allow_nan=False)
    except ValueError as error:
        raise ValueError("holds a number beyond the range of a double") from error
    return attributes


def _strip_data_uri(content: str) -> str:
    """Return the base64 of a `data:` URI (RFC 2397). Done here, so that memory holds it only once."""
    match = _DATA_URI.match(content)
    return content[match.end() :] if match else content


Filename = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_FILENAME_CHARS),
    AfterValidator(_require_filename),
    Field(json_schema_extra={"pattern": _FILENAME_PATTERN}),
]
Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_CHARS)]
ItemName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_ITEM_NAME_CHARS),
    AfterValidator(_clean_name),
]
Tag = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TAG_CHARS),
    AfterValidator(_clean_tag),
    Field(json_schema_extra={"pattern": _TAG_PATTERN}),
]
Tags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_TAGS),
    BeforeValidator(
        _require_few_tags, json_schema_input_type=Annotated[list[Tag], Field(max_length=MAX_TAGS)]
    ),
    AfterValidator(drop_repeated),
]
FilterTags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_FILTER_TAGS),
    AfterValidator(drop_repeated),
    BeforeValidator(_require_few_tags),
    BeforeValidator(
        _split_tags, json_schema_input_type=Annotated[list[Tag], Field(max_length=MAX_FILTER_TAGS)]
    ),
]
UtcDatetime = Annotated[AwareDatetime, BeforeValidator(_read_date), AfterValidator(_to_utc)]
Base64 = Annotated[
    str,
    AfterValidator(_strip_data_uri),
    Field(
        description="Base64, or a `data:` URI of it.",
        json_schema_extra={"contentEncoding": "base64"},
    ),
]
JSON_INTEGER = BeforeValidator(_read_integer)
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-fA-F]{64}$", to_lower=True)]
Attributes = Annotated[dict[str, JsonValue], AfterValidator(_require_finite)]
