"""Deletions of users whose bytes the bucket keeps for a while, so that an erasure finds these bytes.

A key of the bucket names no user, and the record that did is gone.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.files import FILE_KIND
from shared.images import IMAGE_KIND, make_user_partition
from shared.keys import list_image_prefixes, make_file_prefix
from shared.listing import HIGHEST_KEY, LOWEST_KEY
from shared.models import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.rows import Key
    from shared.table import Table

DELETIONS_PREFIX = "DELETED#"
DELAY = timedelta(days=3)
"""S3 counts days from the next midnight on, and may be late."""


class Deletion(Stored):
    """The row of something that was deleted."""

    expires_at: int
    """When S3 has deleted its versions, in seconds since 1970."""


class DeletionRepository:
    """The deletions, in the images table."""

    def __init__(self, table: Table, recovery_days: int, *, clock: Callable[[], float] = time.time) -> None:
        """`recovery_days`: how long the bucket keeps the versions."""
        self._table = table
        self._lifetime = timedelta(days=recovery_days) + DELAY
        self._clock = clock

    def add(self, user_id: str, record: Key) -> None:
        """Note that a record of a user is deleted, once more if it is noted already."""
        deletion = Deletion(expires_at=int(self._clock() + self._lifetime.total_seconds()))
        self._table.put((_make_partition(user_id), record[0]), deletion)

    def list_names(self, user_id: str, *, limit: int) -> list[str]:
        """Return the names of some things that a user has deleted, for `list_prefixes`."""
        entries, _ = self._table.query_entries(
            _make_partition(user_id), LOWEST_KEY, HIGHEST_KEY, descending=False, limit=limit
        )
        return [name for name, _ in entries]

    def delete(self, user_id: str, name: str) -> None:
        self._table.delete((_make_partition(user_id), name))


def list_prefixes(name: str) -> Sequence[str]:
    """Return the beginnings of the keys of all objects that something may have had."""
    kind, _, record_id = name.partition("#")
    return {IMAGE_KIND: list_image_prefixes(record_id), FILE_KIND: [make_file_prefix(record_id)]}[kind]


def _make_partition(user_id: str) -> str:
    return DELETIONS_PREFIX + make_user_partition(user_id)
