"""Reads the records of the images table's stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.erasures import ERASURE_KIND, Erasure
from shared.files import FILE_KIND
from shared.images import IMAGE_KIND
from shared.models import File, Image
from shared.rows import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    type StreamRecord = Mapping[str, Any]
    """A record of a DynamoDB stream, as Lambda gets it."""

MODELS: Mapping[str, type[Image | File]] = {IMAGE_KIND: Image, FILE_KIND: File}
"""The models of the records that are followed, by the sort keys of their rows."""


class ForeignChange(Exception):
    """The change is of another table, for example of one that was restored. Its record may live here."""


def read_versions(record: StreamRecord, table: str) -> tuple[Image | File | None, Image | File | None]:
    """Return the record before and after a change, None where there is none. Other rows have no versions.

    Raises ValidationError and ForeignChange.
    """
    change = record["dynamodb"]
    if (model := MODELS.get(change["Keys"]["sk"]["S"])) is None:
        return None, None
    _require_own(record, table)
    old, new = (
        model.model_validate(decode(change[name])) if name in change else None
        for name in ("OldImage", "NewImage")
    )
    return old, new


def read_erasure(record: StreamRecord, table: str) -> Erasure | None:
    """Return None for a record that is of no erasure.

    Raises ValidationError and ForeignChange.
    """
    change = record["dynamodb"]
    if change["Keys"]["sk"]["S"] != ERASURE_KIND or "NewImage" not in change:
        return None
    _require_own(record, table)
    return Erasure.model_validate(decode(change["NewImage"]))


def _require_own(record: StreamRecord, table: str) -> None:
    """Raises ForeignChange."""
    if f":table/{table}/" not in record["eventSourceARN"]:
        raise ForeignChange


def read_name(record: StreamRecord) -> Mapping[str, str]:
    """Return nothing for an erasure: its key names a user, and logs do not."""
    keys = record["dynamodb"]["Keys"]
    kind = keys["sk"]["S"]
    return name_record(keys["pk"]["S"].partition("#")[2], is_file=kind == FILE_KIND) if kind in MODELS else {}


def name_record(record_id: str, *, is_file: bool) -> Mapping[str, str]:
    """The id of a record, as logs name it."""
    return {"file_id" if is_file else "image_id": record_id}
