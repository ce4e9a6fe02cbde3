"""Erasures: everything of a user is deleted, and nothing new of the user is taken.

The row of an erasure says how far it is. Each write of it is a change that the function behind the table's
stream follows, with the next part of the work. Two tombstones stay for a while after the end: in the user's
counter, which refuses new things, and in the bucket, which outlives a restore of the tables.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from shared.bases import Model, Timestamp
from shared.images import make_user_partition
from shared.models import Stored
from shared.transactions import ConditionFailed, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.rows import Key
    from shared.table import Table
    from shared.tombstones import TombstoneStorage
    from shared.usages import UsageRepository

ERASURE_KIND = "ERASURE"
TOMBSTONE_LIFETIME = timedelta(days=36)
"""A day longer than DynamoDB can restore a table to an earlier moment."""


class Deleted(Model):
    """The number of things that an erasure has deleted so far."""

    images: int = 0
    files: int = 0
    items: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        return Deleted(**{name: value + getattr(other, name) for name, value in self.amounts.items()})

    @property
    def amounts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in Deleted.model_fields}

    @property
    def is_zero(self) -> bool:
        return not any(self.amounts.values())


class Erasure(Stored, Deleted):
    """The row of an erasure."""

    user_id: str
    version: int = 1
    started_at: Timestamp
    changed_at: Timestamp
    """When it began, or deleted something last."""
    finished_at: Timestamp | None = None
    expires_at: int | None = None
    """When the row ends, in seconds since 1970. None: the erasure is not finished."""

    def after(self, deleted: Deleted, now: datetime) -> Self:
        """The erasure after a part of its work."""
        changed_at = self.changed_at if deleted.is_zero else now
        return self.model_copy(
            update={**(self + deleted).amounts, "changed_at": changed_at, "version": self.version + 1}
        )

    def finish(self, now: datetime) -> Self:
        expires_at = int((now + TOMBSTONE_LIFETIME).timestamp())
        return self.model_copy(
            update={"finished_at": now, "expires_at": expires_at, "version": self.version + 1}
        )

    def restart(self, now: datetime) -> Self:
        """The erasure as if it had begun now."""
        return self.model_copy(
            update={"changed_at": now, "finished_at": None, "expires_at": None, "version": self.version + 1}
        )


class ErasureRepository:
    """The erasures, in the images table."""

    def __init__(self, table: Table, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.table = table
        self._clock = clock

    def get(self, user_id: str) -> Erasure | None:
        row = self.table.get(make_erasure_key(user_id))
        erasure = Erasure.model_validate(row) if row else None
        has_ended = erasure and erasure.expires_at and erasure.expires_at < self._clock().timestamp()
        return None if has_ended else erasure

    def add(self, user_id: str) -> Erasure:
        """Begin an erasure. Return the one that another request has just begun, if there is one."""
        now = self._clock()
        erasure = Erasure(user_id=user_id, started_at=now, changed_at=now)
        transaction = Transaction().claim(
            make_erasure_key(user_id), erasure, now=now, failure=ConditionFailed
        )
        try:
            self.table.transact(transaction)
        except ConditionFailed:
            return self.get(user_id) or erasure
        return erasure

    def replace(self, erasure: Erasure) -> None:
        """Write the next version of an erasure, unless another run or an operator has written one."""
        transaction = Transaction().replace(
            make_erasure_key(erasure.user_id), erasure, version=erasure.version - 1
        )
        with suppress(ConditionFailed):
            self.table.transact(transaction)


def begin_erasure(
    erasures: ErasureRepository, usages: UsageRepository, tombstones: TombstoneStorage, user_id: str
) -> Erasure:
    """Begin the erasure of a user, or return the one that has begun. From now on the user is refused.

    The row comes before the refusal: if this is interrupted in between, the job refuses the user first.
    """
    erasure = erasures.get(user_id)
    if erasure is None:
        tombstones.add(user_id)
        erasure = erasures.add(user_id)
    usages.close(user_id)
    return erasure


def make_erasure_key(user_id: str) -> Key:
    return make_user_partition(user_id), ERASURE_KIND
