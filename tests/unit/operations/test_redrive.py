from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from operations.redrive import Redrive, redrive

OUTPUTS = {
    "FailureQueueUrl": "https://queue",
    "ProcessorFunctionName": "processor",
    "ChangesFunctionName": "changes",
}
BATCH = {
    "streamArn": "arn:stream",
    "shardId": "shard",
    "startSequenceNumber": "7",
    "endSequenceNumber": "9",
    "batchSize": 2,
}
COUNTERS = {"8"}
AT = datetime(2026, 1, 1, tzinfo=UTC)


class Forgotten(Exception):
    """The stream does not hold the records any more."""


class Gone(Exception):
    """There is no such shard any more."""


@dataclass
class Aws:
    """A queue whose messages come in pages, the functions, and a stream."""

    bodies: list[Any]
    per_page: int = 10
    fails: bool = False
    failure: Any = None
    """The response of the function of changes, if it cannot follow them."""
    stream: list[str] = field(default_factory=list)
    """Sequence numbers of its records."""
    steps: list[tuple[str, Any]] = field(default_factory=list)
    received: int = 0
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(
            TrimmedDataAccessException=Forgotten, ResourceNotFoundException=Gone
        )
    )

    def client(self, service: str) -> Aws:
        assert service in {"sqs", "lambda", "dynamodbstreams"}
        return self

    def receive_message(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of boto3
        assert options["QueueUrl"] == "https://queue"
        assert options["MaxNumberOfMessages"] == 10
        assert options["VisibilityTimeout"] == 600
        page = self.bodies[self.received : self.received + self.per_page]
        messages = [
            {
                "Body": json.dumps(body),
                "ReceiptHandle": str(self.received + number),
                "MessageId": str(self.received + number),
            }
            for number, body in enumerate(page)
        ]
        self.received += len(page)
        return {"Messages": messages} if messages else {}

    def invoke(self, **options: Any) -> Any:  # noqa: ANN401 - of boto3
        if self.fails:
            raise ConnectionError
        if options["FunctionName"] == "changes":
            assert "InvocationType" not in options, "it would not wait for the outcome"
            self.steps.append(("followed", json.loads(options["Payload"])))
            return self.failure or {"Payload": BytesIO(b'{"batchItemFailures": []}')}
        assert (options["FunctionName"], options["InvocationType"]) == ("processor", "Event")
        self.steps.append(("sent", json.loads(options["Payload"])))
        return None

    def delete_message(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert options["QueueUrl"] == "https://queue"
        self.steps.append(("deleted", options["ReceiptHandle"]))

    def get_shard_iterator(self, **options: Any) -> Any:  # noqa: ANN401 - of boto3
        assert (options["StreamArn"], options["ShardId"]) == ("arn:stream", "shard")
        assert (options["ShardIteratorType"], options["SequenceNumber"]) == ("AT_SEQUENCE_NUMBER", "7")
        if not self.stream:
            raise Forgotten
        return {"ShardIterator": "0"}

    def get_records(self, **options: Any) -> Any:  # noqa: ANN401 - of boto3
        start = int(options["ShardIterator"])
        page = self.stream[start : start + 2]
        return {"Records": [make_record(number) for number in page], "NextShardIterator": str(start + 2)}


def make_record(number: str) -> Any:  # noqa: ANN401 - JSON
    """A removed image, or the counter of a user, whose row holds bytes."""
    is_counter = number in COUNTERS
    change = {
        "Keys": {"pk": {"S": "x"}, "sk": {"S": "USAGE" if is_counter else "IMAGE"}},
        "OldImage": {"writes_0": {"BS": [b"x"]}} if is_counter else {},
        "SequenceNumber": number,
        "ApproximateCreationDateTime": AT,
    }
    return {"eventName": "MODIFY" if is_counter else "REMOVE", "dynamodb": change}


def make_bodies(count: int) -> list[Any]:
    return [{"requestPayload": {"Records": [number]}} for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 9, 25])
def test_each_event_is_sent_and_then_its_message_is_deleted(count: int) -> None:
    aws = Aws(make_bodies(count))
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=count)
    expected = [
        step
        for number in range(count)
        for step in (("sent", {"Records": [number]}), ("deleted", f"{number}"))
    ]
    assert aws.steps == expected


def test_change_is_followed_and_then_its_message_is_deleted() -> None:
    aws = Aws([{"change": {"eventName": "REMOVE"}, "error": "ValidationError"}])
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=1)
    assert aws.steps == [("followed", {"Records": [{"eventName": "REMOVE"}]}), ("deleted", "0")]


@pytest.mark.parametrize(
    "failure",
    [
        {"FunctionError": "Unhandled", "Payload": BytesIO(b"{}")},
        {"Payload": BytesIO(b'{"batchItemFailures": [{"itemIdentifier": "7"}]}')},
    ],
    ids=["raised", "reported"],
)
def test_message_whose_change_cannot_be_followed_stays_in_the_queue(failure: Any) -> None:  # noqa: ANN401 - JSON
    aws = Aws([{"change": {}}, *make_bodies(1)], failure=failure)
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=1, kept=1)
    assert aws.steps[1:] == [("sent", {"Records": [0]}), ("deleted", "1")]


@pytest.mark.parametrize("stream", [["7", "9"], ["7", "8", "9", "10", "100"], ["7", *"888", "9"]])
def test_changes_whose_place_is_known_are_read_from_the_stream_again(stream: list[str]) -> None:
    aws = Aws([{"DDBStreamBatchInfo": BATCH}], stream=stream)
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=1)
    (_, followed), deleted = aws.steps
    records = [record["dynamodb"] for record in followed["Records"]]
    assert [record["SequenceNumber"] for record in records] == ["7", "9"]
    assert {record["ApproximateCreationDateTime"] for record in records} == {AT.timestamp()}
    assert deleted == ("deleted", "0")


def test_change_that_is_put_aside_again_is_kept() -> None:
    body = {"change": {"eventName": "REMOVE"}, "error": "ValidationError"}
    aws = Aws([body, body])
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=0, kept=1)
    assert [step for step, _ in aws.steps] == ["followed", "deleted"]


@pytest.mark.parametrize("body", [{"DDBStreamBatchInfo": BATCH}, {"something": "else"}])
def test_message_that_leads_to_nothing_stays_in_the_queue(body: Any) -> None:  # noqa: ANN401 - JSON
    aws = Aws([body, *make_bodies(1)])
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=1, kept=1)
    assert aws.steps == [("sent", {"Records": [0]}), ("deleted", "1")]


def test_message_whose_event_could_not_be_sent_stays_in_the_queue() -> None:
    aws = Aws(make_bodies(1), fails=True)
    with pytest.raises(ConnectionError):
        redrive(aws.client, OUTPUTS)
    assert aws.steps == []
