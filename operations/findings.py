"""Findings of the consistency check: the flaws, and a repair for each finding."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import batched

from pydantic import ValidationError

from shared.models import Image
from shared.rows import Key, Row
from shared.table import MAX_KEYS_PER_READ, Table


class Flaw(StrEnum):
    """The kinds of flaws in the tables and the bucket."""

    LOST_ORIGINAL = "image without its original"
    LOST_RENDITION = "image without all its renditions"
    STUCK = "image whose upload was not processed"
    KEPT_BYTES = "rejected image that keeps its bytes"
    LOST_FILE = "file without its bytes"
    ORPHAN = "object without a record"
    MISSING_ENTRY = "record that a listing lacks"
    WRONG_ENTRY = "listing entry with a wrong end"
    STRAY_ENTRY = "listing entry without its record"
    WRONG_USAGE = "user whose counter is wrong"
    WRONG_TAGS = "image whose tags are not counted as they are"
    WRONG_TAG_COUNT = "tag whose counter is wrong"
    OLD_FORMAT = "record of an earlier version"
    UNREADABLE = "row that cannot be read"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `repair` corrects it if it has not changed since. None: nothing can."""

    flaw: Flaw
    name: str
    repair: Callable[[], object] | None = field(default=None, compare=False, repr=False)


def read_image(row: Row) -> Image | None:
    """Return None for a row that cannot be read. `check_listings` reports it."""
    try:
        return Image.model_validate(row)
    except ValidationError:
        return None


def get_all(table: Table, keys: Iterable[Key]) -> dict[Key, Row]:
    """Read any number of rows."""
    rows: dict[Key, Row] = {}
    for batch in batched(keys, MAX_KEYS_PER_READ, strict=False):
        rows |= table.get_many(batch)
    return rows
