from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from processor import deliveries
from processor.deliveries import JITTER, MAX_PAUSE_SECONDS, PAUSES_SECONDS, Courier
from shared.aws import create_client
from shared.errors import Unavailable
from shared.keyring import KeyRing
from shared.observability import get_logger
from tests.support.api import make_context
from tests.support.clock import Clock, assert_calls_end_in_time
from tests.support.factories import forgetting
from tests.support.receiver import Receiver, run_receiver
from tests.support.webhooks import EVENT, OTHER_SECRET, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator


DAY_SECONDS = 24 * 3600
MESSAGE: dict[str, Any] = {
    "messageId": "m1",
    "receiptHandle": "h1",
    "body": json.dumps(EVENT),
    "attributes": {"ApproximateReceiveCount": "1"},
}


def make_message(tries: int = 1, **fields: str) -> dict[str, Any]:
    return MESSAGE | {"attributes": {"ApproximateReceiveCount": str(tries)}} | fields


@dataclass
class Queue:
    """Notes the messages that were postponed or given up. It can be out of order."""

    postponed: list[tuple[str, int]] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    error: Exception | None = None

    def postpone(self, handle: str, seconds: int) -> None:
        if self.error:
            raise self.error
        self.postponed.append((handle, seconds))

    def give_up(self, body: str) -> None:
        if self.error:
            raise self.error
        self.given_up.append(body)


def find_middle(low: float, high: float) -> float:
    return (low + high) / 2


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def secrets() -> Any:  # noqa: ANN401 - a client
    client = create_client("secretsmanager")
    client.create_secret(Name="webhooks", SecretString=SECRET)
    return client


@pytest.fixture
def courier(receiver: Receiver, queue: Queue, secrets: Any) -> Courier:  # noqa: ANN401 - a client
    keys = KeyRing(lambda: secrets, "webhooks")
    return Courier(
        receiver.url,
        keys,
        queue.postpone,
        queue.give_up,
        clock=Clock(),
        spread=lambda low, high: (low + high) / 2,
    )


@pytest.fixture
def logs() -> Iterator[StringIO]:
    stream = StringIO()
    handler = get_logger().registered_handler
    before = handler.setStream(stream)  # type: ignore[attr-defined] # it is a StreamHandler
    yield stream
    handler.setStream(before)  # type: ignore[attr-defined]


def test_event_that_is_taken_is_done(courier: Courier, receiver: Receiver, queue: Queue) -> None:
    assert courier.deliver(make_message())
    (request,) = receiver.requests
    assert json.loads(request.body)["data"] == EVENT["detail"]
    assert request.headers["webhook-timestamp"] == "1000"
    assert (queue.postponed, queue.given_up) == ([], [])


def test_previous_secret_signs_too(courier: Courier, receiver: Receiver, secrets: Any) -> None:  # noqa: ANN401
    secrets.put_secret_value(SecretId="webhooks", SecretString=OTHER_SECRET)
    assert courier.deliver(make_message())
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 2


def test_tries_end_after_a_day(courier: Courier, receiver: Receiver, queue: Queue) -> None:
    receiver.respond = lambda _: (500, {})
    for tries in range(1, len(PAUSES_SECONDS) + 2):
        assert not courier.deliver(make_message(tries))
    assert queue.postponed == [("h1", seconds) for seconds in (*PAUSES_SECONDS, 0)]
    assert DAY_SECONDS <= sum(PAUSES_SECONDS) < 1.02 * DAY_SECONDS
    assert len({request.body for request in receiver.requests}) == 1
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_pauses_of_messages_that_failed_together_differ() -> None:
    assert 0 < JITTER < 0.5
    assert max(PAUSES_SECONDS) * (1 + JITTER) < MAX_PAUSE_SECONDS < 12 * 3600
    queue = Queue()
    keys: Any = None  # it cannot sign
    courier = Courier("http://localhost", keys, queue.postpone, queue.give_up)
    for _ in range(100):
        courier.deliver(make_message(tries=2))
    seconds = [each for _, each in queue.postponed]
    assert len({*seconds}) > 10
    assert 300 * (1 - JITTER) <= min(seconds) <= max(seconds) <= 300 * (1 + JITTER)


@pytest.mark.parametrize(("asked", "waited"), [("1", 5), ("600", 600), ("9999999", MAX_PAUSE_SECONDS)])
def test_receiver_may_ask_for_more_time(
    courier: Courier, receiver: Receiver, queue: Queue, asked: str, waited: int
) -> None:
    receiver.respond = lambda _: (429, {"Retry-After": asked})
    assert not courier.deliver(make_message())
    assert queue.postponed == [("h1", waited)]


