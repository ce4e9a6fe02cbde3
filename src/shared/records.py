"""Records in DynamoDB: a row for each, and an entry in every listing that shows it, written together."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.bases import format_timestamp
from shared.errors import Conflict, NotFound
from shared.listing import Intersection, Span, list_page
from shared.models import SCHEMA_VERSION, Record, Stored
from shared.quotas import Usage
from shared.rows import Key, Row
from shared.table import Table
from shared.transactions import ConditionFailed, Transaction, repeat

CLAIM_LIFETIME = timedelta(hours=25)
"""Longer than an Idempotency-Key is kept, so that no retry is taken for a new request."""
CLAIM_KIND = "REQUEST"
MAX_PAGE_BYTES = 2_000_000  # Lambda takes 6 MB, and a response may be encoded in base64


@dataclass(frozen=True)
class RecordPage[R: Record]:
    """Records in order, and the sort key at which the next page begins."""

    records: Sequence[R]
    next_key: str | None


class Claim(Stored):
    """Says which record a request has added."""

    record_id: str
    expires_at: int


class Claimed(Exception):
    """An earlier try of the same request has added a record."""


class Unchanged(Exception):
    """A change has nothing to do: the record is as it should be."""


def allow(_: object) -> None:
    """A guard that lets every write pass."""


class RecordRepository[R: Record]:
    """One kind of record and its listings. A subclass says in which partitions a record is listed."""

    kind: str
    model: type[R]
    max_record_bytes: int
    """The most that a record takes as JSON. A page reads no more of them than it can hold."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get_partitions(self, record: R) -> Sequence[str]:
        raise NotImplementedError

    def list_partitions_of(self, user_id: str) -> Sequence[str]:
        """The partitions that together list everything of a user."""
        raise NotImplementedError

    def has_listing(self, partition: str) -> bool:
        """Tell if a partition is a listing of these records, and not of others in the same table."""
        del partition
        return True

    def get_usage(self, record: R) -> Usage:
        """Return the usage that the record counts for its user."""
        raise NotImplementedError

    def read_row(self, row: Row) -> R | None:
        """Return the record as readers see it now, None if it has ended."""
        record = self.model.model_validate(row)
        has_ended = record.expires_at is not None and record.expires_at <= time.time()
        return None if has_ended else record

    def get(self, record_id: str) -> R:
        """Raises NotFound."""
        row = self.table.get(self.make_key(record_id)) if _is_id(record_id) else None
        record = self.read_row(row) if row else None
        if record is None:
            raise NotFound
        return record

    def list(
        self,
        intersections: Iterable[Intersection],
        span: Span,
        *,
        limit: int,
        sources: Iterable[Intersection] = (),
    ) -> RecordPage[R]:
        """Read a page. It may hold fewer records than `limit`, even none, and yet not be the last.

        `sources` are as in `list_page`.
        """
        page = list_page(self.table, intersections, span, limit=limit, sources=sources)
        records: list[R] = []
        size, position = 0, 0
        while position < len(page.keys):
            if records and size + self.max_record_bytes > MAX_PAGE_BYTES:
                return RecordPage(records, page.keys[position])
            count = max(1, (MAX_PAGE_BYTES - size) // self.max_record_bytes)
            found = [*self._get_listed(page.keys[position : position + count])]
            records += found
            size += sum(record.measure() for record in found)
            position += count
        return RecordPage(records, page.next_key)

    def add(self, record: R, *, claim: str | None = None) -> R:
        """Return what is stored: the record, or the one that an earlier try of the same request has added.

        `claim` names the request. Raises Conflict if the record that it added has been deleted since.
        """
        transaction = Transaction()
        if claim:
            now = datetime.now(UTC)
            row = Claim(record_id=record.id, expires_at=int((now + CLAIM_LIFETIME).timestamp()))
            transaction.claim(_make_claim_key(claim), row, now=now, failure=Claimed)
        transaction.add(self.make_key(record.id), record).put_entries(self.get_entries(record))
        try:
            self.table.transact(transaction)
        except Claimed:
            return self.get_claimed(claim or "")
        return record

    def update(self, record_id: str, change: Callable[[R], R], guard: Callable[[R], object] = allow) -> R:
        """Change a record and its place in the listings together.

        `guard` gets the stored record and may refuse by raising. Both are called again for a newer version.
        If `change` raises Unchanged, nothing is written.
        """

        def attempt() -> R:
            old = self.get(record_id)
            guard(old)
            stamps = {
                "updated_at": datetime.now(UTC),
                "version": old.version + 1,
                "schema_version": SCHEMA_VERSION,
            }
            try:
                new = change(old).model_copy(update=stamps)
            except Unchanged:
                return old
            before, after = self.get_entries(old), self.get_entries(new)
            transaction = (
                Transaction()
                .replace(self.make_key(record_id), new, version=old.version)
                .delete_entries(before.keys() - after.keys())
                .put_entries({key: end for key, end in after.items() if (key, end) not in before.items()})
            )
            self.table.transact(transaction)
            return new

        return repeat(attempt)

    def delete(self, record_id: str, guard: Callable[[R], object] = allow) -> R:
        """Delete a record and its entries, with `guard` as in `update`. Return what was deleted."""

        def attempt() -> R:
            record = self.get(record_id)
            guard(record)
            transaction = (
                Transaction()
                .delete(self.make_key(record_id), version=record.version)
                .delete_entries(self.get_entries(record))
            )
            self.table.transact(transaction)
            return record

        return repeat(attempt)

    def erase(self, record_id: str, entries: Iterable[Key] = ()) -> R | None:
        """Delete a record, its entries and these entries, even if it has ended. None: it was gone."""

        def attempt() -> R | None:
            row = self.table.get(self.make_key(record_id))
            record = self.model.model_validate(row) if row else None
            transaction = Transaction()
            if record:
                transaction.delete(self.make_key(record_id), version=record.version)
            keys = {*(self.get_entries(record) if record else ()), *entries}
            if record or keys:
                self.table.transact(transaction.delete_entries(sorted(keys)))
            return record

        return repeat(attempt)

    def has_claim(self, claim: str) -> bool:
        """Tell whether an earlier try of a request has added a record."""
        return self.table.get(_make_claim_key(claim)) is not None

    def get_claimed(self, claim: str) -> R:
        """Return the record that an earlier try of a request has added. Raises Conflict if it is gone."""
        row = self.table.get(_make_claim_key(claim))
        try:
            return self.get(Claim.model_validate(row or {}).record_id)
        except (NotFound, ValueError) as error:
            raise Conflict(
                "The resource that this Idempotency-Key has made is gone. Use another key."
            ) from error

    def withdraw(self, record: R) -> R | None:
        """Make sure that a record whose addition has failed is never added. If it was added, return it.

        DynamoDB may still carry out a write whose response was lost. It fails if it finds another row.
        """
        try:
            self.table.add(self.make_key(record.id), record.withdrawn())
        except ConditionFailed:
            return self.get(record.id)
        return None

    def make_key(self, record_id: str) -> Key:
        return f"{self.kind}#{record_id}", self.kind

    def get_entries(self, record: R) -> Mapping[Key, int | None]:
        """The entries that belong in listings, and when each ends."""
        sort_key = make_sort_key(record.created_at, record.id)
        return {(partition, sort_key): record.expires_at for partition in self.get_partitions(record)}

    def _get_listed(self, sort_keys: Sequence[str]) -> Iterator[R]:
        """Read the records of some entries, in their order. Those that have ended are left out."""
        keys = [self.make_key(parse_sort_key(sort_key)) for sort_key in sort_keys]
        rows = self.table.get_many(keys)
        return (record for key in keys if key in rows and (record := self.read_row(rows[key])))


def make_sort_key(created_at: datetime, record_id: str) -> str:
    return f"{format_timestamp(created_at)}#{record_id}"


def parse_sort_key(sort_key: str) -> str:
    """Return the record's id, or an empty text for a key that is not an entry's."""
    return sort_key.partition("#")[2]


def _make_claim_key(claim: str) -> Key:
    return f"{CLAIM_KIND}#{claim}", CLAIM_KIND


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
