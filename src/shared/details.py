"""Details of images that people write, and ids of users: what each may hold, and how it is cleaned."""

import re
from datetime import UTC, datetime
from typing import Annotated
from unicodedata import category, normalize

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from shared.limits import (
    MAX_DESCRIPTION_CHARS,
    MAX_FILENAME_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_USER_ID_BYTES,
    MAX_USER_ID_CHARS,
)
from shared.tags import drop_repeated
from shared.texts import CONTROLS, clean_text

MAX_EXTENSION_CHARS = 16

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME_WITH_LOST_PLUS = re.compile(r"\d{4}-\d\d-\d\d[Tt ][\d:.]{4,15} \d\d:?\d\d", re.ASCII)
_UNSAFE_IN_FILENAME = re.compile(rf"[{CONTROLS}\ud800-\udfff]")
_UNSAFE_IN_USER_ID = re.compile(rf"[^\S \u3000]|[{CONTROLS}\ud800-\udfff]")

# The rules of the functions below, as far as generators of clients can read them.
_TAG_PATTERN = rf"^[^,{CONTROLS}]*[^\s,{CONTROLS}][^,{CONTROLS}]*$"
_FILENAME_PATTERN = rf"[^\s./\\{CONTROLS}][^/\\]*$"
_USER_ID_PATTERN = rf"^[^\s{CONTROLS}]([^{CONTROLS}]*[^\s{CONTROLS}])?$"


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
    return require_length(cleaned, MAX_TAG_CHARS)


def require_length(cleaned: str, chars: int) -> str:
    """Refuse the few texts that NFC makes longer than they came."""
    if len(cleaned) > chars:
        raise ValueError(f"has more than {chars} characters in NFC")
    return cleaned


def require_few_tags(value: object) -> object:
    """Refuse a long list at once: pydantic would first look at each element, and name each wrong one."""
    if isinstance(value, list | tuple) and len(value) > MAX_TAGS:
        raise ValueError(f"has more than {MAX_TAGS} elements")
    return value


def _clean_user_id(user_id: str) -> str:
    """Return the id in NFC. Two ids that look the same are the same: what nobody sees is refused."""
    cleaned = normalize("NFC", user_id)
    if cleaned != clean_text(cleaned) or _UNSAFE_IN_USER_ID.search(cleaned):
        raise ValueError("holds a character that nobody sees")
    if cleaned != cleaned.strip():
        raise ValueError("begins or ends with a space")
    if len(cleaned) > MAX_USER_ID_CHARS or len(cleaned.encode()) > MAX_USER_ID_BYTES:
        raise ValueError(f"has more than {MAX_USER_ID_CHARS} characters or {MAX_USER_ID_BYTES} bytes")
    return cleaned


def _read_date(value: object) -> object:
    """Take a date for its midnight in UTC. Refuse a bare number, which pydantic would take for a time."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("is not an RFC 3339 time or date")
    if _TIME_WITH_LOST_PLUS.fullmatch(value):
        raise ValueError("has a space where its offset begins; in a query, write + as %2B")
    return f"{value}T00:00:00Z" if _DATE.fullmatch(value) else value


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


Filename = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_FILENAME_CHARS),
    AfterValidator(_require_filename),
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
    BeforeValidator(
        require_few_tags, json_schema_input_type=Annotated[list[Tag], Field(max_length=MAX_TAGS)]
    ),
    AfterValidator(drop_repeated),
]
UserId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_USER_ID_CHARS),
    AfterValidator(_clean_user_id),
    Field(json_schema_extra={"pattern": _USER_ID_PATTERN}),
]
UtcDatetime = Annotated[AwareDatetime, BeforeValidator(_read_date), AfterValidator(_to_utc)]
