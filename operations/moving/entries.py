"""Entries: one line of a manifest for each image, as an import reads it and an export writes it."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from shared.bases import Model, Timestamp
from shared.details import Description, Tags, UserId, UtcDatetime
from shared.lifecycle import Status
from shared.models import Exif, Placeholder, Visibility

MAX_LOCATION_CHARS = 4000

_HOURS_ALONE = re.compile(r"(\d\d:\d\d(?:\.\d+)?[+-]\d\d)$")


class ExportedImage(Model):
    """A line of an export: the fields that the API shows to the owner, and the path of the original."""

    path: str
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
    revision: int
    placeholder: Placeholder | None
    exif: Exif | None
    animated: bool
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def _split_tags(value: object) -> object:
    """Take the tags of a cell: a JSON array, or texts with commas between."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError("is not a JSON array") from error
    return [part for part in value.split(",") if part.strip()]


def _complete_offset(value: object) -> object:
    """PostgreSQL writes an offset of whole hours without minutes."""
    return _HOURS_ALONE.sub(r"\1:00", value) if isinstance(value, str) else value


def _require_past(at: datetime) -> datetime:
    if at > datetime.now(UTC):
        raise ValueError("lies in the future")
    return at


type Location = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LOCATION_CHARS)]


class Entry(BaseModel):
    """An image to import. A field that nobody knows is refused: it is nearly always a typing error."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    path: Location | None = None
    """Where the bytes are below the source."""
    url: Location | None = None
    """Where the bytes are if no source is given."""
    user_id: UserId | None = None
    filename: str | None = None
    description: Description | None = None
    visibility: Visibility | None = None
    tags: Annotated[Tags, BeforeValidator(_split_tags)] = ()
    created_at: (
        Annotated[UtcDatetime, BeforeValidator(_complete_offset), AfterValidator(_require_past)] | None
    ) = None
    id: str | None = None
    """The image's id in an export."""
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the bytes, in hex. Other bytes are refused."""

    @model_validator(mode="before")
    @classmethod
    def read_names(cls, data: object) -> object:
        """Take `owner` and `key` for `userId` and `path`, and leave out what only an export needs."""
        if not isinstance(data, dict):
            return data
        named = {OTHER_NAMES.get(name, name): value for name, value in data.items()}
        if len(named) < len(data):
            raise ValueError("names one field twice")
        return {name: value for name, value in named.items() if name not in INFORMATION}

    @model_validator(mode="after")
    def require_location(self) -> Self:
        if self.path is None and self.url is None:
            raise ValueError("needs a path or a url")
        return self

    @property
    def location(self) -> str:
        """The name of the entry in its source."""
        return self.path or self.url or ""


OTHER_NAMES = {"owner": "userId", "key": "path"}
FIELDS = {to_camel(name) for name in Entry.model_fields}
INFORMATION = {to_camel(name) for name in ExportedImage.model_fields} - FIELDS
"""Fields of an export that the bytes and the service decide anew."""
COLUMNS = FIELDS | INFORMATION | OTHER_NAMES.keys()
"""The columns that a CSV may have."""


@dataclass(frozen=True)
class InvalidEntry:
    """A line of a manifest that cannot be read."""

    place: str
    reason: str


@dataclass(frozen=True)
class Defaults:
    """The fields of entries that do not say it themselves."""

    user_id: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    tags: tuple[str, ...] = ()

    def apply_to(self, entry: Entry) -> Entry | InvalidEntry:
        """Complete an entry, and add the tags that all get."""
        fields: dict[str, Any] = {
            "user_id": entry.user_id or self.user_id,
            "visibility": entry.visibility or self.visibility,
            "tags": [*entry.tags, *self.tags],
        }
        if fields["user_id"] is None:
            return InvalidEntry(entry.location, "has no owner; name one in the manifest, or one for all")
        completed = entry.model_dump(exclude={*fields}, mode="json") | fields
        return read_entry(entry.location, completed)


def read_entry(place: str, fields: Mapping[str, Any]) -> Entry | InvalidEntry:
    try:
        return Entry.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        return InvalidEntry(place, f"{name}: {message}" if name else message)


def name_entry(entry: Entry) -> str:
    """Return the hash that stands for an entry in a journal: the same image for another owner is another."""
    return hashlib.sha256(f"{entry.user_id}\0{entry.location}".encode()).hexdigest()


def make_image_id(import_name: str, entry_name: str, attempt: int) -> str:
    """Make the id of an image: always the same for a try of an entry. It has the form of a random one."""
    digest = hashlib.sha256(f"{import_name}\0{entry_name}\0{attempt}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
