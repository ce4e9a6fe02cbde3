"""Handles the queue of webhooks: each message is one event, which is posted until the receiver takes it."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from processor.webhooks import Outcome, Reply, Webhook, post
from shared.aws import Deadline, create_client, translate_errors
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.observability import get_logger
from shared.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    type Message = Mapping[str, Any]
    """A message of the queue, as Lambda gets it."""

PAUSES_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 23_400)
"""The pauses after each try but the last. Together they take a day. The queue counts the tries."""
JITTER = 0.1
"""The part by which a pause is shorter or longer, so that messages that failed together come apart."""
MAX_PAUSE_SECONDS = 42_000
"""SQS hides a message for twelve hours at most, and the try itself has taken a part of that."""


@dataclass(frozen=True)
class Courier:
    """Posts events to the receiver. The queue brings those again that it did not take."""

    url: str
    keys: KeyRing
    postpone: Callable[[str, int], object]
    """Lets the queue bring a message again, named by its handle, after some seconds."""
    give_up: Callable[[str], object]
    """Puts the text of a message into the queue of those that nobody took."""
    clock: Callable[[], float] = time.time
    spread: Callable[[float, float], float] = random.uniform

    def deliver(self, message: Message) -> bool:
        """Post one event. False if the queue has to bring it again."""
        tries = int(message["attributes"]["ApproximateReceiveCount"])
        names: dict[str, Any] = {"tries": tries}
        try:
            event = json.loads(message["body"])
            webhook = Webhook.of(event)
            names |= {"webhook_id": webhook.id, "type": event["detail-type"]}
            now = self.clock()
            reply = post(self.url, webhook.sign(self.keys.get(), int(now)), webhook.body, now=now)
            if reply.outcome is Outcome.GONE:
                self.give_up(message["body"])
        except Exception:  # noqa: BLE001 - the next try may find it gone
            get_logger().exception("webhook failed", **names)
            reply = Reply(Outcome.FAILED)
        else:
            get_logger().info("webhook", outcome=reply.outcome, status=reply.status, **names)
        if reply.outcome is not Outcome.FAILED:
            return True
        try:
            self.postpone(message["receiptHandle"], self._choose_pause(tries, reply))
        except Exception:  # noqa: BLE001 - then it comes again when the queue shows it
            get_logger().exception("webhook not postponed", **names)
        return False

    def _choose_pause(self, tries: int, reply: Reply) -> int:
        """Return when the queue may bring a message again. After the last try it moves it away at once."""
        if tries > len(PAUSES_SECONDS):
            return 0
        pause = PAUSES_SECONDS[tries - 1] * self.spread(1 - JITTER, 1 + JITTER)
        return min(MAX_PAUSE_SECONDS, round(max(pause, reply.retry_after_seconds)))


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_metrics() -> Metrics:
    return Metrics(Settings().metrics_namespace, Settings().service_name)


@cache
def create_courier() -> Courier:
    settings, deadline = Settings(), get_deadline()
    sqs = create_client("sqs", deadline=deadline, metrics=get_metrics())

    def postpone(handle: str, seconds: int) -> None:
        with translate_errors():
            sqs.change_message_visibility(
                QueueUrl=settings.webhook_queue, ReceiptHandle=handle, VisibilityTimeout=seconds
            )

    def give_up(body: str) -> None:
        with translate_errors():
            sqs.send_message(QueueUrl=settings.failure_queue, MessageBody=body)

    keys = KeyRing(
        lambda: create_client("secretsmanager", deadline=deadline, metrics=get_metrics()),
        settings.webhook_secret,
        purpose="webhooks",
    )
    return Courier(settings.webhook_url, keys, postpone, give_up)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Post all messages. The named ones come again."""
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_metrics().collect(), get_logger().append_context_keys(request_id=context.aws_request_id):
        failed = [each for each in event["Records"] if not create_courier().deliver(each)]
    return {"batchItemFailures": [{"itemIdentifier": message["messageId"]} for message in failed]}
