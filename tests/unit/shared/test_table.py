from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from shared.aws import MAX_ATTEMPTS
from shared.errors import Contended, Throttled, Unavailable
from shared.items import Item
from shared.transactions import ConditionFailed, Transaction
from tests.support.faults import break_calls
from tests.support.handlers import listen
from tests.support.images import START, make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table

KEY = ("IMAGE#1", "IMAGE")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def fail(code: str, status: int = 400, **more: Any) -> ClientError:  # noqa: ANN401 - of the response
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(response, "Operation")


def test_mistake_in_a_call_is_no_fault_of_aws(table: Table) -> None:
    with pytest.raises(ParamValidationError):
        table.query_entries("P", "!", "~", descending=False, limit="many")  # type: ignore[arg-type] # the mistake


def test_row_comes_back_as_the_model_that_was_written(table: Table) -> None:
    image = make_image(tags=("a",), description="x")
    table.transact(Transaction().add(KEY, image))
    assert type(image).model_validate(table.get(KEY)) == image


@pytest.mark.parametrize("number", [0, -1, 1.5, 1e-300, 1e300, 10**100])
def test_numbers_of_json_survive_dynamodb(table: Table, number: float) -> None:
    item = Item(id="1", name="a", attributes={"number": number}, created_at=START, updated_at=START)
    table.transact(Transaction().add(KEY, item))
    assert Item.model_validate(table.get(KEY)) == item


def test_add_over_an_existing_row_fails(table: Table) -> None:
    table.transact(Transaction().add(KEY, make_image()))
    with pytest.raises(ConditionFailed):
        table.transact(Transaction().add(KEY, make_image()).put_entries({("P", "1"): None}))
    assert table.query_entries("P", "!", "~", descending=False, limit=5) == ([], False)


@pytest.mark.parametrize("operation", ["GetItem", "Query", "BatchGetItem", "TransactWriteItems"])
def test_outage_is_unavailable(dynamodb: DynamoDBClient, table: Table, operation: str) -> None:
    break_calls(dynamodb, operation)
    calls: dict[str, Callable[[], object]] = {
        "GetItem": lambda: table.get(KEY),
        "Query": lambda: table.query_entries("P", "!", "~", descending=False, limit=5),
        "BatchGetItem": lambda: table.get_many([KEY]),
        "TransactWriteItems": lambda: table.transact(Transaction().add(KEY, make_image())),
    }
    with pytest.raises(Unavailable):
        calls[operation]()


def test_all_tries_of_a_transaction_carry_one_token(dynamodb: DynamoDBClient, table: Table) -> None:
    """By it DynamoDB knows a retry after a lost response."""
    fault = break_calls(dynamodb, "TransactWriteItems")
    with pytest.raises(Unavailable):
        table.transact(Transaction().add(KEY, make_image()))
    assert fault.tries == MAX_ATTEMPTS
    assert len({json.loads(body)["ClientRequestToken"] for body in fault.bodies}) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (fail("ThrottlingException"), Throttled),
        (fail("InternalServerError", 500), Unavailable),
        (fail("OperationAborted", 409), Unavailable),
        (fail("AccessDeniedException"), ClientError),
    ],
)
def test_errors_of_aws_become_errors_of_the_domain_where_they_pass(
    table: Table, monkeypatch: pytest.MonkeyPatch, error: ClientError, expected: type[Exception]
) -> None:
    def raise_error(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", raise_error)
    with pytest.raises(expected):
        table.get(KEY)


@pytest.mark.parametrize("conflicts", [1, 3, 100])
def test_conflict_of_transactions_is_tried_again_a_few_times(
    dynamodb: DynamoDBClient,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    no_pauses: list[float],
    conflicts: int,
) -> None:
    left = iter(range(conflicts))
    tokens = set()
    make_call = dynamodb._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - to stand in between

    def conflict(operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        tokens.add(params.get("ClientRequestToken"))
        if next(left, None) is not None:
            error = fail(
                "TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}]
            )
            raise dynamodb.exceptions.TransactionCanceledException(error.response, operation)
        return make_call(operation, params)

    monkeypatch.setattr(dynamodb, "_make_api_call", conflict)
    transaction = Transaction().add(KEY, make_image())
    if conflicts < 100:
        table.transact(transaction)
        assert len(no_pauses) == conflicts + 1
    else:
        with pytest.raises(Contended):
            table.transact(transaction)
    assert len(tokens) == 1


def test_keys_that_a_batch_left_out_are_asked_for_again(dynamodb: DynamoDBClient, table: Table) -> None:
    keys = [("IMAGE#1", "IMAGE"), ("IMAGE#2", "IMAGE")]
    for key in keys:
        table.transact(Transaction().add(key, make_image()))
    asked = []

    def note_keys(params: dict[str, Any], **_: object) -> None:
        asked_for = params["RequestItems"]["images"]["Keys"]
        asked.append(len(asked_for))

    def leave_one_out(parsed: dict[str, Any], **_: object) -> None:
        rows = parsed["Responses"]["images"]
        if len(rows) > 1:
            row = rows.pop()
            parsed["UnprocessedKeys"] = {"images": {"Keys": [{name: row[name] for name in ("pk", "sk")}]}}

    listen(dynamodb, "before-parameter-build.dynamodb.BatchGetItem", note_keys)
    listen(dynamodb, "after-call.dynamodb.BatchGetItem", leave_one_out)
    assert set(table.get_many(keys)) == set(keys)
    assert asked == [2, 1]


def test_batch_that_is_never_served_is_throttled(dynamodb: DynamoDBClient, table: Table) -> None:
    def serve_nothing(parsed: dict[str, Any], **_: object) -> None:
        parsed["UnprocessedKeys"] = {"images": {"Keys": [{"pk": {"S": KEY[0]}, "sk": {"S": KEY[1]}}]}}

    listen(dynamodb, "after-call.dynamodb.BatchGetItem", serve_nothing)
    with pytest.raises(Throttled):
        table.get_many([KEY])


def test_empty_batch_asks_nothing(dynamodb: DynamoDBClient, table: Table) -> None:
    fault = break_calls(dynamodb, "BatchGetItem")
    assert table.get_many([]) == {}
    assert fault.tries == 0


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_throttled_transaction_is_throttled(
    dynamodb: DynamoDBClient, table: Table, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def throttle(operation: str, _: object) -> None:
        error = fail("TransactionCanceledException", CancellationReasons=[{"Code": "None"}, {"Code": code}])
        raise dynamodb.exceptions.TransactionCanceledException(error.response, operation)

    monkeypatch.setattr(dynamodb, "_make_api_call", throttle)
    with pytest.raises(Throttled):
        table.transact(Transaction().add(KEY, make_image()))
