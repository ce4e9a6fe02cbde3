"""The limits that the engine keeps, as AWS does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import ask, delete, get, make_key, put, read, refuse

if TYPE_CHECKING:
    from tests.support.dynamodb.engine import Engine

KB = 1024
MB = KB * KB
PARTITION = {"ExpressionAttributeValues": {":p": {"S": "p"}}, "KeyConditionExpression": "pk = :p"}


@pytest.fixture(autouse=True)
def _tables(dynamodb: object) -> None:
    del dynamodb  # its tables are there


def fill(sort: str, kilobytes: int) -> dict[str, Any]:
    return put(sort, x={"S": "x" * (kilobytes * KB - 20)})


def query(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"TableName": "images", **PARTITION, **options}


@pytest.mark.parametrize(
    "actions",
    [
        [],
        [put(str(number)) for number in range(101)],
        [put("a"), delete("a")],
        [fill(str(number), 390) for number in range(11)],
    ],
)
def test_transaction_that_no_table_could_take(engine: Engine, actions: list[Any]) -> None:
    assert refuse(engine, "TransactWriteItems", {"TransactItems": actions}) == "ValidationException"
    assert ask(engine, "Scan", {"TableName": "images"})["Count"] == 0


@pytest.mark.parametrize(
    "actions", [[put(str(n)) for n in range(100)], [fill(str(n), 390) for n in range(10)]]
)
def test_transaction_that_is_just_small_enough(engine: Engine, actions: list[Any]) -> None:
    ask(engine, "TransactWriteItems", {"TransactItems": actions})


@pytest.mark.parametrize("count", [0, 101])
def test_batch_of_too_many_keys(engine: Engine, count: int) -> None:
    keys = [make_key(f"k{number}") for number in range(count)]
    assert (
        refuse(engine, "BatchGetItem", {"RequestItems": {"images": {"Keys": keys}}}) == "ValidationException"
    )


def test_batch_of_one_key_twice(engine: Engine) -> None:
    keys = [make_key("a"), make_key("a")]
    assert (
        refuse(engine, "BatchGetItem", {"RequestItems": {"images": {"Keys": keys}}}) == "ValidationException"
    )


def test_batch_leaves_keys_for_later_after_16_mb(engine: Engine) -> None:
    sorts = [f"k{number}" for number in range(50)]
    for sort in sorts:
        ask(engine, "PutItem", fill(sort, 400)["Put"])
    request = {"Keys": [make_key(sort) for sort in sorts], "ProjectionExpression": "pk, sk"}
    answer = ask(engine, "BatchGetItem", {"RequestItems": {"images": request}})
    rest = ask(engine, "BatchGetItem", {"RequestItems": answer["UnprocessedKeys"]})
    items = answer["Responses"]["images"] + rest["Responses"]["images"]
    assert len(answer["Responses"]["images"]) == 16 * MB // (400 * KB)
    assert sorted(item["sk"]["S"] for item in items) == sorted(sorts)
    assert rest["UnprocessedKeys"] == {}


@pytest.mark.parametrize("sorts", [[], [f"k{number}" for number in range(26)], ["a", "a"]])
def test_batch_of_writes_that_is_refused(engine: Engine, sorts: list[str]) -> None:
    requests = [{"PutRequest": {"Item": put(sort)["Put"]["Item"]}} for sort in sorts]
    assert refuse(engine, "BatchWriteItem", {"RequestItems": {"images": requests}}) == "ValidationException"


def test_item_of_more_than_400_kb(engine: Engine) -> None:
    assert refuse(engine, "PutItem", put("a", x={"S": "x" * 400 * KB})["Put"]) == "ValidationException"


def test_update_to_more_than_400_kb_cancels_a_transaction(engine: Engine) -> None:
    ask(engine, "PutItem", fill("a", 400)["Put"])
    values = {":x": {"S": "x" * 100}}
    update = read("a") | {"UpdateExpression": "SET y = :x", "ExpressionAttributeValues": values}
    assert refuse(engine, "UpdateItem", update) == "ValidationException"
    _, body = engine.respond("TransactWriteItems", {"TransactItems": [put("b"), {"Update": update}]})
    assert [reason["Code"] for reason in body["CancellationReasons"]] == ["None", "ValidationError"]


@pytest.mark.parametrize("direction", [True, False])
def test_page_ends_with_the_item_that_fills_a_megabyte(engine: Engine, *, direction: bool) -> None:
    for sort in "abcdef":
        ask(engine, "PutItem", fill(sort, 300)["Put"])
    first = ask(engine, "Query", query(ScanIndexForward=direction))
    rest = ask(
        engine, "Query", query(ScanIndexForward=direction, ExclusiveStartKey=first["LastEvaluatedKey"])
    )
    assert (first["Count"], rest["Count"]) == (4, 2)
    assert "LastEvaluatedKey" not in rest


def test_pages_of_a_scan_show_everything_once(engine: Engine) -> None:
    keys = [(pk, sk) for pk in "pqrs" for sk in "abc"]
    for pk, sk in keys:
        ask(engine, "PutItem", {"TableName": "images", "Item": {"pk": {"S": pk}, "sk": {"S": sk}}})
    seen: list[tuple[str, str]] = []
    start: dict[str, Any] | None = {}
    while start is not None:
        page = ask(engine, "Scan", {"TableName": "images", "Limit": 5} | start)
        seen += [(item["pk"]["S"], item["sk"]["S"]) for item in page["Items"]]
        last = page.get("LastEvaluatedKey")
        start = {"ExclusiveStartKey": last} if last else None
    assert sorted(seen) == keys


def test_scan_goes_on_after_a_row_that_is_gone(engine: Engine) -> None:
    for sort in "abc":
        ask(engine, "PutItem", put(sort)["Put"])
    last = ask(engine, "Scan", {"TableName": "images", "Limit": 2})["LastEvaluatedKey"]
    ask(engine, "DeleteItem", {"TableName": "images", "Key": last})
    page = ask(engine, "Scan", {"TableName": "images", "ExclusiveStartKey": last})
    assert [item["sk"]["S"] for item in page["Items"]] == ["c"]


@pytest.mark.parametrize(("limit", "has_more"), [(1, True), (2, True), (3, False)])
def test_limit_that_was_reached_promises_more(engine: Engine, limit: int, *, has_more: bool) -> None:
    """Even if nothing follows."""
    for sort in "ab":
        ask(engine, "PutItem", put(sort)["Put"])
    for operation, request in (("Query", query()), ("Scan", {"TableName": "images"})):
        assert ("LastEvaluatedKey" in ask(engine, operation, request | {"Limit": limit})) is has_more


@pytest.mark.parametrize(
    "key",
    [
        {"pk": {"S": ""}, "sk": {"S": "a"}},
        {"pk": {"S": "p"}, "sk": {"S": ""}},
        {"pk": {"S": "é" * 1025}, "sk": {"S": "a"}},
        {"pk": {"S": "p"}, "sk": {"S": "é" * 513}},
        {"pk": {"S": "p"}},
        {"pk": {"N": "1"}, "sk": {"S": "a"}},
    ],
)
def test_key_that_no_row_may_have(engine: Engine, key: dict[str, Any]) -> None:
    for operation, request in (
        ("PutItem", {"Item": key}),
        ("GetItem", {"Key": key}),
        ("DeleteItem", {"Key": key}),
        ("UpdateItem", {"Key": key}),
    ):
        assert refuse(engine, operation, {"TableName": "images", **request}) == "ValidationException"


def test_key_with_the_greatest_length(engine: Engine) -> None:
    key = {"pk": {"S": "é" * 1024}, "sk": {"S": "é" * 512}}
    ask(engine, "PutItem", {"TableName": "images", "Item": key})


@pytest.mark.parametrize(
    "value",
    [
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"N": "1" * 39},
        {"N": "1e126"},
        {"N": "1e-131"},
        {"N": "NaN"},
        {"N": ""},
        {"NULL": False},
        {"B": "?"},
        {"S": "a", "N": "1"},
        {"X": "a"},
        {},
        {"L": [{"SS": []}]},
    ],
)
def test_value_that_no_item_may_have(engine: Engine, value: dict[str, Any]) -> None:
    assert refuse(engine, "PutItem", put("a", x=value)["Put"]) == "ValidationException"


def test_nesting_has_an_end(engine: Engine) -> None:
    value: dict[str, Any] = {"S": "a"}
    for _ in range(32):
        value = {"L": [value]}
    ask(engine, "PutItem", put("a", x=value)["Put"])
    assert refuse(engine, "PutItem", put("a", x={"L": [value]})["Put"]) == "ValidationException"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1.50", "1.5"),
        ("-0", "0"),
        ("007", "7"),
        ("1E3", "1000"),
        ("1.2e-3", "0.0012"),
        (".5", "0.5"),
        ("1" * 38, "1" * 38),
        ("1e125", "1" + "0" * 125),
    ],
)
def test_number_is_stored_in_one_form(engine: Engine, written: str, stored: str) -> None:
    ask(engine, "PutItem", put("a", x={"N": written})["Put"])
    assert get(engine, "a")["x"] == {"N": stored}


def test_unknown_parameter_is_no_silent_success(engine: Engine) -> None:
    with pytest.raises(NotImplementedError):
        engine.respond("Query", query(IndexName="index"))
