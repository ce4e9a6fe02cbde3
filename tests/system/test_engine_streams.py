"""The engine's tables: their streams, the rows that end, and what tables say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import Clock
from tests.support.engine import add, ask, delete, get, make_key, put, read, refuse

if TYPE_CHECKING:
    from tests.support.dynamodb.engine import Engine

NOW = 1_800_000_000
YEAR = 365 * 86400


@pytest.fixture(autouse=True)
def _tables(dynamodb: object) -> None:
    del dynamodb  # its tables are there


def create(engine: Engine, view: str | None) -> None:
    specification = {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}
    ask(
        engine,
        "CreateTable",
        {
            "TableName": "viewed",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
            "StreamSpecification": specification,
        },
    )


def take_names(engine: Engine) -> list[tuple[str, str]]:
    records = engine.take_records("images")
    return [(record["eventName"], record["dynamodb"]["Keys"]["sk"]["S"]) for record in records]


def test_stream_tells_of_every_kind_of_write(engine: Engine) -> None:
    ask(engine, "PutItem", put("a", n=1)["Put"])
    ask(engine, "UpdateItem", add("a")["Update"])
    ask(engine, "TransactWriteItems", {"TransactItems": [put("b"), delete("a")]})
    ask(engine, "BatchWriteItem", {"RequestItems": {"images": [{"DeleteRequest": {"Key": make_key("b")}}]}})
    assert take_names(engine) == [
        ("INSERT", "a"),
        ("MODIFY", "a"),
        ("INSERT", "b"),
        ("REMOVE", "a"),
        ("REMOVE", "b"),
    ]
    assert engine.take_records("images") == engine.streams["images"] == []


def test_write_that_changes_nothing_is_no_event(engine: Engine) -> None:
    ask(engine, "PutItem", put("a", n=1)["Put"])
    ask(engine, "PutItem", put("a", n=1)["Put"])
    ask(engine, "DeleteItem", delete("z")["Delete"])
    assert take_names(engine) == [("INSERT", "a")]


def test_record_is_what_lambda_gets(engine: Engine) -> None:
    engine.clock = Clock(NOW + 0.7)
    ask(engine, "PutItem", put("a", n=1)["Put"])
    ask(engine, "PutItem", put("a", n=2)["Put"])
    first, second = engine.take_records("images")
    change = second["dynamodb"]
    assert (second["eventSource"], second["eventName"]) == ("aws:dynamodb", "MODIFY")
    assert change["ApproximateCreationDateTime"] == NOW
    assert change["Keys"] == make_key("a")
    assert change["OldImage"] == put("a", n=1)["Put"]["Item"]
    assert change["NewImage"] == put("a", n=2)["Put"]["Item"]
    assert change["SizeBytes"] == 6 + 2 * (6 + 3)
    assert change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert first["eventID"] != second["eventID"]
    assert int(first["dynamodb"]["SequenceNumber"]) < int(change["SequenceNumber"])
    assert "userIdentity" not in second


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_stream_shows_what_its_view_shows(engine: Engine, view: str, images: set[str]) -> None:
    create(engine, view)
    for text in "ab":
        ask(engine, "PutItem", {"TableName": "viewed", "Item": {"id": {"N": "1"}, "s": {"S": text}}})
    _, record = engine.take_records("viewed")
    assert record["dynamodb"].keys() & {"NewImage", "OldImage"} == images


def test_table_without_a_stream_has_no_records(engine: Engine) -> None:
    create(engine, None)
    assert "viewed" not in engine.streams


def test_rows_stay_after_their_end_until_the_sweep(engine: Engine) -> None:
    ends = {"a": NOW - 1, "b": NOW, "c": NOW + 1, "d": NOW - 6 * YEAR}
    for sort, end in ends.items():
        ask(engine, "PutItem", put(sort, expires_at={"N": str(end)})["Put"])
    ask(engine, "PutItem", put("e", expires_at={"S": "0"})["Put"])
    ask(engine, "PutItem", put("f")["Put"])
    assert get(engine, "a")
    engine.take_records("images")
    assert engine.sweep(NOW) == 1
    assert get(engine, "a") is None
    (record,) = engine.take_records("images")
    assert record["eventName"] == "REMOVE"
    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert record["dynamodb"]["OldImage"]["expires_at"] == {"N": str(NOW - 1)}


def test_sweep_costs_nothing(engine: Engine) -> None:
    ask(engine, "PutItem", put("a", expires_at={"N": str(NOW)})["Put"])
    engine.consumed.clear()
    assert engine.sweep(NOW + 1) == 1
    assert engine.consumed == []


def test_sweep_spares_what_a_transaction_holds(engine: Engine) -> None:
    ask(engine, "PutItem", put("a", expires_at={"N": str(NOW - 1)})["Put"])
    swept: list[int] = []

    def sweep() -> float:
        swept.append(engine.sweep(NOW))
        return 0

    engine.transaction_seconds = sweep
    ask(engine, "TransactWriteItems", {"TransactItems": [put("a", expires_at={"N": str(NOW + 9)})]})
    assert swept == [0]
    assert get(engine, "a")


def test_end_of_rows_is_switched_once(engine: Engine) -> None:
    request: dict[str, Any] = {
        "TableName": "images",
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": False},
    }
    description = ask(engine, "DescribeTimeToLive", {"TableName": "images"})["TimeToLiveDescription"]
    assert description == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    ask(engine, "UpdateTimeToLive", request)
    assert refuse(engine, "UpdateTimeToLive", request) == "ValidationException"
    ask(engine, "PutItem", put("a", expires_at={"N": str(NOW)})["Put"])
    assert engine.sweep(NOW + 1) == 0


def test_tables_are_made_listed_described_and_deleted(engine: Engine) -> None:
    create(engine, "KEYS_ONLY")
    ask(engine, "PutItem", {"TableName": "viewed", "Item": {"id": {"N": "1"}}})
    table = ask(engine, "DescribeTable", {"TableName": "viewed"})["Table"]
    assert (table["TableStatus"], table["ItemCount"], table["TableSizeBytes"]) == ("ACTIVE", 1, 4)
    names = ask(engine, "ListTables", {"Limit": 3})
    assert names == {"TableNames": ["idempotency", "images", "items"], "LastEvaluatedTableName": "items"}
    ask(engine, "DeleteTable", {"TableName": "viewed"})
    assert refuse(engine, "DescribeTable", {"TableName": "viewed"}) == "ResourceNotFoundException"
    assert refuse(engine, "GetItem", read("a") | {"TableName": "viewed"}) == "ResourceNotFoundException"


def test_table_is_made_once(engine: Engine) -> None:
    create(engine, None)
    with pytest.raises(AssertionError, match="ResourceInUseException"):
        create(engine, None)


def test_empty_engine_keeps_its_tables(engine: Engine) -> None:
    ask(engine, "PutItem", put("a")["Put"])
    engine.empty()
    assert get(engine, "a") is None
    assert engine.streams["images"] == []
    assert [each.operation for each in engine.consumed] == ["GetItem"]


def test_numbers_order_rows_by_their_value(engine: Engine) -> None:
    ask(
        engine,
        "CreateTable",
        {
            "TableName": "numbered",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "B"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
        },
    )
    for number in ("10", "9", "-1", "0.5"):
        ask(engine, "PutItem", {"TableName": "numbered", "Item": {"pk": {"B": "AAAA"}, "sk": {"N": number}}})
    request = {
        "TableName": "numbered",
        "KeyConditionExpression": "pk = :p AND sk < :ten",
        "ExpressionAttributeValues": {":p": {"B": "AAAA"}, ":ten": {"N": "10.0"}},
        "ScanIndexForward": False,
    }
    assert [item["sk"]["N"] for item in ask(engine, "Query", request)["Items"]] == ["9", "0.5", "-1"]
