"""Records in DynamoDB: a row each, and an entry in every listing that shows it, written together."""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.errors import Conflict, NotFound
from shared.listing import Scope, Span, get_identifier, list_page, make_sort_key
from shared.models import Model, Record
from shared.table import ConditionFailed, Key, Table, Transaction, make_pauses

CLAIM_LIFETIME = timedelta(hours=25)
"""Longer than Idempotency-Keys are kept, so that no request is taken for new that is not."""
CLAIM_KIND = "REQUEST"
MAX_PAGE_BYTES = 2_000_000  # an answer of Lambda takes 6 MB, in which JSON may be half again as long


@dataclass(frozen=True)
class RecordPage[R: Record]:
    """Records in order, and the sort key at which the next page begins."""

    records: Sequence[R]
    next_key: str | None


class Claim(Model):
    """Which record a request has added."""

    record_id: str
    expires_at: int


class Claimed(Exception):
    """An earlier try of the same request has added a record."""


class RecordRepository[R: Record]:
    """One kind of record and its listings. A subclass says in which partitions a record is listed."""

    kind: str
    model: type[R]

    def __init__(self, table: Table) -> None:
        self.table = table

    def partitions(self, record: R) -> Sequence[str]:
        raise NotImplementedError

    def get(self, record_id: str) -> R:
        """Raises NotFound."""
        row = self.table.get(self.key(record_id)) if _is_id(record_id) else None
        if row is None:
            raise NotFound
        return self.model.model_validate(row)

    def account(self, transaction: Transaction, old: R | None, new: R | None) -> None:
        """Add to a transaction what else changes with a record that was `old` and will be `new`."""

    def add(self, record: R, *, claim: str | None = None) -> R:
        """Return what is stored: the record, or the one that an earlier try of the same request has added.

        `claim` names the request. Raises Conflict if what it added has been deleted since.
        """
        transaction = Transaction()
        if claim:
            now = datetime.now(UTC)
            row = Claim(record_id=record.id, expires_at=int((now + CLAIM_LIFETIME).timestamp()))
            transaction.claim(_claim_key(claim), row, now=now, failure=Claimed())
        transaction.add(self.key(record.id), record).add_entries(self.list_entry_keys(record))
        self.account(transaction, None, record)
        try:
            self.table.transact(transaction)
        except Claimed:
            return self._get_claimed(claim)
        return record

    def update(self, record_id: str, change: Callable[[R], R], check: Callable[[R], None]) -> R:
        """Change a record and its place in the listings together.

        `check` gets the stored record and may refuse by raising. Both are called again for a newer version.
        """

        def attempt() -> R:
            old = self.get(record_id)
            check(old)
            new = change(old).model_copy(update={"updated_at": datetime.now(UTC), "version": old.version + 1})
            before, after = set(self.list_entry_keys(old)), set(self.list_entry_keys(new))
            transaction = (
                Transaction()
                .replace(self.key(record_id), new, version=old.version)
                .delete_entries(before - after)
                .add_entries(after - before)
            )
            self.account(transaction, old, new)
            self.table.transact(transaction)
            return new

        return _repeat(attempt)

    def delete(self, record_id: str, check: Callable[[R], None]) -> None:
        """Delete a record and its entries, with `check` as in `update`."""

        def attempt() -> None:
            record = self.get(record_id)
            check(record)
            transaction = (
                Transaction()
                .delete(self.key(record_id), version=record.version)
                .delete_entries(self.list_entry_keys(record))
            )
            self.account(transaction, record, None)
            self.table.transact(transaction)

        _repeat(attempt)

    def list(self, scopes: Iterable[Scope], span: Span, *, limit: int) -> RecordPage[R]:
        """Read a page. It may hold fewer records than `limit`, even none, and yet not be the last."""
        page = list_page(self.table, scopes, span, limit=limit)
        keys = {sort_key: self.key(get_identifier(sort_key)) for sort_key in page.keys}
        rows = self.table.get_many([*keys.values()])
        records: list[R] = []
        size = 0
        for sort_key, key in keys.items():
            if key not in rows:
                continue
            record = self.model.model_validate(rows[key])
            size += len(record.model_dump_json())
            if records and size > MAX_PAGE_BYTES:
                return RecordPage(records, sort_key)
            records.append(record)
        return RecordPage(records, page.next_key)

    def key(self, record_id: str) -> Key:
        return f"{self.kind}#{record_id}", self.kind

    def has_claim(self, claim: str) -> bool:
        """Whether an earlier try of a request has added a record."""
        return self.table.get(_claim_key(claim)) is not None

    def _get_claimed(self, claim: str | None) -> R:
        row = self.table.get(_claim_key(claim or ""))
        try:
            return self.get(Claim.model_validate(row or {}).record_id)
        except (NotFound, ValueError) as error:
            raise Conflict("What this Idempotency-Key has made is gone; use another key.") from error

    def list_entry_keys(self, record: R) -> Sequence[Key]:
        sort_key = make_sort_key(record.created_at, record.id)
        return [(partition, sort_key) for partition in self.partitions(record)]


def _repeat[T](attempt: Callable[[], T]) -> T:
    """Try a write on the newest version, until it is not overtaken by another."""
    for pause in make_pauses():
        time.sleep(pause)
        try:
            return attempt()
        except ConditionFailed:
            continue
    raise Conflict


def _claim_key(claim: str) -> Key:
    return f"{CLAIM_KIND}#{claim}", CLAIM_KIND


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
