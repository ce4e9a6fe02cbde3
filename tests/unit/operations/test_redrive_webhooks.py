"""Webhooks that nobody took go back into their queue."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from operations.redrive import Redrive, redrive

TEXTS = ["{}", "no event"]


@pytest.fixture
def outputs() -> dict[str, str]:
    sqs = boto3.client("sqs")
    names = ("FailureQueue", "WebhookQueue", "WebhookFailureQueue")
    return {f"{name}Url": sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}


def receive(url: str) -> list[str]:
    response: Any = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return sorted(message["Body"] for message in response.get("Messages", []))


def make_client(service: str) -> Any:  # noqa: ANN401 - any client
    return boto3.client(service)


@pytest.mark.parametrize("count", [0, 1, 25])
def test_webhooks_go_back_into_their_queue(outputs: dict[str, str], count: int) -> None:
    sqs = boto3.client("sqs")
    for number in range(count):
        sqs.send_message(QueueUrl=outputs["WebhookFailureQueueUrl"], MessageBody=TEXTS[number % 2])
    assert redrive(make_client, outputs) == Redrive(sent=count)
    found = [text for _ in range(5) for text in receive(outputs["WebhookQueueUrl"])]
    assert len(found) == count
    assert {*found} <= {*TEXTS}
    assert receive(outputs["WebhookFailureQueueUrl"]) == []


def test_stack_without_webhooks_has_no_such_queue(outputs: dict[str, str]) -> None:
    assert redrive(make_client, {"FailureQueueUrl": outputs["FailureQueueUrl"]}) == Redrive()
