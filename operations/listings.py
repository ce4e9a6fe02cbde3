"""Checks that every record is in the right listings, and that the listings hold nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from pydantic import ValidationError

from operations.findings import Finding, Flaw, get_all
from shared.models import SCHEMA_VERSION, Record
from shared.records import RecordRepository, parse_sort_key
from shared.rows import Key, Row
from shared.transactions import Transaction

type Entries = dict[Key, int | None]
"""The keys of entries, each with the time when the entry ends."""


def check_listings[R: Record](
    repository: RecordRepository[R], rows: Sequence[Row], now: datetime
) -> Iterator[Finding]:
    """Check some rows of the table, which are records and entries."""
    suspects: dict[str, set[Key]] = {}
    expected: dict[Key, tuple[str, int | None]] = {}
    for row in rows:
        if row["sk"] == repository.kind:
            record_id = row["pk"].removeprefix(f"{repository.kind}#")
            try:
                entries = _get_entries(repository, row, now)
            except ValidationError:
                yield Finding(Flaw.UNREADABLE, row["pk"])
                continue
            expected |= {key: (record_id, end) for key, end in entries.items()}
    present = _read_entries(get_all(repository.table, expected))
    for key, (record_id, end) in expected.items():
        if key not in present or present[key] != end:
            suspects.setdefault(record_id, set())
    found = {
        (row["pk"], row["sk"]): record_id
        for row in rows
        if repository.has_listing(row["pk"])
        and (record_id := parse_sort_key(row["sk"]))
        and not _has_ended(row, now)
    }
    owners = get_all(repository.table, {repository.make_key(record_id) for record_id in found.values()})
    for key, record_id in found.items():
        try:
            if key not in _get_entries(repository, owners.get(repository.make_key(record_id)), now):
                suspects.setdefault(record_id, set()).add(key)
        except ValidationError:
            continue  # the record is reported as unreadable; its entries stay
    for record_id, strays in suspects.items():
        yield from _look_again(repository, record_id, strays, now)


def check_formats[R: Record](
    repository: RecordRepository[R], rows: Sequence[Row], now: datetime
) -> Iterator[Finding]:
    """Find the records that an earlier version has written. The repair brings them into new listings."""
    for row in rows:
        is_old = row["sk"] == repository.kind and row.get("schema_version", SCHEMA_VERSION) < SCHEMA_VERSION
        if is_old and not _has_ended(row, now):
            record_id = row["pk"].removeprefix(f"{repository.kind}#")
            yield Finding(Flaw.OLD_FORMAT, row["pk"], partial(repository.update, record_id, _keep))


def _keep[R: Record](record: R) -> R:
    """Change nothing: every update writes the record and its entries in the present format."""
    return record


def _look_again[R: Record](
    repository: RecordRepository[R], record_id: str, strays: set[Key], now: datetime
) -> Iterator[Finding]:
    """Read a record and its entries again in one transaction, and compare them."""
    record_key = repository.make_key(record_id)
    expected = _get_entries(repository, repository.table.get(record_key), now)
    rows = repository.table.get_together([record_key, *expected, *(strays - expected.keys())])
    row = rows.pop(record_key, None)
    if _get_entries(repository, row, now) != expected:
        return  # a request has just changed the record, and its entries with it
    present = _read_entries(rows)
    version = int(row["version"]) if row else None

    def put(key: Key) -> None:
        transaction = Transaction().require(record_key, version=version)
        repository.table.transact(transaction.put_entries({key: expected[key]}))

    def delete(key: Key) -> None:
        transaction = Transaction().require(record_key, version=version)
        repository.table.transact(transaction.delete_entries([key]))

    for key in sorted(expected.keys() - present.keys()):
        yield Finding(Flaw.MISSING_ENTRY, f"{record_id} in {key[0]}", partial(put, key))
    for key in sorted(expected.keys() & present.keys()):
        if present[key] != expected[key]:
            yield Finding(Flaw.WRONG_ENTRY, f"{record_id} in {key[0]}", partial(put, key))
    for key in sorted(present.keys() - expected.keys()):
        yield Finding(Flaw.STRAY_ENTRY, f"{record_id} in {key[0]}", partial(delete, key))


def _get_entries[R: Record](
    repository: RecordRepository[R], row: Row | None, now: datetime
) -> Mapping[Key, int | None]:
    """Return the entries that a record must have.

    A record that has ended need not have any: DynamoDB deletes it and its entries in any order.
    """
    if row is None or _has_ended(row, now):
        return {}
    return repository.get_entries(repository.model.model_validate(row))


def _read_entries(rows: Mapping[Key, Row]) -> Entries:
    return {key: int(row["expires_at"]) if "expires_at" in row else None for key, row in rows.items()}


def _has_ended(row: Row, now: datetime) -> bool:
    return "expires_at" in row and row["expires_at"] <= now.timestamp()
