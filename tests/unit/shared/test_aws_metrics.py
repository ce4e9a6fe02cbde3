"""Calls that are unusual are counted: throttled ones, conflicts, and those that are made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from shared.aws import create_client, note_call
from shared.metrics import Metrics
from tests.conftest import create_tables
from tests.support.faults import Extent, Fault, break_calls, detach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.dynamodb.engine import Engine

KEY: Any = {"pk": {"S": "a"}, "sk": {"S": "a"}}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("a", "api")


@pytest.fixture
def client(engine: Engine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    del engine
    monkeypatch.setattr("time.sleep", lambda _: None)
    client = create_client("dynamodb", metrics=metrics)
    create_tables(client)
    yield client
    detach(client)


def read(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    metrics.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {name: values[0] for line in lines for name, values in line.items() if isinstance(values, list)}


def test_usual_calls_count_nothing(
    client: DynamoDBClient, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    client.put_item(TableName="images", Item=KEY)
    with pytest.raises(ClientError):
        client.put_item(TableName="images", Item=KEY, ConditionExpression="attribute_not_exists(pk)")
    assert read(metrics, capsys) == {}


@pytest.mark.parametrize(
    ("extent", "expected"), [(Extent.ONCE, {"Retries": 1}), (Extent.ALWAYS, {"Throttles": 1, "Retries": 2})]
)
def test_call_that_is_throttled_counts_with_its_tries(
    client: DynamoDBClient,
    metrics: Metrics,
    capsys: pytest.CaptureFixture[str],
    extent: Extent,
    expected: dict[str, float],
) -> None:
    break_calls(client, "GetItem", Fault.THROTTLED, extent)
    if extent is Extent.ALWAYS:
        with pytest.raises(ClientError):
            client.get_item(TableName="images", Key=KEY)
    else:
        client.get_item(TableName="images", Key=KEY)
    assert read(metrics, capsys) == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"Error": {"Code": "TransactionConflictException"}}, {"Conflicts": 1}),
        ({"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]}, {"Conflicts": 1}),
        ({"CancellationReasons": [{"Code": "ThrottlingError"}]}, {"Throttles": 1}),
        ({"CancellationReasons": [{"Code": "ConditionalCheckFailed"}]}, {}),
        (
            {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"RetryAttempts": 2}},
            {"Throttles": 1, "Retries": 2},
        ),
        ({"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"RetryAttempts": 0}}, {}),
    ],
)
def test_reasons_of_refused_calls_are_told_apart(
    metrics: Metrics,
    capsys: pytest.CaptureFixture[str],
    response: dict[str, Any],
    expected: dict[str, float],
) -> None:
    note_call(metrics, response)
    assert read(metrics, capsys) == expected
