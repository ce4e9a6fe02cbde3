"""Counters: the row that tells what a user has, and what stands beside the numbers in it."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from pydantic import Field, model_validator

from shared.bases import Model
from shared.images import make_user_partition
from shared.models import Replacement, Stored
from shared.quotas import PENDING_FIELDS, Usage
from shared.rows import Key

USAGE_KIND = "USAGE"
MARKER_KIND = "GIVEN BACK"
MARKER_LIFETIME = timedelta(days=30)
"""Longer than a change of the table can come again: a day from the stream, and 14 from the failure queue."""
FORM_PREFIX = "form_"


class Form(Model):
    """A direct upload that has begun. It counts as pending until it ends."""

    bytes: int
    ends_at: int
    """In seconds since 1970."""

    @property
    def usage(self) -> Usage:
        return Usage(pending_uploads=1, pending_bytes=self.bytes)


class Counter(Stored, Usage):
    """The row of a user's counter."""

    version: int = 1
    """The number of writes so far."""
    reserved_at: int = 0
    """When room was reserved last, in seconds since 1970."""
    corrected_at: int = 0
    """The consistency check has counted what was there at this time, in seconds since 1970."""
    full_at: int = 0
    """When the bucket of the user's rate is full again, in milliseconds since 1970."""
    erased_at: int | None = None
    """When the erasure of the user began, in seconds since 1970. None: it did not."""
    expires_at: int | None = None
    """When the row ends, in seconds since 1970. None, unless the erasure is finished."""
    forms: dict[str, Form] = Field(default={}, exclude=True)
    """The pending uploads, by the names of their attributes. Each has an attribute of its own in the row."""

    @model_validator(mode="before")
    @classmethod
    def gather_forms(cls, row: dict[str, Any]) -> dict[str, Any]:
        forms = {name: form for name, form in row.items() if name.startswith(FORM_PREFIX)}
        return {name: value for name, value in row.items() if name not in forms} | {"forms": forms}

    def list_ended_forms(self, now: float) -> dict[str, Form]:
        return {name: form for name, form in self.forms.items() if form.ends_at <= now}

    def as_of(self, now: float) -> Self:
        """The counter without the uploads that have ended. The row keeps them until their room is needed."""
        ended = sum((form.usage for form in self.list_ended_forms(now).values()), Usage())
        return self.model_copy(
            update={name: getattr(self, name) - getattr(ended, name) for name in PENDING_FIELDS}
        )


@dataclass(frozen=True)
class Ending:
    """The end of a record that counted: its usage, and the time in seconds since 1970."""

    counted: Usage
    ended_at: float


class Marker(Stored):
    """Says that what a record has counted is given back, or that it is being given back."""

    token: str
    """The call that wrote it."""
    expires_at: int


def make_usage_key(user_id: str) -> Key:
    return make_user_partition(user_id), USAGE_KIND


def make_marker_key(record: Key, version: int | None = None) -> Key:
    """The marker of a record that counts no more, or of the version that began to count less."""
    return record[0], MARKER_KIND if version is None else f"{MARKER_KIND} {version}"


def name_upload(image_id: str, replacement: Replacement | None = None) -> str:
    """The name of a direct upload: of an image, or of a replacement of its bytes."""
    return f"{image_id} {replacement.id}" if replacement else image_id


def name_form(upload: str) -> str:
    """The attribute of a pending upload."""
    return FORM_PREFIX + upload.replace("-", "").replace(" ", "_")


def parse_form(name: str) -> str:
    """Return the id of the image whose upload is pending."""
    return str(uuid.UUID(name.removeprefix(FORM_PREFIX).partition("_")[0]))
