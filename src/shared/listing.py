"""Sorted listings without scans: partitions of keys that are merged, intersected and cut into pages.

Every partition sorts by the same key, so a listing is a walk over sorted streams. The walk reads batches of
keys and never a record. It stops after a fixed number of reads, whatever the table holds.
"""

import heapq
import operator
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import Self

from shared.bases import format_timestamp
from shared.table import Table

ENTRIES_PER_READ = 30  # entries of users with UUIDs take up to 129 bytes, so these fit in 4 KB: one read unit
MAX_EXTRA_READS = 24
MAX_CONCURRENT_READS = 8
LOWEST_KEY = "!"
HIGHEST_KEY = "~"

type Intersection = Sequence[str]
"""Names of partitions. It stands for the keys that all of them hold."""


@dataclass(frozen=True)
class Span:
    """A range of sort keys and its order. Both bounds are inclusive."""

    low: str = LOWEST_KEY
    high: str = HIGHEST_KEY
    descending: bool = True

    @classmethod
    def between(cls, after: datetime | None, before: datetime | None, *, descending: bool) -> Self:
        """The keys of everything created later than `after` and earlier than `before`."""
        # "$" sorts after the "#" that follows the time in every key.
        low = f"{format_timestamp(after)}$" if after else LOWEST_KEY
        high = format_timestamp(before) if before else HIGHEST_KEY
        return cls(low, high, descending)

    def starting_at(self, key: str) -> Self:
        if self.descending:
            return replace(self, high=min(self.high, key))
        return replace(self, low=max(self.low, key))

    @property
    def is_empty(self) -> bool:
        return self.low > self.high


@dataclass(frozen=True)
class Page:
    """Sort keys in order, and the key at which the next page begins."""

    keys: Sequence[str]
    next_key: str | None


@dataclass
class Reads:
    """Counts the reads of one page."""

    made: int = 0

    @property
    def are_used_up(self) -> bool:
        return self.made >= MAX_EXTRA_READS


class ReadsUsedUp(Exception):
    """The page has made all the reads that it may make. `key` is the last one that was read."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Partition:
    """One sorted stream of keys. It reads in batches, and can skip ahead without reading the keys between."""

    def __init__(self, table: Table, name: str, span: Span, reads: Reads) -> None:
        self._table = table
        self._name = name
        self._span = span
        self._reads = reads
        self._batch: list[str] = []
        self._position = 0
        self._last_read: str | None = None
        self._has_more = True
        self._precedes = operator.gt if span.descending else operator.lt

    def peek(self) -> str | None:
        """Raises ReadsUsedUp among entries that have ended."""
        if self._position == len(self._batch) and self._has_more:
            self._read(self._span, after=self._last_read)
        return self._batch[self._position] if self._position < len(self._batch) else None

    def advance(self) -> str | None:
        self._position += 1
        return self.peek()

    def seek(self, key: str) -> str | None:
        """Move to `key`, or to the first one behind it. Raises ReadsUsedUp."""
        while self._position < len(self._batch) and self._precedes(self._batch[self._position], key):
            self._position += 1
        if self._position == len(self._batch) and self._has_more:
            if self._last_read and self._reads.are_used_up:
                raise ReadsUsedUp(key)
            self._read(self._span.starting_at(key))
        return self.peek()

    def _read(self, span: Span, after: str | None = None) -> None:
        """Read the next batch that holds a key. Entries that have ended are passed over."""
        now = time.time()
        self._batch, self._position = [], 0
        self._has_more = not span.is_empty
        while self._has_more and not self._batch:
            self._reads.made += 1
            entries, self._has_more = self._table.query_entries(
                self._name,
                span.low,
                span.high,
                descending=span.descending,
                limit=ENTRIES_PER_READ,
                after=after,
            )
            self._batch = [key for key, expires_at in entries if expires_at is None or expires_at > now]
            if entries:
                after = self._last_read = entries[-1][0]
            if self._has_more and not self._batch and self._reads.are_used_up and after:
                raise ReadsUsedUp(after)


@dataclass(frozen=True)
class Step:
    """A key on the way: found, or only reached when the reads of the page were used up."""

    key: str
    is_found: bool = True


def list_page(
    table: Table,
    intersections: Iterable[Intersection],
    span: Span,
    *,
    limit: int,
    sources: Iterable[Intersection] = (),
) -> Page:
    """Read one page of the keys that at least one of the intersections holds, each key once.

    `sources` are intersections that are read before the others, because keys move from them to the others.
    So a key that moves meanwhile is seen at least once.

    It may hold fewer keys than `limit` and not be the last page. `next_key` is None only on the last one.
    """
    reads = Reads()
    streams: list[Iterator[Step]] = []
    for group in (sources, intersections):
        streams += _start(
            [_intersect([Partition(table, name, span, reads) for name in names], span) for names in group]
        )
    keys: list[str] = []
    for step in heapq.merge(*streams, key=lambda step: step.key, reverse=span.descending):
        is_repeated = bool(keys) and keys[-1] == step.key
        if not step.is_found:
            return Page(keys[:-1] if is_repeated else keys, step.key)
        if is_repeated:
            continue
        if len(keys) == limit:
            return Page(keys, step.key)
        keys.append(step.key)
    return Page(keys, None)


def _intersect(partitions: Sequence[Partition], span: Span) -> Iterator[Step]:
    """Walk the keys that all partitions hold. Each skips to the furthest key that another one has seen."""
    first, *others = partitions
    furthest = span.high if span.descending else span.low
    try:
        key = first.peek()
        while key is not None:
            furthest = key
            for partition in others:
                sought = partition.seek(furthest)
                if sought is None:
                    return
                furthest = sought
            if furthest != key:
                key = first.seek(furthest)
                continue
            yield Step(key)
            key = first.advance()
    except ReadsUsedUp as end:
        yield Step((min if span.descending else max)(furthest, end.key), is_found=False)


def _start(streams: Sequence[Iterator[Step]]) -> list[Iterator[Step]]:
    """Make the first reads of all streams at once. Merging them one by one would wait for each in turn."""
    if len(streams) <= 1:
        return [chain(_take_one(stream), stream) for stream in streams]
    with ThreadPoolExecutor(MAX_CONCURRENT_READS) as executor:
        heads = executor.map(_take_one, streams)
        return [chain(head, stream) for head, stream in zip(heads, streams, strict=True)]


def _take_one(stream: Iterator[Step]) -> list[Step]:
    return [*islice(stream, 1)]
