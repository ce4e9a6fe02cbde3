"""What can be wrong, and how each is repaired."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import batched

from shared.table import Key, Row, Table

MAX_KEYS_PER_READ = 100


class Flaw(StrEnum):
    """Ways in which table and bucket contradict each other or themselves."""

    LOST_ORIGINAL = "image without its original"
    LOST_RENDITION = "image without all its renditions"
    STUCK = "image whose upload was not processed"
    ORPHAN = "object without an image"
    MISSING_ENTRY = "record that a listing lacks"
    STRAY_ENTRY = "listing entry without its record"
    WRONG_USAGE = "user whose counter is wrong"
    UNREADABLE = "row that cannot be read"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, by its name, and what makes it right if it still is so, if anything does."""

    flaw: Flaw
    name: str
    repair: Callable[[], object] | None = field(default=None, compare=False, repr=False)


def get_all(table: Table, keys: Iterable[Key]) -> dict[Key, Row]:
    """Read any number of rows."""
    rows: dict[Key, Row] = {}
    for batch in batched(keys, MAX_KEYS_PER_READ, strict=False):
        rows |= table.get_many(batch)
    return rows
