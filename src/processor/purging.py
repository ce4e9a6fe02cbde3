"""Deletes for good what an erased user had, where the bucket keeps versions of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.deletions import list_prefixes

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from shared.deletions import DeletionRepository
    from shared.rows import Key
    from shared.versions import VersionStorage

SETTLING = timedelta(seconds=150)
"""Longer than the processor runs: one that had begun before the record was deleted may still write bytes."""
BATCH_SIZE = 100


class Purger:
    """Works on what the bucket keeps of erased users. To purge something twice is harmless."""

    def __init__(
        self,
        deletions: DeletionRepository,
        versions: VersionStorage,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._deletions = deletions
        self._versions = versions
        self._clock = clock

    def note(self, user_id: str, record: Key) -> None:
        """Note a record that is going to be deleted."""
        self._deletions.add(user_id, record)

    def purge(self, user_id: str, executor: Executor, end: datetime) -> bool:
        """Delete every version of what a user has deleted, until a time. False if something is left.

        Raises DeletionFailed and Unavailable.
        """
        while names := self._deletions.list_names(user_id, limit=BATCH_SIZE):
            if self._clock() >= end:
                return False
            for _ in executor.map(lambda name: self._purge_one(user_id, name), names):
                pass
        return True

    def _purge_one(self, user_id: str, name: str) -> None:
        self._versions.purge(list_prefixes(name))
        self._deletions.delete(user_id, name)
