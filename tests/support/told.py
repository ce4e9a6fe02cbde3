"""Events of the embedded stack: those that arrive, and those that its stream stands for."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from processor.events import derive_event
from processor.stream import read_versions
from shared.images import ImageRepository
from shared.table import Table

if TYPE_CHECKING:
    from local.stack import Stack


@dataclass
class Listener:
    """Takes the events of a queue, and looks into the table when each arrives."""

    stack: Stack
    queue: str
    arrived: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    early: list[dict[str, Any]] = field(default_factory=list)
    """Events that came before their records."""
    lags: list[float] = field(default_factory=list)
    """Seconds from the change of a record until its event came the first time."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        sqs, seen = self.stack.client("sqs"), set[tuple[str, int]]()
        images = make_images(self.stack)
        while not self._ended.is_set():
            response = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            now = datetime.now(UTC)
            for message in response.get("Messages", []):
                event = json.loads(message["Body"])
                detail = event["detail"]
                self.arrived.append((event["detail-type"], detail))
                name = detail["id"], detail["version"]
                if name not in seen and event["detail-type"] != "image.deleted":
                    # The stream tells the time of a removal in seconds only.
                    self.lags.append((now - datetime.fromisoformat(detail["at"])).total_seconds())
                seen.add(name)
                row = images.table.get(images.make_key(detail["id"]))
                is_gone = event["detail-type"] == "image.deleted"
                if row is not None and (is_gone or row["version"] < detail["version"]):
                    self.early.append(detail)
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def end(self) -> None:
        self._ended.set()


def make_images(stack: Stack) -> ImageRepository:
    return ImageRepository(Table(stack.client("dynamodb"), stack.outputs["ImagesTableName"]))


def add_queue(stack: Stack, name: str) -> str:
    """Make a rule that puts all events into a new queue."""
    sqs, events, bus = stack.client("sqs"), stack.client("events"), stack.outputs["EventBusName"]
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["image-upload-service"]})
    events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": name, "Arn": arn}])
    return url


def set_variables(stack: Stack, **variables: str) -> None:
    """Give the function behind the stream more variables, or take those that are empty away."""
    functions, name = stack.client("lambda"), stack.outputs["ChangesFunctionName"]
    present = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {key: value for key, value in (present | variables).items() if value}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})


def read_expected(stack: Stack) -> dict[tuple[str, int], str]:
    """Derive the events of everything that the stream of the table holds, by image and version."""
    streams, table = stack.client("dynamodbstreams"), stack.outputs["ImagesTableName"]
    (stream,) = streams.list_streams(TableName=table)["Streams"]
    shards = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    expected: dict[tuple[str, int], str] = {}
    for shard in shards:
        place = {"StreamArn": stream["StreamArn"], "ShardId": shard["ShardId"]}
        iterator = streams.get_shard_iterator(**place, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            iterator = page.get("NextShardIterator") if page["Records"] else None
            for record in page["Records"]:
                record["eventSourceARN"] = stream["StreamArn"]
                event = derive_event(*read_versions(record, table), 0)
                if event:
                    expected[event.detail.id, event.detail.version] = str(event.type)
    return expected


def list_arrived(listener: Listener) -> set[tuple[str, int]]:
    return {(detail["id"], detail["version"]) for _, detail in [*listener.arrived]}