def test_receiver_that_is_gone_is_not_asked_again(courier: Courier, receiver: Receiver, queue: Queue) -> None:
    receiver.respond = lambda _: (410, {})
    assert courier.deliver(make_message())
    assert (queue.postponed, queue.given_up) == ([], [MESSAGE["body"]])


def test_event_of_a_receiver_that_is_gone_is_never_lost(
    courier: Courier, receiver: Receiver, queue: Queue
) -> None:
    receiver.respond = lambda _: (410, {})
    queue.error = Unavailable()
    assert not courier.deliver(make_message())


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"detail": {}}'])
def test_message_that_is_no_event_is_tried_and_ends_in_the_queue_of_failures(
    courier: Courier, receiver: Receiver, queue: Queue, body: str
) -> None:
    assert not courier.deliver(make_message(body=body))
    assert queue.postponed == [("h1", 5)]
    assert receiver.requests == []


def test_message_that_cannot_be_postponed_comes_again_later(
    courier: Courier, receiver: Receiver, queue: Queue
) -> None:
    receiver.respond = lambda _: (500, {})
    queue.error = Unavailable()
    assert not courier.deliver(make_message())


def test_secret_that_is_none_sends_nothing_and_is_never_logged(
    courier: Courier,
    receiver: Receiver,
    secrets: Any,  # noqa: ANN401 - a client
    logs: StringIO,
) -> None:
    secrets.put_secret_value(SecretId="webhooks", SecretString="my password")
    assert not courier.deliver(make_message())
    assert receiver.requests == []
    assert "InvalidSecret" in logs.getvalue()
    assert "password" not in logs.getvalue()


def test_logs_name_neither_the_address_nor_a_secret_nor_a_user(
    courier: Courier, receiver: Receiver, logs: StringIO
) -> None:
    for status in (204, 500, 410):
        receiver.respond = lambda _, status=status: (status, {})  # type: ignore[misc] # a default
        courier.deliver(make_message())
    assert [json.loads(line)["outcome"] for line in logs.getvalue().splitlines()] == [
        "delivered",
        "failed",
        "gone",
    ]
    for private in (receiver.url, SECRET, SECRET.removeprefix("whsec_"), "ann", "Zürich"):
        assert private not in logs.getvalue()


class TestHandler:
    """The function of the queue."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> Iterator[None]:
        sqs = boto3.client("sqs")
        self.queue = sqs.create_queue(QueueName="webhooks")["QueueUrl"]
        self.failures = sqs.create_queue(QueueName="failures")["QueueUrl"]
        monkeypatch.setenv("WEBHOOK_URL", receiver.url)
        monkeypatch.setenv("WEBHOOK_SECRET", "webhooks")
        monkeypatch.setenv("WEBHOOK_QUEUE", self.queue)
        monkeypatch.setenv("FAILURE_QUEUE", self.failures)
        with forgetting(deliveries.create_courier, deliveries.get_deadline):
            yield

    def receive(self, url: str) -> list[Any]:
        found: list[Any] = (
            boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        )
        return found

    def handle(self, *messages: dict[str, Any]) -> list[str]:
        response = deliveries.lambda_handler({"Records": [*messages]}, make_context())
        return [each["itemIdentifier"] for each in response["batchItemFailures"]]

    @pytest.mark.usefixtures("secrets")
    def test_messages_that_nobody_took_are_named(self, receiver: Receiver) -> None:
        receiver.respond = lambda request: (204 if b"image.ready" in request.body else 500, {})
        other = make_message(messageId="m2", body=json.dumps(EVENT | {"detail-type": "image.failed"}))
        assert self.handle(make_message(), other) == ["m2"]

    @pytest.mark.usefixtures("secrets")
    def test_message_stays_hidden_for_the_pause(self, receiver: Receiver) -> None:
        receiver.respond = lambda _: (500, {})
        boto3.client("sqs").send_message(QueueUrl=self.queue, MessageBody=MESSAGE["body"])
        (message,) = self.receive(self.queue)
        last = make_message(len(PAUSES_SECONDS) + 1, receiptHandle=message["ReceiptHandle"])
        assert self.handle(last) == ["m1"]
        assert len(self.receive(self.queue)) == 1  # it is visible at once, and would be moved away

    @pytest.mark.usefixtures("secrets")
    def test_event_goes_into_the_queue_of_failures_if_the_receiver_is_gone(self, receiver: Receiver) -> None:
        receiver.respond = lambda _: (410, {})
        assert self.handle(make_message()) == []
        assert [each["Body"] for each in self.receive(self.failures)] == [MESSAGE["body"]]

    def test_no_call_outlives_the_invocation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert_calls_end_in_time(monkeypatch, "processor.deliveries", self.handle)
