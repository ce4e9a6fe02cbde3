"""Brings restored records in order with what is known and stored of later ones.

A restored record has the version of the restored time, and others know higher ones: in ETags and in events.
So each one gets a version that nobody can have seen. The bucket and caches may hold later revisions of its
bytes, so its next revision comes after those. Records that are newer than the restored time are not there any
more: they are added for a moment and deleted, so that everything happens that a deletion triggers.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from operations.findings import get_all
from shared.files import FILE_KIND
from shared.images import IMAGE_KIND
from shared.items import ItemRepository
from shared.models import File, Image
from shared.table import Table
from shared.transactions import ConditionFailed, Transaction
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from shared.rows import Key, Row

VERSIONED_KINDS = {IMAGE_KIND, ItemRepository.kind}
"""The records that change. The others have one version for ever."""
MODELS: Mapping[str, type[Image | File]] = {IMAGE_KIND: Image, FILE_KIND: File}
MAX_CONCURRENT_CALLS = 16


def raise_versions(table: Table, restored_at: datetime) -> int:
    """Give every record a version above all that anybody knows. Return how many got one in this run.

    `restored_at` is when the table was made. A version counts the writes of a record, which are far fewer
    than the milliseconds since 1970. So these are a higher version, also after an earlier restore.
    """
    version = make_version(restored_at)
    count = 0
    with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
        for rows in table.scan():
            records = [row for row in rows if row["sk"] in VERSIONED_KINDS and row["version"] < version]
            count += sum(executor.map(partial(_raise_version, table, version), records))
    return count


def make_version(restored_at: datetime) -> int:
    """Return the first version that a record has in a restored table."""
    return int(restored_at.timestamp() * 1000)


def _raise_version(table: Table, version: int, row: Row) -> bool:
    try:
        table.update(
            (row["pk"], row["sk"]),
            "SET #version = :version",
            {"version": version},
            condition="#version < :version",
        )
    except ConditionFailed:
        return False
    return True


def raise_revisions(old: Table, restored: Table) -> int:
    """Let the next revision of each image come after all of the old table. Return the number of changes.

    As long as the stack uses the old table, it may begin more of them. So this runs again afterwards.
    """
    count = 0
    with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
        for rows in old.scan():
            begun = {(row["pk"], row["sk"]): get_latest(row) for row in rows if row["sk"] == IMAGE_KIND}
            behind = {
                key: begun[key]
                for key, row in get_all(restored, begun).items()
                if get_latest(row) < begun[key]
            }
            count += sum(executor.map(partial(_raise_revision, restored), behind, behind.values()))
    return count


def get_latest(row: Row) -> int:
    """Return the last revision of an image that was begun."""
    latest: int = row.get("latest_revision", 1)
    return latest


def _raise_revision(table: Table, key: Key, latest: int) -> bool:
    try:
        table.update(
            key,
            "SET #latest_revision = :latest, #version = #version + :one",
            {"latest": latest, "one": 1},
            condition="#latest_revision < :latest",
        )
    except ConditionFailed:
        return False
    return True


class NewerRecords:
    """The images and files of a table that the table restored from it does not have.

    It may stop at any point and run again.
    """

    def __init__(self, old: Table, restored: Table, *, clock: Callable[[], float] = time.time) -> None:
        self._old = old
        self._restored = restored
        self._usages = UsageRepository(restored, clock=clock)
        self._clock = clock

    def delete(self) -> int:
        """Let the function behind the stream see that each of them is deleted. Return their number."""
        count = 0
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
            for rows in self._old.scan():
                records = {(row["pk"], row["sk"]): row for row in rows if row["sk"] in MODELS}
                present = get_all(self._restored, records)
                count += sum(executor.map(self._delete, (records[key] for key in records.keys() - present)))
        return count

    def _delete(self, row: Row) -> bool:
        """Add a record that has ended, and delete it. False if it cannot be read.

        If this is interrupted in between, DynamoDB deletes it. The restored counter of its user does not
        count it, so a marker says that it gives nothing back.
        """
        key = row["pk"], row["sk"]
        try:
            record = MODELS[row["sk"]].model_validate(row)
        except ValidationError:
            return False
        self._usages.mark(key)
        self._restored.add(key, record.model_copy(update={"expires_at": int(self._clock())}))
        self._restored.transact(Transaction().delete(key, version=record.version))
        return True


def delete_newer(client: Callable[[str], Any], outputs: Mapping[str, str], old: str) -> int:
    """Delete what is in an old images table, and not in the one that the stack uses now.

    Revisions that were begun in the old one since the restore are passed over here, too.
    """
    dynamodb = client("dynamodb")
    tables = Table(dynamodb, old), Table(dynamodb, outputs["ImagesTableName"])
    raise_revisions(*tables)
    return NewerRecords(*tables).delete()
