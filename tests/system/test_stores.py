"""Data that earlier versions have stored are read, listed, counted, changed and deleted by this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from operations.consistency import ConsistencyCheck, run_check
from operations.findings import Flaw
from operations.tags import TagCheck
from shared.files import FILE_KIND
from shared.images import ImageFilter
from shared.keys import make_file_key, make_original_key, make_rendition_key
from shared.lifecycle import Status, is_listed
from shared.listing import Span
from shared.models import SCHEMA_VERSION, File, Image
from shared.renditions import STILLS
from shared.rows import decode
from shared.tag_counts import list_counted_tags
from tests.support.stores import Store, fill_tables, list_stores, show_record, write_store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.files import FileRepository
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.storage import ImageStorage
    from shared.tag_counts import TagRepository
    from shared.usages import UsageRepository
    from tests.support.dynamodb.engine import Engine

STORES = list_stores()
RECORD_KINDS = {"IMAGE", "ITEM", FILE_KIND}


@pytest.fixture(params=STORES, ids=lambda store: store.name)
def store(request: pytest.FixtureRequest, dynamodb: DynamoDBClient, storage: ImageStorage) -> Store:
    """A store in the tables, with its objects in the bucket."""
    found: Store = request.param
    for table, rows in found.tables.items():
        for row in rows:
            dynamodb.put_item(TableName=table, Item=row)
    for shown in found.images:
        image = Image.model_validate(shown)
        if image.has_original:
            storage.add(make_original_key(image.id, image.revision), b"x", "image/jpeg")
        for name in image.renditions:
            storage.add(make_rendition_key(image.id, name, image.revision), b"x", "image/webp")
    for row in found.tables["images"]:
        if row["sk"]["S"] == FILE_KIND:
            storage.add(make_file_key(File.model_validate(decode(row))), b"x", "application/pdf")
    return found


@pytest.fixture
def check(
    images: ImageRepository,
    files: FileRepository,
    items: ItemRepository,
    storage: ImageStorage,
    tags: TagRepository,
) -> ConsistencyCheck:
    return ConsistencyCheck(images, files, items, storage, TagCheck(tags, sleep=lambda _: None))


def test_every_version_of_the_format_has_a_store() -> None:
    assert [store.name for store in STORES] == [f"schema-{number}" for number in range(1, SCHEMA_VERSION + 1)]


def test_records_read_as_they_were_written(
    store: Store, images: ImageRepository, items: ItemRepository
) -> None:
    for repository, records in ((images, store.images), (items, store.items)):
        for shown in records:
            read = show_record(repository.get(shown["id"]))
            assert {name: read[name] for name in shown} == shown
            assert not any(read[name] for name in read.keys() - shown.keys())


def test_owner_finds_every_image_in_the_listing(store: Store, images: ImageRepository) -> None:
    for user in store.usages:
        expected = {
            shown["id"]
            for shown in store.images
            if shown["user_id"] == user and is_listed(Image.model_validate(shown).state)
        }
        found = {
            image.id
            for trashed in (False, True)
            for image in images.list_visible(
                ImageFilter(user, user_id=user, trashed=trashed), Span(), limit=100
            ).records
            if image.is_trashed is trashed
        }
        assert found == expected


def test_users_are_charged_for_what_they_have(store: Store, usages: UsageRepository) -> None:
    for user, usage in store.usages.items():
        counter = usages.get(user)
        assert {name: counter.amounts[name] for name in usage} == usage


def test_nothing_in_the_store_is_wrong(store: Store, check: ConsistencyCheck, engine: Engine) -> None:
    """Records of earlier versions are found, and the repair brings them up to date."""
    is_old = store.name != STORES[-1].name
    flaws = [finding.flaw for finding in check.find()]
    kinds = [row["sk"]["S"] for rows in store.tables.values() for row in rows]
    assert flaws.count(Flaw.OLD_FORMAT) == is_old * sum(kind in RECORD_KINDS for kind in kinds)
    # Version 1 did not count items.
    assert flaws.count(Flaw.WRONG_USAGE) == (store.name == STORES[0].name)
    tagged = [image for image in map(Image.model_validate, store.images) if list_counted_tags(image)]
    assert flaws.count(Flaw.WRONG_TAGS) == len(tagged) > 0
    assert {*flaws} <= {Flaw.OLD_FORMAT, Flaw.WRONG_USAGE, Flaw.WRONG_TAGS}
    assert run_check(check, repair=True, report=lambda _: None) == 0
    assert [*check.find()] == []
    rows = [*engine.list_items("images"), *engine.list_items("items")]
    records = [row for row in rows if row["sk"]["S"] in RECORD_KINDS]
    assert {row["schema_version"]["N"] for row in records} == {str(SCHEMA_VERSION)}


def test_repair_lets_owners_find_old_images_by_their_bytes(
    store: Store,
    images: ImageRepository,
    check: ConsistencyCheck,
) -> None:
    run_check(check, repair=True, report=lambda _: None)
    for shown in store.images:
        image = Image.model_validate(shown)
        if image.sha256 and is_listed(image.state):
            same = ImageFilter(image.user_id, sha256=image.sha256, trashed=image.is_trashed)
            assert [found.id for found in images.list_visible(same, Span(), limit=9).records] == [image.id]


def test_records_can_be_changed_and_deleted(
    store: Store, images: ImageRepository, files: FileRepository, items: ItemRepository, engine: Engine
) -> None:
    for file in files.list_owned("ann#1", Span(), limit=9).records:
        files.delete(file.id)
    for shown in store.images:
        changed = images.update(shown["id"], lambda old: old.model_copy(update={"tags": ("new",)}))
        assert changed.version == shown["version"] + 1
        images.delete(shown["id"])
    for shown in store.items:
        items.update(shown["id"], lambda old: old.model_copy(update={"name": "new"}))
        items.delete(shown["id"])
    kinds = {row["sk"]["S"] for row in (*engine.list_items("images"), *engine.list_items("items"))}
    assert kinds - {"ERASURE"} == {"REQUEST", "USAGE", "GIVEN BACK"}


def describe(row: dict[str, Any]) -> str:
    """The names and types of everything in a row."""
    if row["sk"]["S"] == "USAGE":
        row = {name: value for name, value in row.items() if not name.startswith("writes_")}
    return " ".join([row["sk"]["S"].partition("#")[2], *sorted(_describe(row))])


def _describe(value: dict[str, Any], path: str = "") -> list[str]:
    described = []
    for name, typed in value.items():
        ((kind, inner),) = typed.items()
        described.append(f"{path}{name}:{kind}")
        if kind == "M":
            described += _describe(inner, f"{path}{name}.")
    return described


def test_format_that_is_written_is_that_of_the_last_store(dynamodb: DynamoDBClient, engine: Engine) -> None:
    """If this fails, raise SCHEMA_VERSION, read the version before too, and write another store."""
    fill_tables(dynamodb)
    for table, rows in STORES[-1].tables.items():
        assert {describe(row) for row in engine.list_items(table)} == {describe(row) for row in rows}
    records = [row for row in engine.list_items("images") if row["sk"]["S"] == "IMAGE"]
    assert {row["schema_version"]["N"] for row in records} == {str(SCHEMA_VERSION)}
    assert {row["status"]["S"] for row in records} == {*Status}
    assert {name for row in records for name in row.get("renditions", {"M": {}})["M"]} == {*STILLS}


def test_store_is_never_overwritten(dynamodb: DynamoDBClient) -> None:
    with pytest.raises(FileExistsError):
        write_store({"images": [], "items": []}, *fill_tables(dynamodb))
