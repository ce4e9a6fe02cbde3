from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.items import Item
from shared.listing import Span

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.items import ItemRepository

ODD_NAMES = ["ann#x", "ann%23x", "ann", "%", "auth0|ann", "ann@example.org", "a:b", "a+b", "SHARED", "a/b"]


def add(items: ItemRepository, user_id: str | None) -> Item:
    return items.add(Item.create(user_id=user_id, name=f"of {user_id}"))


def list_partitions(dynamodb: DynamoDBClient) -> list[str]:
    rows = dynamodb.scan(TableName="items")["Items"]
    return sorted(row["pk"]["S"] for row in rows if row["sk"]["S"] != "ITEM")


def test_item_has_its_row_and_one_entry(dynamodb: DynamoDBClient, items: ItemRepository) -> None:
    item = add(items, "ann")
    rows = dynamodb.scan(TableName="items")["Items"]
    keys = {(row["pk"]["S"], row["sk"]["S"]) for row in rows}
    assert {(pk, sk.partition("#")[2] or sk) for pk, sk in keys} == {
        (f"ITEM#{item.id}", "ITEM"),
        ("USER#ann", item.id),
    }


@pytest.mark.parametrize(
    ("user_id", "partition"),
    [
        ("ann", "USER#ann"),
        ("a#b", "USER#a%23b"),
        ("a%23b", "USER#a%2523b"),
        ("auth0|a", "USER#auth0|a"),
        ("a@b.c", "USER#a@b.c"),
        ("a:b+c", "USER#a:b+c"),
        (None, "SHARED"),
    ],
)
def test_name_of_a_user_is_quoted_in_keys(
    dynamodb: DynamoDBClient, items: ItemRepository, user_id: str | None, partition: str
) -> None:
    add(items, user_id)
    assert list_partitions(dynamodb) == [partition]


def test_each_user_lists_their_own_items_and_no_others(items: ItemRepository) -> None:
    added = {user_id: add(items, user_id) for user_id in (*ODD_NAMES, None)}
    for user_id, item in added.items():
        assert items.list_owned([user_id], Span(), limit=100).records == [item]


def test_listing_of_several_users_is_in_order(items: ItemRepository) -> None:
    added = [add(items, user_id) for user_id in ("ann", None, "ben", "ann")]
    assert items.list_owned(["ann", None], Span(), limit=9).records == [added[3], added[1], added[0]]


def test_page_holds_as_many_items_as_were_asked_for(items: ItemRepository) -> None:
    added = [add(items, "ann") for _ in range(3)]
    page = items.list_owned(["ann"], Span(), limit=2)
    assert page.records == [added[2], added[1]]
    assert page.next_key is not None
    assert items.list_owned(["ann"], Span().starting_at(page.next_key), limit=2).records == [added[0]]
