from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from operations.erasures import Registry, make_registry
from operations.redrive import read_batch
from shared.errors import Erased
from tests.support.changes import select_changes

if TYPE_CHECKING:
    from tests.support.erasures import Estate


@pytest.fixture
def registry(estate: Estate) -> Registry:
    clients: dict[str, Any] = {"dynamodb": estate.dynamodb, "s3": estate.s3}
    return make_registry(clients.__getitem__, {"ImagesTableName": "images", "BucketName": "bucket"})


def test_user_whom_an_operator_erases_is_gone(estate: Estate, registry: Registry) -> None:
    estate.fill()
    registry.erase("ann")
    with pytest.raises(Erased):
        estate.usages.take_tokens("ann")
    estate.settle()
    estate.require_gone()


def test_erasure_that_is_stuck_goes_on(estate: Estate, registry: Registry) -> None:
    """Its event was lost."""
    estate.fill()
    estate.begin()
    estate.collect().clear()
    registry.erase("ann")
    estate.settle()
    estate.require_gone()


def test_progress_is_reported_until_the_end(estate: Estate, registry: Registry) -> None:
    estate.fill(count=2)
    registry.erase("ann")
    lines: list[str] = []
    registry.await_end("ann", report=lines.append, sleep=lambda _: estate.follow())
    assert lines[0] == "running: 0 images, 0 files, 0 items deleted"
    assert lines[-1] == "finished: 4 images, 2 files, 2 items deleted"
    assert len(lines) == len({*lines})


def test_restored_tables_lose_again_what_was_erased(estate: Estate, registry: Registry) -> None:
    estate.fill()
    estate.fill("ben")
    tables = {name: [*estate.engine.list_items(name)] for name in ("images", "items")}
    estate.begin()
    estate.settle()
    estate.require_gone()
    restore(estate, tables)
    assert estate.usages.get("ann").images == 1
    others = estate.list_rows("ben")
    assert registry.erase_again() == ["ann"]
    estate.settle()
    assert estate.require_gone().items == 1
    assert estate.list_rows("ben") == others


@pytest.mark.parametrize("name", ["images", "items"])
def test_one_table_that_is_restored_alone_loses_it_too(estate: Estate, registry: Registry, name: str) -> None:
    """The row of a finished erasure does not stand in the way."""
    estate.fill()
    before = {name: [*estate.engine.list_items(name)]}
    estate.begin()
    estate.settle()
    restore(estate, before)
    registry.erase_again()
    estate.settle()
    estate.require_gone()


def test_table_that_is_restored_to_the_middle_of_an_erasure_goes_on(
    estate: Estate, registry: Registry
) -> None:
    estate.fill()
    estate.begin()
    middle = {name: [*estate.engine.list_items(name)] for name in ("images", "items")}
    estate.settle()
    restore(estate, middle)
    estate.settle()
    assert estate.list_rows() != []
    registry.erase_again()
    estate.settle()
    estate.require_gone()


def test_nobody_is_erased_again_when_the_tombstones_have_ended(estate: Estate, registry: Registry) -> None:
    estate.begin()
    estate.settle()
    estate.s3.delete_object(Bucket="bucket", Key="erasures/ann")
    assert registry.erase_again() == []


def restore(estate: Estate, tables: dict[str, list[Any]]) -> None:
    """Put tables back to earlier rows. No stream tells of that."""
    for name, rows in tables.items():
        for row in [*estate.engine.list_items(name)]:
            key = {part: row[part] for part in ("pk", "sk")}
            estate.dynamodb.delete_item(TableName=name, Key=key)
        for row in rows:
            estate.dynamodb.put_item(TableName=name, Item=row)
    estate.engine.take_records("images")


def test_redrive_reads_from_the_stream_what_the_filters_let_through(estate: Estate) -> None:
    estate.fill()
    estate.begin()
    raw: list[Any] = []
    while records := estate.engine.take_records("images"):
        raw += records
        estate.changes += select_changes(records)
        estate.follow()
    estate.engine.sweep(estate.clock() + timedelta(days=37).total_seconds())
    raw += estate.engine.take_records("images")
    numbers = [record["dynamodb"]["SequenceNumber"] for record in raw]
    expected = [record["dynamodb"]["SequenceNumber"] for record in select_changes(raw)]
    batch = {"streamArn": "arn", "shardId": "shard"}
    ends = {"startSequenceNumber": numbers[0], "endSequenceNumber": numbers[-1]}
    read = read_batch(Stream(raw), batch | ends)
    assert read is not None
    assert [record["dynamodb"]["SequenceNumber"] for record in read] == expected
    assert len(expected) < len(raw)


class Stream:
    """A stream with one page."""

    exceptions = SimpleNamespace(TrimmedDataAccessException=KeyError, ResourceNotFoundException=KeyError)

    def __init__(self, records: list[Any]) -> None:
        self.records = records

    def get_shard_iterator(self, **_: str) -> Any:  # noqa: ANN401 - of boto3
        return {"ShardIterator": "0"}

    def get_records(self, **_: str) -> Any:  # noqa: ANN401 - of boto3
        for record in self.records:
            at = record["dynamodb"]["ApproximateCreationDateTime"]
            record["dynamodb"]["ApproximateCreationDateTime"] = datetime.fromtimestamp(at, UTC)
        return {"Records": self.records}
