"""Writes of a table: their conditions, their failures, and how long they are tried."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from shared.errors import Conflict, Throttled
from shared.models import Item
from shared.quotas import Usage
from shared.records import Claim
from shared.table import ConditionFailed, Table, Transaction, dump, make_pauses
from tests.support.images import START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY, OTHER, THIRD = ("ITEM#1", "ITEM"), ("ITEM#2", "ITEM"), ("ITEM#3", "ITEM")
NOW = datetime(2026, 1, 1, 12, 0, 30, 500_000, tzinfo=UTC)
LONGEST_PAUSES = [0, 0.05, 0.1, 0.2, 0.4, *[0.8] * 10]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing waits."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


def make_item(version: int = 1, **fields: Any) -> Item:  # noqa: ANN401 - any field of an item
    return Item(id="1", name="a", created_at=START, updated_at=START, version=version, **fields)


class Taken(Exception):
    """The failure of one write among others."""


class Full(Exception):
    """The failure of another one."""


def respond(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, *reasons: list[str] | str
) -> list[str]:
    """Let each call be cancelled for its reasons, or fail with a code. Then let calls succeed."""
    left, tokens = iter(reasons), []

    def call(operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        tokens.append(params["ClientRequestToken"])
        reason = next(left, None)
        if reason is None:
            return {}
        code = reason if isinstance(reason, str) else "TransactionCanceledException"
        response: Any = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": 400},
            "CancellationReasons": [{"Code": part} for part in reason],
        }
        raise getattr(dynamodb.exceptions, code)(response, operation)

    monkeypatch.setattr(dynamodb, "_make_api_call", call)
    return tokens


def test_row_is_replaced_and_deleted_at_its_version_only(table: Table) -> None:
    table.transact(Transaction().add(KEY, make_item(3)))
    for transaction in (
        Transaction().replace(KEY, make_item(4), version=2),
        Transaction().delete(KEY, version=2),
        Transaction().replace(OTHER, make_item(), version=1),
        Transaction().delete(OTHER, version=1),
    ):
        with pytest.raises(ConditionFailed):
            table.transact(transaction)
    table.transact(Transaction().replace(KEY, make_item(4), version=3))
    assert (table.get(KEY) or {})["version"] == 4
    table.transact(Transaction().delete(KEY, version=4))
    assert table.get(KEY) is None


@pytest.mark.parametrize(
    ("key", "version", "holds"),
    [(KEY, 3, True), (KEY, 2, False), (KEY, None, False), (OTHER, None, True), (OTHER, 1, False)],
)
def test_requirement_of_a_version_writes_nothing(
    table: Table, key: tuple[str, str], version: int | None, holds: bool
) -> None:
    table.transact(Transaction().add(KEY, make_item(3)))
    transaction = Transaction().require(key, version=version).put_entries({("P", "1"): None})
    if holds:
        table.transact(transaction)
    else:
        with pytest.raises(ConditionFailed):
            table.transact(transaction)
    entries, _ = table.query_entries("P", "!", "~", descending=False, limit=5)
    assert entries == ([("1", None)] if holds else [])
    assert (table.get(KEY) or {})["version"] == 3


@pytest.mark.parametrize(("end", "is_free"), [(-1, True), (0, False), (1, False)])
def test_claim_is_free_a_second_after_its_end(table: Table, end: int, is_free: bool) -> None:
    first = Claim(record_id="1", expires_at=int(NOW.timestamp()) + end)
    second = Claim(record_id="2", expires_at=first.expires_at)
    table.transact(Transaction().claim(KEY, first, now=NOW, failure=Taken))
    transaction = Transaction().claim(KEY, second, now=NOW, failure=Taken)
    if is_free:
        table.transact(transaction)
    else:
        with pytest.raises(Taken):
            table.transact(transaction)
    assert (table.get(KEY) or {})["record_id"] == ("2" if is_free else "1")


@pytest.mark.parametrize(
    ("limits", "is_full"),
    [
        ({}, False),
        ({"images": 2, "bytes": 20}, False),
        ({"images": 1, "bytes": 20}, True),
        ({"images": 2, "bytes": 19}, True),
        ({"bytes": 20}, False),
    ],
)
def test_counters_grow_while_none_is_above_its_limit(
    table: Table, limits: dict[str, int], is_full: bool
) -> None:
    table.transact(Transaction().count(KEY, {"images": 2, "bytes": 20}, {}, failure=Full))
    transaction = Transaction().count(KEY, {"images": 1, "bytes": 10}, limits, failure=Full)
    if is_full:
        with pytest.raises(Full):
            table.transact(transaction)
    else:
        table.transact(transaction)
    expected = Usage(images=2, bytes=20) if is_full else Usage(images=3, bytes=30)
    assert Usage.model_validate(table.get(KEY)) == expected


@pytest.mark.parametrize(
    ("row", "claim", "limit", "failure"),
    [(KEY, OTHER, 0, ConditionFailed), (THIRD, KEY, 0, Taken), (THIRD, OTHER, -1, Full)],
)
def test_failure_is_that_of_the_write_whose_condition_does_not_hold(
    table: Table, row: tuple[str, str], claim: tuple[str, str], limit: int, failure: type[Exception]
) -> None:
    held = Claim(record_id="1", expires_at=2**33)
    table.transact(
        Transaction()
        .claim(KEY, held, now=NOW, failure=Taken)
        .count(("U", "USAGE"), {"images": 0}, {}, failure=Full)
    )
    transaction = (
        Transaction()
        .add(row, make_item())
        .put_entries({("P", "1"): None})
        .claim(claim, held, now=NOW, failure=Taken)
        .count(("U", "USAGE"), {"images": 1}, {"images": limit}, failure=Full)
    )
    with pytest.raises(failure):
        table.transact(transaction)
    assert table.get(("P", "1")) is None


def test_entries_are_deleted_and_others_stay(table: Table) -> None:
    table.transact(Transaction().put_entries({("P", key): None for key in "abc"}))
    table.transact(Transaction().delete_entries([("P", "a"), ("P", "c"), ("P", "missing")]))
    entries, _ = table.query_entries("P", "!", "~", descending=False, limit=5)
    assert entries == [("b", None)]


@pytest.mark.parametrize(
    ("reasons", "tries"),
    [
        ([], 1),
        ([["None", "TransactionConflict"]], 2),
        ([["ThrottlingError"], ["ProvisionedThroughputExceeded"]], 3),
        (["TransactionInProgressException"] * 2, 3),
    ],
)
def test_write_that_others_hold_up_is_tried_again_under_one_token(
    dynamodb: DynamoDBClient,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    reasons: list[Any],
    tries: int,
) -> None:
    tokens = respond(dynamodb, monkeypatch, *reasons)
    table.transact(Transaction().add(KEY, make_item()))
    assert len(tokens) == tries
    assert len({*tokens}) == 1


def test_each_transaction_has_a_token_of_its_own(
    dynamodb: DynamoDBClient, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = respond(dynamodb, monkeypatch)
    for _ in range(3):
        table.transact(Transaction().add(KEY, make_item()))
    assert len({*tokens}) == 3


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        ([["TransactionConflict"]] * 500, Conflict),
        ([["ThrottlingError"]] * 500, Throttled),
        ([["ThrottlingError"], *[["TransactionConflict"]] * 500], Conflict),
        ([["TransactionConflict"], *[["ThrottlingError", "TransactionConflict"]] * 500], Throttled),
        (["TransactionInProgressException"] * 500, Conflict),
        ([["ConditionalCheckFailed", "TransactionConflict"]], ConditionFailed),
        ([["None", "ValidationError"]], ClientError),
        (["IdempotentParameterMismatchException"], ClientError),
    ],
)
def test_last_obstacle_is_raised(
    dynamodb: DynamoDBClient,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    reasons: list[Any],
    error: type[Exception],
) -> None:
    tokens = respond(dynamodb, monkeypatch, *reasons)
    with pytest.raises(error):
        table.transact(Transaction().add(KEY, make_item()))
    assert (len(tokens) > 10) == (len(reasons) > 10)
    assert len(tokens) < 500


@pytest.mark.parametrize("luck", [0.0, 1.0])
def test_pauses_double_and_end_after_8_seconds(monkeypatch: pytest.MonkeyPatch, luck: float) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: low + luck * (high - low))
    made = [*make_pauses()]
    if luck:
        assert [round(pause, 9) for pause in made] == LONGEST_PAUSES
        assert 8 <= sum(made) < 9
    else:
        assert made == [0] * (1 + round(8 / 0.025))  # each counts for something, so that they end


def test_pauses_are_spread_by_chance() -> None:
    assert len({tuple(make_pauses()) for _ in range(5)}) == 5


def test_model_becomes_a_row_without_what_is_none() -> None:
    row = dump(make_item(description=None, attributes={"x": None}))
    assert row == {
        "id": "1",
        "name": "a",
        "attributes": '{"x": null}',
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
        "version": 1,
    }
