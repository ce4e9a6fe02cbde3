"""Send the events that could not be processed once more: from the failure queue back to the processor.

usage: python -m local redrive [--aws-port N] [--stack NAME]
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MESSAGES_PER_RECEIVE = 10
VISIBILITY_SECONDS = 120  # what is not sent by then is there for the next redrive


@dataclass
class Redrive:
    """What became of the messages of the queue."""

    sent: int = 0
    kept: int = 0


def redrive(client: Callable[[str], Any], outputs: Mapping[str, str]) -> Redrive:
    """Send each event once. A message is deleted after its event was sent: none is lost, one may go twice.

    A message of the table's stream holds no event: it is kept. Its records are in the stream for a day.
    """
    done = Redrive()
    queue, function = outputs["FailureQueueUrl"], outputs["ProcessorFunctionName"]
    for message in receive(client("sqs"), queue):
        event = json.loads(message["Body"]).get("requestPayload")
        if event is None:
            done.kept += 1
            continue
        client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
        client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        done.sent += 1
    return done


def receive(sqs: Any, queue: str) -> Iterator[Any]:  # noqa: ANN401 - the client of a service has no type here
    """Every message that is there now, once."""
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
