"""Records of a restored table, beside the table that it was restored from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from operations.restored_records import (
    NewerRecords,
    delete_newer,
    make_version,
    raise_revisions,
    raise_versions,
)
from processor.events import derive_event
from processor.stream import read_versions
from shared.deletions import DELETIONS_PREFIX
from shared.errors import Unavailable
from shared.images import IMAGE_KIND, get_image_usage
from shared.keys import make_original_key
from shared.replacements import retry
from shared.table import Table
from tests.support.faults import break_calls
from tests.support.images import make_ready
from tests.support.tellings import Consumer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from tests.support.dynamodb.engine import Engine
    from tests.support.erasures import Estate

RESTORED_AT = datetime(2026, 11, 27, 12, 0, 0, 250_000, tzinfo=UTC)
VERSION = 1_795_780_800_250
OLD = "images-old"


def tell(engine: Engine) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of all changes so far."""
    for record in engine.take_records("images"):
        record["eventSourceARN"] = "arn:aws:dynamodb:eu-central-1:1:table/images/stream/1"
        if event := derive_event(*read_versions(record, "images"), 0):
            yield str(event.type), event.detail.model_dump(mode="json", by_alias=True)


def test_every_record_gets_a_version_above_all_before(images: ImageRepository, items: ItemRepository) -> None:
    found = [images.add(make_ready(tags=("sea",), version=version)) for version in (1, 7, 10**9)]
    before = {key for image in found for key in images.get_entries(image)}
    assert raise_versions(images.table, RESTORED_AT) == 3
    for image in found:
        assert images.get(image.id) == image.model_copy(update={"version": VERSION})
        assert {*images.get_entries(images.get(image.id))} <= before
    assert raise_versions(items.table, RESTORED_AT) == 0


def test_version_is_raised_once_and_higher_after_each_restore(images: ImageRepository) -> None:
    image = images.add(make_ready())
    for _ in range(2):
        raise_versions(images.table, RESTORED_AT)
    assert images.get(image.id).version == VERSION == make_version(RESTORED_AT)
    changed = images.update(image.id, lambda old: old.model_copy(update={"description": "A"}))
    assert raise_versions(images.table, RESTORED_AT) == 0
    later = RESTORED_AT.replace(second=1)
    assert changed.version == VERSION + 1
    assert raise_versions(images.table, later) == 1
    assert images.get(image.id).version == VERSION + 1000


def test_raise_that_is_interrupted_goes_on(images: ImageRepository, dynamodb: DynamoDBClient) -> None:
    for _ in range(5):
        images.add(make_ready())
    fault = break_calls(dynamodb, "UpdateItem")
    with pytest.raises(Unavailable):
        raise_versions(images.table, RESTORED_AT)
    fault.end()
    raise_versions(images.table, RESTORED_AT)
    rows = [row for page in images.table.scan() for row in page if row["sk"] == IMAGE_KIND]
    assert [row["version"] for row in rows] == [VERSION] * 5


def test_next_revision_comes_after_all_that_were_begun(
    images: ImageRepository, dynamodb: DynamoDBClient, engine: Engine
) -> None:
    """So it finds no object of a later revision in its place, and no cache knows its URL."""
    create_old_table(dynamodb)
    old = Table(dynamodb, OLD)
    replaced, same, gone = (images.add(make_ready()) for _ in range(3))
    for image, latest in ((replaced, 4), (same, 1), (make_ready(), 9)):
        old.put(images.make_key(image.id), image.model_copy(update={"latest_revision": latest}))
    engine.take_records("images")
    assert raise_revisions(old, images.table) == 1
    assert raise_revisions(old, images.table) == 0
    raised = images.get(replaced.id)
    assert raised == replaced.model_copy(update={"latest_revision": 4, "version": replaced.version + 1})
    assert retry(raised).latest_revision == 5
    assert [images.get(image.id) for image in (same, gone)] == [same, gone]
    assert [*tell(engine)] == []


def test_consumer_that_knows_later_versions_ends_with_the_restored_state(
    images: ImageRepository, engine: Engine
) -> None:
    image = images.add(make_ready(tags=("sea",)))
    images.update(image.id, lambda old: old.model_copy(update={"tags": ("spoilt",)}))
    images.delete(image.id)
    consumer = Consumer()
    for kind, detail in tell(engine):
        consumer.take(kind, detail)
    assert consumer.list_present() == {}
    images.table.put(images.make_key(image.id), image)
    engine.take_records("images")
    raise_versions(images.table, RESTORED_AT)
    images.update(image.id, lambda old: old.model_copy(update={"tags": ("sea", "sun")}))
    told = [*tell(engine)]
    assert [kind for kind, _ in told] == ["image.ready", "image.updated"]
    for kind, detail in reversed(told):
        consumer.take(kind, detail)
    known = consumer.list_present()[image.id]
    assert (known["version"], known["tags"]) == (VERSION + 1, ["sea", "sun"])


