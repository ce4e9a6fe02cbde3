"""The capacity that the engine counts, against numbers worked out from AWS's documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.dynamodb.capacity import measure_item
from tests.support.engine import ask, check, delete, make_key, put, read, refuse, total

if TYPE_CHECKING:
    from tests.support.dynamodb.engine import Engine

KB = 1024
EMPTY_BYTES = 2 + 1 + 2 + 1
"""pk=p, sk=a."""


@pytest.fixture(autouse=True)
def _tables(dynamodb: object) -> None:
    del dynamodb  # its tables are there


def fill(sort: str, size: int) -> dict[str, Any]:
    """A Put of an item of so many bytes."""
    return put(sort, x={"S": "x" * (size - EMPTY_BYTES - len("x"))})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "aé€"}, 1 + 2 + 3),
        ({"N": "0"}, 1),
        ({"N": "7"}, 1 + 1),
        ({"N": "12"}, 1 + 1),
        ({"N": "123"}, 2 + 1),
        ({"N": "1000000"}, 1 + 1),
        ({"N": "-0.0012"}, 1 + 1),
        ({"N": "1700000000"}, 1 + 1),
        ({"N": "1234567890"}, 5 + 1),
        ({"B": "AAAA"}, 3),
        ({"B": "AA=="}, 1),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "100"]}, 4),
        ({"BS": ["AAAA", "AA=="]}, 4),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"NULL": True}]}, 3 + 2 * 1 + 2 + 1),
        ({"M": {}}, 3),
        ({"M": {"k": {"S": "abc"}, "kk": {"BOOL": True}}}, 3 + 2 * 1 + 1 + 3 + 2 + 1),
    ],
)
def test_size_of_a_value(value: dict[str, Any], size: int) -> None:
    assert measure_item({"näme": value}) == len("näme".encode()) + size


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, EMPTY_BYTES + 1, 1),
        (None, KB, 1),
        (None, KB + 1, 2),
        (None, 400 * KB, 400),
        (5 * KB, 100, 5),
        (100, 5 * KB, 5),
    ],
)
def test_write_costs_a_unit_per_kb_of_the_larger_item(
    engine: Engine, before: int | None, after: int, units: int
) -> None:
    for size in (before,) if before else ():
        ask(engine, "PutItem", fill("a", size)["Put"])
    engine.consumed.clear()
    answer = ask(engine, "PutItem", fill("a", after)["Put"] | {"ReturnConsumedCapacity": "TOTAL"})
    assert answer["ConsumedCapacity"] == {"TableName": "images", "CapacityUnits": units}
    assert total(engine, "PutItem") == (0, units)


@pytest.mark.parametrize(("size", "units"), [(0, 1), (KB + 1, 2), (3 * KB, 3)])
def test_delete_costs_the_size_of_what_was_there(engine: Engine, size: int, units: int) -> None:
    for each in (size,) if size else ():
        ask(engine, "PutItem", fill("a", each)["Put"])
    ask(engine, "DeleteItem", delete("a")["Delete"])
    assert total(engine, "DeleteItem") == (0, units)


@pytest.mark.parametrize(("before", "after", "units"), [(0, 5 * KB, 5), (3 * KB, 100, 3), (100, 2 * KB, 2)])
def test_failed_condition_costs_as_much_as_the_write(
    engine: Engine, before: int, after: int, units: int
) -> None:
    for size in (before,) if before else ():
        ask(engine, "PutItem", fill("a", size)["Put"])
    engine.consumed.clear()
    refuse(engine, "PutItem", fill("a", after)["Put"] | {"ConditionExpression": "attribute_exists(y)"})
    assert total(engine, "PutItem") == (0, units)


def test_invalid_request_costs_nothing(engine: Engine) -> None:
    refuse(engine, "PutItem", put("")["Put"])
    assert engine.consumed == []


def test_transaction_costs_twice_for_checks_and_failures_too(engine: Engine) -> None:
    ask(engine, "PutItem", fill("a", 2 * KB)["Put"])
    engine.consumed.clear()
    writes = {"TransactItems": [check("a"), fill("b", 3 * KB), delete("c")]}
    ask(engine, "TransactWriteItems", writes)
    assert total(engine, "TransactWriteItems") == (0, 2 * (2 + 3 + 1))
    refuse(engine, "TransactWriteItems", {"TransactItems": [check("z"), check("b")]})
    assert total(engine, "TransactWriteItems") == (0, 12 + 2 * (1 + 3))


@pytest.mark.parametrize(
    ("size", "is_consistent", "units"),
    [
        (None, True, 1),
        (None, False, 0.5),
        (4 * KB, True, 1),
        (4 * KB, False, 0.5),
        (4 * KB + 1, True, 2),
        (4 * KB + 1, False, 1),
        (400 * KB, True, 100),
    ],
)
def test_read_costs_a_unit_per_4_kb(
    engine: Engine, size: int | None, *, is_consistent: bool, units: float
) -> None:
    for each in (size,) if size else ():
        ask(engine, "PutItem", fill("a", each)["Put"])
    ask(engine, "GetItem", read("a") | {"ConsistentRead": is_consistent})
    batch = {"Keys": [make_key("a"), make_key("z")], "ConsistentRead": is_consistent}
    ask(engine, "BatchGetItem", {"RequestItems": {"images": batch}})
    ask(engine, "TransactGetItems", {"TransactItems": [{"Get": read("a")}, {"Get": read("z")}]})
    minimum = 1 if is_consistent else 0.5
    assert total(engine, "GetItem") == (units, 0)
    assert total(engine, "BatchGetItem") == (units + minimum, 0)
    assert total(engine, "TransactGetItems") == (2 * units / minimum * 1 + 2, 0)


@pytest.mark.parametrize(
    ("sizes", "units"),
    [([], 1), ([100] * 40, 1), ([100] * 41, 2), ([KB, KB, KB, KB], 1), ([KB, KB, KB, KB + 1], 2)],
)
def test_page_sums_the_sizes_of_what_it_evaluates(engine: Engine, sizes: list[int], units: float) -> None:
    for number, size in enumerate(sizes):
        ask(engine, "PutItem", fill(chr(ord("A") + number), size)["Put"])
    values = {":p": {"S": "p"}, ":q": {"S": "q"}}
    query = {
        "TableName": "images",
        "KeyConditionExpression": "pk = :p",
        "FilterExpression": "x = :q",
        "ProjectionExpression": "sk",
        "ExpressionAttributeValues": values,
    }
    assert ask(engine, "Query", query | {"ConsistentRead": True})["Count"] == 0
    ask(engine, "Scan", {"TableName": "images"})
    assert total(engine, "Query") == (units, 0)
    assert total(engine, "Scan") == (units / 2, 0)


def test_indexes_show_the_capacity_of_the_table(engine: Engine) -> None:
    answer = ask(engine, "GetItem", read("a") | {"ReturnConsumedCapacity": "INDEXES"})
    assert answer["ConsumedCapacity"]["Table"] == {"CapacityUnits": 0.5}


def test_calls_are_counted_with_those_that_are_refused(engine: Engine) -> None:
    engine.calls.clear()
    ask(engine, "GetItem", read("a"))
    refuse(engine, "GetItem", {"TableName": "none", "Key": make_key("a")})
    assert engine.calls == ["GetItem", "GetItem"]
