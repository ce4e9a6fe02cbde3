from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.items import add_item, delete_item
from app.requests.inputs import ItemCreate
from shared.counters import make_usage_key
from shared.errors import QuotaExceeded, Unavailable
from shared.quotas import Quota, Usage
from shared.usages import UsageRepository
from tests.support.faults import break_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.items import Item, ItemRepository
    from shared.table import Table

LAMP = ItemCreate(name="Lamp")


@pytest.fixture
def usages(table: Table) -> UsageRepository:
    return UsageRepository(table, Quota(max_items=2, max_images=0))


def test_items_are_bounded_for_each_user(items: ItemRepository, usages: UsageRepository) -> None:
    first, _ = (add_item(items, usages, "ann", LAMP, None) for _ in range(2))
    with pytest.raises(QuotaExceeded, match="2 items"):
        add_item(items, usages, "ann", LAMP, None)
    add_item(items, usages, "ben", LAMP, None)
    delete_item(items, usages, first.id, lambda _: None)
    assert usages.get("ann").items == 1
    add_item(items, usages, "ann", LAMP, None)


def test_tries_of_one_request_count_once(items: ItemRepository, usages: UsageRepository) -> None:
    ids = {add_item(items, usages, "ann", LAMP, "claim").id for _ in range(4)}
    assert len(ids) == usages.get("ann").items == 1


def test_second_try_needs_no_room_again(items: ItemRepository, usages: UsageRepository) -> None:
    first = add_item(items, usages, "ann", LAMP, "claim")
    add_item(items, usages, "ann", LAMP, None)
    assert add_item(items, usages, "ann", LAMP, "claim").id == first.id


def test_item_that_could_not_be_written_counts_nothing(
    items: ItemRepository, usages: UsageRepository, dynamodb: DynamoDBClient
) -> None:
    fault = break_calls(dynamodb, "TransactWriteItems")
    with pytest.raises(Unavailable):
        add_item(items, usages, "ann", LAMP, None)
    fault.end()
    assert usages.get("ann").items == 0


def test_correction_that_comes_during_a_deletion_leaves_the_item_out_once(
    items: ItemRepository, usages: UsageRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = (add_item(items, usages, "ann", LAMP, None) for _ in range(2))
    delete = items.delete

    def delete_and_be_corrected(item_id: str, guard: Callable[[Item], object]) -> Item:
        deleted = delete(item_id, guard)
        version = usages.get("ann").version
        usages.correct(make_usage_key("ann"), version, Usage(items=1), datetime.now(UTC))
        return deleted

    monkeypatch.setattr(items, "delete", delete_and_be_corrected)
    delete_item(items, usages, first.id, lambda _: None)
    assert usages.get("ann").items == 1


def test_deletion_that_is_refused_gives_nothing_back(items: ItemRepository, usages: UsageRepository) -> None:
    item = add_item(items, usages, "ann", LAMP, None)

    def refuse(_: object) -> None:
        raise QuotaExceeded

    with pytest.raises(QuotaExceeded):
        delete_item(items, usages, item.id, refuse)
    assert usages.get("ann").items == 1
