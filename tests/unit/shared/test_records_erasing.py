"""Erasing records: whatever state they are in, and whatever leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.errors import Contended
from shared.items import Item
from shared.records import make_sort_key
from shared.transactions import Transaction
from tests.support.faults import lose_response
from tests.support.handlers import listen
from tests.support.images import make_image, make_pending, make_ready, new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.models import Image
    from shared.rows import Key
    from tests.support.dynamodb.engine import Engine


def put(entry: Key) -> Transaction:
    return Transaction().put_entries({entry: None})


@pytest.mark.parametrize(
    "image",
    [
        make_ready(tags=("sea",)),
        make_image(leased_until=1),
        make_pending(),
        make_pending(expires_at=1),
    ],
    ids=["ready", "overdue", "pending", "ended"],
)
def test_image_goes_with_its_entries_in_every_state(
    images: ImageRepository, engine: Engine, image: Image
) -> None:
    images.add(image)
    erased = images.erase(image.id)
    assert erased
    assert erased.id == image.id
    assert engine.list_items("images") == []


def test_entry_that_the_record_does_not_have_goes_with_it(items: ItemRepository, engine: Engine) -> None:
    item = items.add(Item.create(user_id="ann", name="a"))
    stray = "USER#ben", make_sort_key(item.created_at, item.id)
    items.table.transact(put(stray))
    items.erase(item.id, [*items.get_entries(item), stray])
    assert engine.list_items("items") == []


def test_entry_without_a_record_goes_and_tells_that_there_was_none(
    items: ItemRepository, engine: Engine
) -> None:
    entry = "USER#ann", f"2026#{new_id()}"
    items.table.transact(put(entry))
    assert items.erase(entry[1].partition("#")[2], [entry]) is None
    assert engine.list_items("items") == []


def test_record_that_is_gone_takes_one_read(items: ItemRepository, engine: Engine) -> None:
    assert items.erase(new_id()) is None
    assert engine.calls[-1:] == ["GetItem"]


def test_record_that_changes_meanwhile_is_erased_in_its_newest_version(
    dynamodb: DynamoDBClient, items: ItemRepository, engine: Engine
) -> None:
    item = items.add(Item.create(user_id="ann", name="a"))
    changed: list[int] = []

    def change(**_: object) -> None:
        if not changed:
            changed.append(1)
            items.update(item.id, lambda old: old.model_copy(update={"name": "b"}))

    listen(dynamodb, "before-call.dynamodb.TransactWriteItems", change)
    erased = items.erase(item.id)
    assert erased
    assert erased.name == "b"
    assert engine.list_items("items") == []


def test_record_that_others_keep_changing_is_contended(
    dynamodb: DynamoDBClient, items: ItemRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    item = items.add(Item.create(user_id="ann", name="a"))
    running: list[int] = []

    def change(**_: object) -> None:
        if not running:
            running.append(1)
            items.update(item.id, lambda old: old.model_copy(update={"name": "b"}))
            running.clear()

    listen(dynamodb, "before-call.dynamodb.TransactWriteItems", change)
    with pytest.raises(Contended):
        items.erase(item.id)


def test_erasing_survives_a_lost_response(dynamodb: DynamoDBClient, items: ItemRepository) -> None:
    item = items.add(Item.create(user_id="ann", name="a"))
    lose_response(dynamodb, "TransactWriteItems")
    assert items.erase(item.id) == item
