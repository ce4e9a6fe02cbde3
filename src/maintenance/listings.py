"""Whether every record is in the listings that it belongs in, and nothing else is."""

from collections.abc import Iterator, Sequence
from functools import partial

from pydantic import ValidationError

from maintenance.findings import Finding, Flaw, get_all
from shared.listing import get_identifier
from shared.models import Record
from shared.records import RecordRepository
from shared.table import Key, Row, Transaction


def check_listings[R: Record](repository: RecordRepository[R], rows: Sequence[Row]) -> Iterator[Finding]:
    """Check the records and the entries among some rows of the table."""
    suspects: dict[str, set[Key]] = {}
    wanted: dict[Key, str] = {}
    for row in rows:
        if row["sk"] == repository.kind:
            try:
                record_id = row["pk"].removeprefix(f"{repository.kind}#")
                wanted |= dict.fromkeys(_list_entries(repository, row), record_id)
            except ValidationError:
                yield Finding(Flaw.UNREADABLE, row["pk"])
    present = get_all(repository.table, wanted)
    for entry in wanted.keys() - present.keys():
        suspects.setdefault(wanted[entry], set())
    entries = {(row["pk"], row["sk"]): record_id for row in rows if (record_id := get_identifier(row["sk"]))}
    owners = get_all(repository.table, {repository.key(record_id) for record_id in entries.values()})
    for entry, record_id in entries.items():
        try:
            if entry not in _list_entries(repository, owners.get(repository.key(record_id))):
                suspects.setdefault(record_id, set()).add(entry)
        except ValidationError:
            continue  # what the record says is reported, and may be mended
    for record_id, strays in suspects.items():
        yield from _look_again(repository, record_id, strays)


def _look_again[R: Record](
    repository: RecordRepository[R], record_id: str, strays: set[Key]
) -> Iterator[Finding]:
    """Compare a record and its entries as they are at one moment."""
    key = repository.key(record_id)
    wanted = _list_entries(repository, repository.table.get(key))
    found = repository.table.get_together([key, *wanted, *(strays - wanted)])
    row = found.pop(key, None)
    if _list_entries(repository, row) != wanted:
        return  # it is being changed, entries and all
    version = int(row["version"]) if row else None

    def add(entry: Key) -> None:
        repository.table.transact(Transaction().check(key, version=version).add_entries([entry]))

    def delete(entry: Key) -> None:
        repository.table.transact(Transaction().check(key, version=version).delete_entries([entry]))

    for entry in sorted(wanted - found.keys()):
        yield Finding(Flaw.MISSING_ENTRY, f"{record_id} in {entry[0]}", partial(add, entry))
    for entry in sorted(found.keys() - wanted):
        yield Finding(Flaw.STRAY_ENTRY, f"{record_id} in {entry[0]}", partial(delete, entry))


def _list_entries[R: Record](repository: RecordRepository[R], row: Row | None) -> set[Key]:
    return set(repository.list_entry_keys(repository.model.model_validate(row))) if row else set()
