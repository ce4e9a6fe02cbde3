"""Tables on demand: their partitions, and what each of them takes in a second."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from tests.support.capacity.limits import PARTITION_READ_UNITS, PARTITION_WRITE_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

type Amount = tuple[str, float, float]
"""A partition key, and the units that are read and written there."""


class ThrottledRequest(Exception):
    """A table took a request no more, however often it was tried again."""


class Bucket:
    """Lets through an amount in each second, and has some in store."""

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, burst: float | None = None) -> None:
        """Without a burst, the store holds what comes in during a second."""
        self.rate = rate
        self.burst = rate if burst is None else burst
        self._level = self.burst
        self._at = 0.0

    def compute_wait(self, now: float, amount: float) -> float:
        """Return the seconds until so much is there."""
        return max(0.0, (amount - self._get_level(now)) / self.rate)

    def take(self, now: float, amount: float) -> None:
        """Take an amount, even if some of it is not there yet."""
        self._level = self._get_level(now) - amount
        self._at = now

    def _get_level(self, now: float) -> float:
        return min(self.burst, self._level + (now - self._at) * self.rate)


class Table:
    """A table with partitions of the same size. The hash of a key chooses one of them.

    A key is never in two partitions. DynamoDB also lends what was not used in the last minutes, and moves
    busy keys into partitions of their own. This table does neither. But requests wait in a perfect queue:
    none comes too early, and nothing of a partition is lost to those that are refused.
    """

    def __init__(
        self,
        partitions: int,
        write_units: float = PARTITION_WRITE_UNITS,
        read_units: float = PARTITION_READ_UNITS,
    ) -> None:
        """Each partition takes so many units in a second."""
        self.partitions = partitions
        self.written: Counter[int] = Counter()
        """Units of each partition."""
        self._writes = [Bucket(write_units) for _ in range(partitions)]
        self._reads = [Bucket(read_units) for _ in range(partitions)]

    def locate(self, key: str) -> int:
        return hash_key(key) % self.partitions

    def take(self, now: float, amounts: Sequence[Amount], patience_seconds: float) -> float:
        """Return the seconds until all partitions have taken what a request reads and writes.

        Raises ThrottledRequest if that is longer than its client waits. Then it takes nothing.
        """
        needs: Counter[tuple[bool, int]] = Counter()
        for key, reads, writes in amounts:
            place = self.locate(key)
            needs[False, place] += reads  # type: ignore[assignment] # units may be fractions
            needs[True, place] += writes  # type: ignore[assignment] # same
        buckets = [
            ((self._writes if is_write else self._reads)[place], units)
            for (is_write, place), units in needs.items()
            if units
        ]
        wait = max((bucket.compute_wait(now, units) for bucket, units in buckets), default=0.0)
        if wait > patience_seconds:
            raise ThrottledRequest
        for bucket, units in buckets:
            bucket.take(now, units)
        for (is_write, place), units in needs.items():
            if is_write:
                self.written[place] += units
        return wait


def hash_key(key: str) -> int:
    """Spread keys that are much alike, as a checksum does not."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest()[:8])
