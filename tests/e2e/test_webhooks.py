"""Webhooks on the embedded stack: signed, tried again, and never lost."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from examples.webhook_receiver import verify
from operations.redrive import redrive
from tests.support.client import await_value, upload_form
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack
    from tests.support.receiver import Receiver, Request

PICTURE = make_picture()


@pytest.fixture
def api(webhook_stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=webhook_stack.api_url, timeout=60) as client:
        yield client


def find_posted(receiver: Receiver, image_id: str) -> list[Request]:
    return [request for request in [*receiver.requests] if image_id.encode() in request.body]


def read_secret(stack: Stack) -> str:
    arn = stack.outputs["WebhookSecretArn"]
    secret: str = stack.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return secret


def test_webhook_is_posted_signed_until_the_receiver_takes_it(
    webhook_stack: Stack, api: httpx.Client, receiver: Receiver
) -> None:
    refused: set[str] = set()

    def refuse_once(request: Request) -> tuple[int, dict[str, str]]:
        name = request.headers["webhook-id"]
        is_known = name in refused
        refused.add(name)
        return (204 if is_known else 500), {}

    receiver.respond = refuse_once
    image_id = upload_form(api, PICTURE)["id"]
    first, second = await_value(
        lambda: posted if len(posted := find_posted(receiver, image_id)) == 2 else None
    )
    for request in (first, second):
        verify(request.headers, request.body, [read_secret(webhook_stack)], now=time.time())
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert json.loads(first.body)["type"] == "image.ready"
    assert json.loads(first.body)["data"]["id"] == image_id
    assert first.path == "/hooks"


def test_webhook_of_a_receiver_that_is_gone_waits_and_a_redrive_posts_it(
    webhook_stack: Stack, api: httpx.Client, receiver: Receiver
) -> None:
    receiver.respond = lambda _: (410, {})
    image_id = upload_form(api, PICTURE)["id"]
    await_value(lambda: True if find_posted(receiver, image_id) else None)
    await_value(lambda: True if count_failures(webhook_stack) else None)
    receiver.respond = lambda _: (204, {})
    redrive(webhook_stack.client, webhook_stack.outputs)
    await_value(lambda: True if len(find_posted(receiver, image_id)) == 2 else None)
    assert count_failures(webhook_stack) == 0


def count_failures(stack: Stack) -> int:
    """Count the webhooks that nobody took."""
    name, url = "ApproximateNumberOfMessages", stack.outputs["WebhookFailureQueueUrl"]
    response = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(response["Attributes"][name])


def test_logs_of_the_webhook_name_neither_its_address_nor_its_secret(webhook_stack: Stack) -> None:
    lines = await_value(lambda: webhook_stack.read_logs("webhook") or None)
    secret = read_secret(webhook_stack)
    assert any('"outcome":"delivered"' in line for line in lines)
    assert not any(secret in line or "/hooks" in line for line in lines)
