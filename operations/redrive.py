"""Handles the events of the failure queue again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.erasures import ERASURE_KIND
from shared.files import FILE_KIND
from shared.images import IMAGE_KIND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MESSAGES_PER_RECEIVE = 10
VISIBILITY_SECONDS = 600  # after that, a message that was not deleted can be received again

type Client = Callable[[str], Any]
"""Makes the client of a service."""


@dataclass
class Redrive:
    """Counts the messages whose events were sent, and those that stay in the queue."""

    sent: int = 0
    kept: int = 0


def redrive(client: Client, outputs: Mapping[str, str]) -> Redrive:
    """Handle what each message holds, then delete the message. Nothing is lost, but it may be handled twice.

    There are three kinds of messages: an event of the bucket, a change of the images table, and the place of
    changes in the table's stream. The stream forgets them after a day. Such a message then stays.

    Webhooks that nobody took have a queue of their own. They are tried for another day.
    """
    counts = Redrive()
    if "WebhookFailureQueueUrl" in outputs:
        counts.sent += _redrive_webhooks(client("sqs"), outputs)
    handled: set[str] = set()
    for message in _receive(client("sqs"), outputs["FailureQueueUrl"]):
        if message["Body"] in handled:  # it has failed, and was put aside once more
            counts.sent -= 1
            counts.kept += 1
        elif _handle(client, outputs, _read_body(message)):
            handled.add(message["Body"])
            client("sqs").delete_message(
                QueueUrl=outputs["FailureQueueUrl"], ReceiptHandle=message["ReceiptHandle"]
            )
            counts.sent += 1
        else:
            counts.kept += 1
    return counts


def _redrive_webhooks(sqs: Any, outputs: Mapping[str, str]) -> int:  # noqa: ANN401 - a client has no type here
    """Put every webhook back into its queue. Return how many there were."""
    count = 0
    for message in _receive(sqs, outputs["WebhookFailureQueueUrl"]):
        sqs.send_message(QueueUrl=outputs["WebhookQueueUrl"], MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=outputs["WebhookFailureQueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        count += 1
    return count


def _read_body(message: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return None for a message that is not of this service."""
    try:
        return json.loads(message["Body"])
    except ValueError:
        return None


def _handle(client: Client, outputs: Mapping[str, str], body: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell if the message is needed no more."""
    match body:
        case {"requestPayload": event}:
            client("lambda").invoke(
                FunctionName=outputs["ProcessorFunctionName"],
                InvocationType="Event",
                Payload=json.dumps(event),
            )
            return True
        case {"change": record}:
            return _follow(client("lambda"), outputs["ChangesFunctionName"], [record])
        case {"DDBStreamBatchInfo": batch}:
            records = read_batch(client("dynamodbstreams"), batch)
            return records is not None and _follow(client("lambda"), outputs["ChangesFunctionName"], records)
        case _:
            return False


def _follow(functions: Any, name: str, records: list[Any]) -> bool:  # noqa: ANN401 - a client has no type here
    """Have the changes followed now, and tell if that is done."""
    response = functions.invoke(FunctionName=name, Payload=json.dumps({"Records": records}))
    if "FunctionError" in response:
        return False
    return not json.loads(response["Payload"].read())["batchItemFailures"]


def read_batch(streams: Any, batch: Mapping[str, Any]) -> list[Any] | None:  # noqa: ANN401 - same
    """Read changes from the stream of a table again, in the form in which Lambda gets them.

    Returns None if the stream has forgotten them. `batchSize` does not count those in between that the
    filters leave out.
    """
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )["ShardIterator"]
        records = [*_read_to(streams, iterator, int(batch["endSequenceNumber"]))]
    except (
        streams.exceptions.TrimmedDataAccessException,
        streams.exceptions.ResourceNotFoundException,  # of a shard that is older, or of a table that is gone
    ):
        return None
    for record in records:
        record["eventSourceARN"] = batch["streamArn"]
        at = record["dynamodb"]["ApproximateCreationDateTime"]
        record["dynamodb"]["ApproximateCreationDateTime"] = at.timestamp()
    return records


def _read_to(streams: Any, iterator: str | None, end: int) -> Iterator[Any]:  # noqa: ANN401 - same
    """Yield the changes up to a sequence number that something follows from."""
    number = -1
    while iterator and number < end:
        output = streams.get_records(ShardIterator=iterator)
        iterator = output.get("NextShardIterator")
        for record in output["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= end and _has_passed(record):
                yield record


def _has_passed(record: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell what the filters of the template let through. Other rows may hold bytes, which JSON does not."""
    match record["dynamodb"]["Keys"]["sk"]["S"], record["eventName"]:
        case (kind, _) if kind == IMAGE_KIND:
            return True
        case (kind, name) if kind == FILE_KIND:
            return bool(name == "REMOVE")
        case (kind, name):
            return bool(kind == ERASURE_KIND and name != "REMOVE")


def _receive(sqs: Any, queue: str) -> Iterator[Any]:  # noqa: ANN401 - same
    """Yield every message that is in the queue now, once. Those that stay become visible again later."""
    seen: set[str] = set()
    while True:
        messages = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=MESSAGES_PER_RECEIVE,
            VisibilityTimeout=VISIBILITY_SECONDS,
            WaitTimeSeconds=1,
        ).get("Messages")
        if not messages or any(message["MessageId"] in seen for message in messages):
            return
        seen.update(message["MessageId"] for message in messages)
        yield from messages
