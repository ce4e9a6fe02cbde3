from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from operations.redrive import Redrive, redrive

OUTPUTS = {"FailureQueueUrl": "https://queue", "ProcessorFunctionName": "processor"}


@dataclass
class Aws:
    """A queue whose messages come in pages, and a function."""

    bodies: list[Any]
    per_page: int = 10
    fails: bool = False
    steps: list[tuple[str, Any]] = field(default_factory=list)
    received: int = 0

    def client(self, service: str) -> Aws:
        assert service in {"sqs", "lambda"}
        return self

    def receive_message(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of boto3
        assert options["QueueUrl"] == "https://queue"
        assert options["MaxNumberOfMessages"] == 10
        assert options["VisibilityTimeout"] == 120
        page = self.bodies[self.received : self.received + self.per_page]
        messages = [
            {"Body": json.dumps(body), "ReceiptHandle": str(self.received + number)}
            for number, body in enumerate(page)
        ]
        self.received += len(page)
        return {"Messages": messages} if messages else {}

    def invoke(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        if self.fails:
            raise ConnectionError
        assert (options["FunctionName"], options["InvocationType"]) == ("processor", "Event")
        self.steps.append(("sent", json.loads(options["Payload"])))

    def delete_message(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert options["QueueUrl"] == "https://queue"
        self.steps.append(("deleted", options["ReceiptHandle"]))


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


def test_message_without_an_event_stays_in_the_queue() -> None:
    aws = Aws([{"DDBStreamBatchInfo": {}}, *make_bodies(1)])
    assert redrive(aws.client, OUTPUTS) == Redrive(sent=1, kept=1)
    assert aws.steps == [("sent", {"Records": [0]}), ("deleted", "1")]


def test_message_whose_event_could_not_be_sent_stays_in_the_queue() -> None:
    aws = Aws(make_bodies(1), fails=True)
    with pytest.raises(ConnectionError):
        redrive(aws.client, OUTPUTS)
    assert aws.steps == []
