"""Writes of a table: their conditions, their failures, and how long they are tried."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from shared.errors import Contended, Throttled
from shared.items import Item
from shared.records import Claim
from shared.transactions import ConditionFailed, Transaction
from tests.support.images import START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table

KEY, OTHER, THIRD = ("ITEM#1", "ITEM"), ("ITEM#2", "ITEM"), ("ITEM#3", "ITEM")
NOW = datetime(2026, 1, 1, 12, 0, 30, 500_000, tzinfo=UTC)


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


@pytest.mark.parametrize(("row", "claim", "failure"), [(KEY, OTHER, ConditionFailed), (THIRD, KEY, Taken)])
def test_failure_is_that_of_the_write_whose_condition_does_not_hold(
    table: Table, row: tuple[str, str], claim: tuple[str, str], failure: type[Exception]
) -> None:
    held = Claim(record_id="1", expires_at=2**33)
    table.transact(Transaction().claim(KEY, held, now=NOW, failure=Taken))
    transaction = (
        Transaction()
        .add(row, make_item())
        .put_entries({("P", "1"): None})
        .claim(claim, held, now=NOW, failure=Taken)
    )
    with pytest.raises(failure):
        table.transact(transaction)
    assert table.get(("P", "1")) is None


def test_single_row_is_added_once(table: Table) -> None:
    table.add(KEY, make_item(3))
    table.add(KEY, make_item(3))  # the try after a lost response
    with pytest.raises(ConditionFailed) as raised:
        table.add(KEY, make_item(4))
    assert (raised.value.row or {})["version"] == 3


@pytest.mark.parametrize(("version", "is_changed"), [(3, True), (2, False)])
def test_attributes_of_a_row_are_changed_if_the_condition_holds(
    table: Table, version: int, is_changed: bool
) -> None:
    table.add(KEY, make_item(3))
    values = {"version": version, "name": "b", "next": 4}

    def update() -> None:
        table.update(KEY, "SET #name = :name, #version = :next", values, condition="#version = :version")

    if is_changed:
        update()
    else:
        with pytest.raises(ConditionFailed) as raised:
            update()
        assert (raised.value.row or {})["name"] == "a"
    assert (table.get(KEY) or {})["name"] == ("b" if is_changed else "a")


def test_condition_on_a_missing_row_fails_without_a_row(table: Table) -> None:
    with pytest.raises(ConditionFailed) as raised:
        table.update(KEY, "SET #name = :name", {"name": "b"}, condition="attribute_exists(pk)")
    assert raised.value.row is None
    assert table.get(KEY) is None


@pytest.mark.parametrize(("conflicts", "is_written"), [(1, True), (4, True), (500, False)])
@pytest.mark.parametrize("write", ["add", "update"])
def test_single_write_waits_for_a_transaction_that_holds_its_row(  # noqa: PLR0913, PLR0917 - rows and fixtures
    dynamodb: DynamoDBClient,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    write: str,
    conflicts: int,
    is_written: bool,
) -> None:
    left = iter(range(conflicts))
    make_call: Any = dynamodb._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - to stand in between

    def conflict(operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        if operation != "GetItem" and next(left, None) is not None:
            response: Any = {
                "Error": {"Code": "TransactionConflictException"},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(response, operation)
        return make_call(operation, params)

    monkeypatch.setattr(dynamodb, "_make_api_call", conflict)

    def run() -> None:
        if write == "add":
            table.add(KEY, make_item())
        else:
            table.update(KEY, "SET #name = :name", {"name": "b"}, condition="attribute_not_exists(#name)")

    if is_written:
        run()
        assert len(pauses) == conflicts + 1
    else:
        with pytest.raises(Contended):
            run()
    assert (table.get(KEY) is not None) is is_written


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
        ([["TransactionConflict"]] * 500, Contended),
        ([["ThrottlingError"]] * 500, Throttled),
        ([["ThrottlingError"], *[["TransactionConflict"]] * 500], Contended),
        ([["TransactionConflict"], *[["ThrottlingError", "TransactionConflict"]] * 500], Throttled),
        (["TransactionInProgressException"] * 500, Contended),
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