@pytest.fixture
def moved(estate: Estate) -> Estate:
    """Its bucket keeps versions. The images table was restored to a time before anything was there."""
    create_old_table(estate.dynamodb)
    estate.keep_versions()
    return estate


def create_old_table(dynamodb: DynamoDBClient) -> None:
    dynamodb.create_table(
        TableName=OLD,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
    )


def restore(estate: Estate) -> None:
    """Let the images table be as it was before anything was there."""
    for row in estate.engine.list_items("images"):
        estate.dynamodb.put_item(TableName=OLD, Item=row)
        key = {"pk": row["pk"], "sk": row["sk"]}
        estate.dynamodb.delete_item(TableName="images", Key=key)
    estate.engine.take_records("images")


def make_newer(estate: Estate) -> NewerRecords:
    restored = estate.images.table
    return NewerRecords(Table(estate.dynamodb, OLD), restored, clock=estate.clock)


def list_kinds(estate: Estate) -> set[str]:
    return {row["sk"]["S"] for row in estate.engine.list_items("images")}


def test_newer_images_and_files_are_deleted_as_by_their_owners(moved: Estate) -> None:
    newer = [moved.add_image(), moved.add_pending()]
    file = moved.add_file()
    restore(moved)
    kept = moved.add_image()
    assert make_newer(moved).delete() == 3
    moved.settle()
    assert {*moved.list_keys()} == {
        key for key in moved.list_keys() if key.split("/")[1] == kept.id and not key.startswith("files/")
    }
    assert moved.images.get(kept.id) == kept
    assert moved.usages.get("ann").amounts == {
        **get_image_usage(kept).amounts,
        "pending_uploads": 0,
        "pending_bytes": 0,
    }
    noted = [row for row in moved.engine.list_items("images") if row["pk"]["S"].startswith(DELETIONS_PREFIX)]
    assert {row["sk"]["S"].partition("#")[2] for row in noted} == {file.id, *(image.id for image in newer)}


def test_erasure_after_a_restore_leaves_no_version_of_what_is_newer(
    moved: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.erasing.MAX_CONCURRENT_CALLS", 1)
    moved.add_image()
    moved.add_file()
    restore(moved)
    make_newer(moved).delete()
    moved.settle()
    assert moved.list_versions()
    moved.begin()
    moved.settle()
    assert {*moved.list_versions()} == {"erasures/ann"}


def test_end_of_a_newer_image_is_told_with_a_higher_version(moved: Estate) -> None:
    image = moved.add_image(version=4)
    restore(moved)
    make_newer(moved).delete()
    [(kind, detail)] = tell(moved.engine)
    assert (kind, detail["id"], detail["version"], detail["status"]) == (
        "image.deleted",
        image.id,
        5,
        "ready",
    )


def test_nothing_else_is_deleted_and_a_second_run_finds_nothing(moved: Estate) -> None:
    image = moved.add_image()
    restore(moved)
    moved.images.add(image)
    moved.engine.take_records("images")
    before = moved.engine.list_items("images")
    assert make_newer(moved).delete() == 0
    assert moved.engine.list_items("images") == before
    outputs = {"ImagesTableName": "images"}
    assert delete_newer(lambda _: moved.dynamodb, outputs, OLD) == 0
    assert delete_newer(lambda _: moved.dynamodb, outputs, "images") == 0


def test_deletion_that_is_interrupted_ends_with_the_row(moved: Estate) -> None:
    moved.add_image()
    restore(moved)
    fault = break_calls(moved.dynamodb, "TransactWriteItems")
    with pytest.raises(Unavailable):
        make_newer(moved).delete()
    fault.end()
    [row] = [row for page in moved.images.table.scan() for row in page if row["sk"] == IMAGE_KIND]
    assert row["expires_at"] <= moved.clock()
    assert make_original_key(row["id"]) in moved.list_keys()


def test_row_that_cannot_be_read_is_left_out(moved: Estate) -> None:
    moved.dynamodb.put_item(TableName=OLD, Item={"pk": {"S": "IMAGE#1"}, "sk": {"S": "IMAGE"}})
    assert make_newer(moved).delete() == 0
    assert list_kinds(moved) == set()
