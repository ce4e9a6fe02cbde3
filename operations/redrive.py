"""Sends the events of the failure queue to the processor again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MESSAGES_PER_RECEIVE = 10
VISIBILITY_SECONDS = 120  # after that, a message that was not deleted can be received again


@dataclass
class Redrive:
    """Counts the messages whose events were sent, and those that stay in the queue."""

    sent: int = 0
    kept: int = 0


def redrive(client: Callable[[str], Any], outputs: Mapping[str, str]) -> Redrive:
    """Send the event of each message, then delete the message. No event is lost, but one may be sent twice.

    A message about the stream of a table holds no event, and stays in the queue. The stream keeps its records
    for a day.
    """
    counts = Redrive()
    queue, function = outputs["FailureQueueUrl"], outputs["ProcessorFunctionName"]
    for message in _receive(client("sqs"), queue):
        event = json.loads(message["Body"]).get("requestPayload")
        if event is None:
            counts.kept += 1
            continue
        client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
        client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        counts.sent += 1
    return counts


def _receive(sqs: Any, queue: str) -> Iterator[Any]:  # noqa: ANN401 - the client of a service has no type here
    """Yield every message that is in the queue now, once."""
    while True:
        messages = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=MESSAGES_PER_RECEIVE,
            VisibilityTimeout=VISIBILITY_SECONDS,
            WaitTimeSeconds=1,
        ).get("Messages")
        if not messages:
            return
        yield from messages
