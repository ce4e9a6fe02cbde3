from __future__ import annotations

from decimal import Decimal

import pytest

from shared.items import Item
from shared.models import SCHEMA_VERSION
from shared.rows import decode, dump, encode, encode_key, encode_model
from tests.support.images import START

ITEM = Item(id="1", name="a", created_at=START, updated_at=START, attributes={"x": None})


def test_model_becomes_a_row_without_what_is_none() -> None:
    row = dump(ITEM)
    assert row == {
        "id": "1",
        "name": "a",
        "attributes": '{"x":null}',
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
        "version": 1,
        "schema_version": SCHEMA_VERSION,
    }


def test_row_of_a_model_has_its_key_and_its_values() -> None:
    item = encode_model(("a", "b"), ITEM)
    assert item.items() >= encode_key(("a", "b")).items()
    assert item["version"] == {"N": "1"}


@pytest.mark.parametrize("value", ["a", Decimal(5), True, None, [Decimal("1.5")], {"a": "b"}, {b"1", b"2"}])
def test_values_come_back_from_the_json_of_dynamodb(value: object) -> None:
    assert decode(encode({"name": value}))["name"] == value
