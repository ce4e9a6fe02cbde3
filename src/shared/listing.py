"""Sorted listings without scans: partitions of keys that are merged, intersected and cut into pages.

Every partition sorts by the same key, so a listing is a walk over sorted streams. It reads whole batches
of keys, never a record, and stops after a fixed number of reads whatever the table holds.
"""

import heapq
import hmac
import operator
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Self

from shared.errors import FieldError, InvalidFields
from shared.models import format_timestamp
from shared.table import Table

ENTRIES_PER_READ = 40  # what 4 KB hold: one read unit, or half of one where reads are eventually consistent
MAX_INTERSECTION_READS = 24
MAX_CONCURRENT_READS = 8
LOWEST_KEY = "!"
HIGHEST_KEY = "~"
CURSOR_SIGNATURE_BYTES = 16


def make_sort_key(created_at: datetime, identifier: str) -> str:
    return f"{format_timestamp(created_at)}#{identifier}"


def get_identifier(sort_key: str) -> str:
    return sort_key.partition("#")[2]


@dataclass(frozen=True)
class Span:
    """Which keys of a partition are wanted, in which order. The bounds are inclusive."""

    low: str = LOWEST_KEY
    high: str = HIGHEST_KEY
    descending: bool = True

    @classmethod
    def between(cls, after: datetime | None, before: datetime | None, *, descending: bool) -> Self:
        """Everything created later than `after` and earlier than `before`."""
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
class Scope:
    """The partitions of one family, of which an image is in all that its tags name.

    Every image has its place in one family of a listing only; two scopes never hold the same key.
    """

    partitions: Sequence[str]
    match_all: bool = True


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
    def exhausted(self) -> bool:
        return self.made >= MAX_INTERSECTION_READS


class ReadsExhausted(Exception):
    """The page has made all the reads that it may."""


class Partition:
    """One sorted stream of keys, read in batches and skipped ahead without reading what lies between."""

    def __init__(self, table: Table, name: str, span: Span, reads: Reads) -> None:
        self._table = table
        self._name = name
        self._span = span
        self._reads = reads
        self._batch: list[str] = []
        self._position = 0
        self._more = True
        self._precedes = operator.gt if span.descending else operator.lt

    def peek(self) -> str | None:
        if self._position == len(self._batch) and self._more:
            self._read(self._span, after=self._batch[-1] if self._batch else None)
        return self._batch[self._position] if self._position < len(self._batch) else None

    def advance(self) -> str | None:
        self._position += 1
        return self.peek()

    def seek(self, key: str) -> str | None:
        """Move to `key`, or to the next one there is. Raises ReadsExhausted."""
        while self._position < len(self._batch) and self._precedes(self._batch[self._position], key):
            self._position += 1
        if self._position == len(self._batch) and self._more:
            if self._batch and self._reads.exhausted:
                raise ReadsExhausted
            self._read(self._span.starting_at(key))
        return self.peek()

    def _read(self, span: Span, after: str | None = None) -> None:
        self._position = 0
        if span.is_empty:
            self._batch, self._more = [], False
            return
        self._reads.made += 1
        self._batch, self._more = self._table.query_keys(
            self._name,
            span.low,
            span.high,
            descending=span.descending,
            limit=ENTRIES_PER_READ,
            after=after,
        )


@dataclass(frozen=True)
class Step:
    """A key on the way: found, or only reached when the reads of the page were used up."""

    key: str
    found: bool = True


def list_page(table: Table, scopes: Iterable[Scope], span: Span, *, limit: int) -> Page:
    """Read one page. It may hold fewer keys than `limit` and yet not be the last: `next_key` decides."""
    reads = Reads()
    streams = [stream for scope in scopes for stream in _walk(table, scope, span, reads)]
    keys: list[str] = []
    for step in heapq.merge(*_start(streams), key=lambda step: step.key, reverse=span.descending):
        repeated = bool(keys) and keys[-1] == step.key
        if not step.found:
            return Page(keys[:-1] if repeated else keys, step.key)
        if repeated:
            continue
        if len(keys) == limit:
            return Page(keys, step.key)
        keys.append(step.key)
    return Page(keys, None)


def _walk(table: Table, scope: Scope, span: Span, reads: Reads) -> list[Iterator[Step]]:
    partitions = [Partition(table, name, span, reads) for name in scope.partitions]
    if scope.match_all:
        return [_intersect(partitions)]
    return [_intersect([partition]) for partition in partitions]


def _intersect(partitions: Sequence[Partition]) -> Iterator[Step]:
    """Walk the keys that all partitions hold, each leaping to the furthest key that another has seen."""
    first, *others = partitions
    key = first.peek()
    while key is not None:
        furthest = key
        try:
            for partition in others:
                sought = partition.seek(furthest)
                if sought is None:
                    return
                furthest = sought
            if furthest != key:
                key = first.seek(furthest)
                continue
        except ReadsExhausted:
            yield Step(furthest, found=False)
            return
        yield Step(key)
        key = first.advance()


def _start(streams: Sequence[Iterator[Step]]) -> list[Iterator[Step]]:
    """Make the first reads of all streams at once; merging them one by one would wait for each in turn."""
    if len(streams) == 1:
        return [*streams]
    with ThreadPoolExecutor(MAX_CONCURRENT_READS) as executor:
        heads = executor.map(lambda stream: list(_take_one(stream)), streams)
        return [chain(head, stream) for head, stream in zip(heads, streams, strict=True)]


def _take_one(stream: Iterator[Step]) -> Iterator[Step]:
    for step in stream:
        yield step
        return


def encode_cursor(key: str, binding: str, secret: bytes) -> str:
    """Make an opaque cursor that is good for nothing but the query and the caller in `binding`."""
    return urlsafe_b64encode(_sign(key, binding, secret) + key.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, binding: str, secrets: Sequence[bytes]) -> str:
    """Raises InvalidFields for a cursor that none of these secrets made for this binding."""
    try:
        raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        signature, key = raw[:CURSOR_SIGNATURE_BYTES], raw[CURSOR_SIGNATURE_BYTES:].decode()
    except ValueError:
        signature, key = b"", ""
    if not key or not any(hmac.compare_digest(signature, _sign(key, binding, secret)) for secret in secrets):
        raise InvalidFields([FieldError("cursor", "is not a cursor of this query and this caller")])
    return key


def _sign(key: str, binding: str, secret: bytes) -> bytes:
    return hmac.digest(secret, f"cursor\n{key}\n{binding}".encode(), "sha256")[:CURSOR_SIGNATURE_BYTES]
