"""Records, their entries and their claims. Items stand for every kind of record."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, NotFound
from shared.items import Item
from shared.listing import Span
from shared.records import make_sort_key, parse_sort_key
from tests.support.faults import break_calls
from tests.support.images import make_image

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.records import RecordPage

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def add(items: ItemRepository, name: str = "a", **fields: Any) -> Item:  # noqa: ANN401 - any field of an item
    return items.add(Item.create(user_id="ann", name=name, **fields))


def list_page(items: ItemRepository, limit: int = 100, key: str | None = None) -> RecordPage[Item]:
    span = Span(descending=False)
    return items.list_owned(["ann"], span.starting_at(key) if key else span, limit=limit)


def delete_row(dynamodb: DynamoDBClient, item: Item) -> None:
    """Delete a record and leave its entry, as a reader may see it."""
    dynamodb.delete_item(TableName="items", Key={"pk": {"S": f"ITEM#{item.id}"}, "sk": {"S": "ITEM"}})


def read_claims(dynamodb: DynamoDBClient) -> list[Any]:
    return [row for row in dynamodb.scan(TableName="items")["Items"] if row["sk"]["S"] == "REQUEST"]


class TestList:
    @pytest.mark.parametrize("missing", [0, 1, 2])
    def test_missing_record_is_left_out_and_ends_no_page(
        self, dynamodb: DynamoDBClient, items: ItemRepository, missing: int
    ) -> None:
        added = [add(items) for _ in range(4)]
        delete_row(dynamodb, added[missing])
        page = list_page(items, 3)
        assert page.records == [item for item in added[:3] if item is not added[missing]]
        assert page.next_key == make_sort_key(added[3].created_at, added[3].id)

    def test_page_ends_before_it_is_too_large_and_the_next_one_goes_on(self, items: ItemRepository) -> None:
        added = [add(items, attributes={"x": "y" * 99_000}) for _ in range(22)]
        first = list_page(items)
        assert first.records == added[:20]
        assert first.next_key == make_sort_key(added[20].created_at, added[20].id)
        assert list_page(items, key=first.next_key).records == added[20:]

    def test_large_record_is_a_page_of_its_own(
        self, items: ItemRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.records.MAX_PAGE_BYTES", 10)
        added = [add(items) for _ in range(2)]
        assert list_page(items).records == added[:1]

    def test_record_is_read_from_the_row_of_its_own_id(self, items: ItemRepository) -> None:
        names = ["a", "b", "c"]
        for name in names:
            add(items, name)
        assert [item.name for item in list_page(items).records] == names


class TestGet:
    @pytest.mark.parametrize(
        "make", [str.upper, "{{{}}}".format, lambda text: text.replace("-", ""), "urn:uuid:{}".format]
    )
    def test_id_in_another_form_is_not_found_without_a_call(
        self,
        dynamodb: DynamoDBClient,
        items: ItemRepository,
        make: Any,  # noqa: ANN401 - of a text
    ) -> None:
        item = items.add(Item.create(id="abcdefab-0000-4000-8000-000000000000", name="a"))
        reading = break_calls(dynamodb, "GetItem")
        with pytest.raises(NotFound):
            items.get(make(item.id))
        assert reading.tries == 0

    def test_record_of_the_id_is_found(self, items: ItemRepository) -> None:
        item = add(items)
        assert items.get(item.id) == item
        with pytest.raises(NotFound):
            items.get(str(uuid.uuid4()))


class TestClaim:
    def test_claim_outlives_the_key_of_its_request(
        self, dynamodb: DynamoDBClient, items: ItemRepository
    ) -> None:
        items.add(Item.create(name="a"), claim="c")
        (row,) = read_claims(dynamodb)
        assert row["pk"] == {"S": "REQUEST#c"}
        end = datetime.fromtimestamp(int(row["expires_at"]["N"]), UTC) - datetime.now(UTC)
        assert timedelta(hours=24, minutes=59) < end <= timedelta(hours=25)

    def test_second_try_gets_the_record_of_the_first(self, items: ItemRepository) -> None:
        first = items.add(Item.create(name="a"), claim="c")
        assert items.add(Item.create(name="b"), claim="c") == first
        assert items.add(Item.create(name="b"), claim="other").name == "b"
        assert items.has_claim("c")
        assert not items.has_claim("d")

    def test_claim_that_has_ended_is_as_good_as_none(
        self, dynamodb: DynamoDBClient, items: ItemRepository
    ) -> None:
        """DynamoDB deletes rows some time after they have ended."""
        items.add(Item.create(name="a"), claim="c")
        (row,) = read_claims(dynamodb)
        dynamodb.put_item(TableName="items", Item=row | {"expires_at": {"N": "1"}})
        assert items.add(Item.create(name="b"), claim="c").name == "b"

    @pytest.mark.parametrize("row", [{}, {"record_id": {"S": "x"}}, None])
    def test_claim_of_a_record_that_is_gone_is_a_conflict(
        self,
        dynamodb: DynamoDBClient,
        items: ItemRepository,
        row: Any,  # noqa: ANN401 - DynamoDB's shapes
    ) -> None:
        item = items.add(Item.create(name="a"), claim="c")
        (claim,) = read_claims(dynamodb)
        if row is None:
            items.delete(item.id)
        else:
            dynamodb.put_item(
                TableName="items",
                Item={"expires_at": claim["expires_at"], "pk": claim["pk"], "sk": claim["sk"], **row},
            )
        with pytest.raises(Conflict, match="Use another key"):
            items.add(Item.create(name="a"), claim="c")

    def test_record_without_a_claim_leaves_no_claim(
        self, dynamodb: DynamoDBClient, items: ItemRepository
    ) -> None:
        add(items)
        assert read_claims(dynamodb) == []


def test_update_counts_versions_and_notes_its_time(items: ItemRepository) -> None:
    item = items.add(Item.create(name="a", created_at=AT, updated_at=AT))
    new = items.update(item.id, lambda old: old.model_copy(update={"name": "b"}))
    assert (new.version, new.created_at) == (2, AT)
    assert datetime.now(UTC) - new.updated_at < timedelta(minutes=1)
    assert items.get(item.id) == new


def test_entries_that_end_later_are_written_again(dynamodb: DynamoDBClient, images: ImageRepository) -> None:
    """An entry with the old end would leave its listing early."""
    image = images.add(make_image(expires_at=4_000_000_000))
    images.update(image.id, lambda old: old.model_copy(update={"expires_at": 4_100_000_000}))
    rows = dynamodb.scan(TableName="images")["Items"]
    ends = {row["expires_at"]["N"] for row in rows if "expires_at" in row}
    assert ends == {"4100000000"}


def test_sort_key_begins_with_the_time_and_ends_with_the_id() -> None:
    key = make_sort_key(AT, "id#1")
    assert key == "2026-01-01T12:00:00.000000Z#id#1"
    assert parse_sort_key(key) == "id#1"
    assert parse_sort_key("IMAGE") == ""
