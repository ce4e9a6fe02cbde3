"""Fields of requests: what each may hold, and how it is cleaned."""

import json
import re
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from shared.details import Tag, require_few_tags, require_length
from shared.limits import (
    MAX_FIELDS,
    MAX_FILTER_TAGS,
    MAX_IDEMPOTENCY_KEY_CHARS,
    MAX_ITEM_NAME_CHARS,
)
from shared.tags import drop_repeated
from shared.texts import clean_text

IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY_PATTERN = f"[!-~]{{1,{MAX_IDEMPOTENCY_KEY_CHARS}}}"

_DATA_URI = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)


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


def _clean_name(name: str) -> str:
    cleaned = clean_text(name)
    if not cleaned:
        raise ValueError("has no visible character")
    return require_length(cleaned, MAX_ITEM_NAME_CHARS)


def _split_tags(value: object) -> object:
    """Take tags one by one, or several in one text with commas between."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        return texts
    return [part for text in texts for part in (_split(text) if isinstance(text, str) else [text])]


def _split(text: str) -> list[str]:
    return [part for part in text.split(",") if part.strip()]


def _read_integer(value: object) -> object:
    """Take 240.0 for 240: in JSON both are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


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


ItemName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_ITEM_NAME_CHARS),
    AfterValidator(_clean_name),
]
FilterTags = Annotated[
    tuple[Tag, ...],
    Field(max_length=MAX_FILTER_TAGS),
    AfterValidator(drop_repeated),
    BeforeValidator(require_few_tags),
    BeforeValidator(
        _split_tags, json_schema_input_type=Annotated[list[Tag], Field(max_length=MAX_FILTER_TAGS)]
    ),
]
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
