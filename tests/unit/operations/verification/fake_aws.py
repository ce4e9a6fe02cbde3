"""AWS behind a fake deployment: what its clients call, and answers that a test can change."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from shared.images import ImageRepository
from shared.lifecycle import READY, State
from shared.rows import decode, encode
from shared.table import Table
from tests.support.dynamodb.engine import OK, Engine
from tests.support.images import make_image
from tests.unit.operations.verification.answers_of_aws import ANSWERS, OUTPUTS, QUEUE_ARN
from tests.unit.operations.verification.fake_bus import Bus

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE_CALLS = {
    "transact_write_items": "TransactWriteItems",
    "query": "Query",
    "batch_get_item": "BatchGetItem",
}
"""Operations on the images table that the engine of the tests responds to."""


class FakeAws:
    """The services. The images that the API has made have no rows: those that an import makes have."""

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, bytes] = {}
        self.rows: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        self.outputs: dict[tuple[str, str], Callable[[Any], object]] = {}
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.numbers = count()
        self.bus = Bus()
        self.engine = Engine()
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        self.ask(
            "CreateTable",
            TableName=OUTPUTS["ImagesTableName"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )

    def ask(self, operation: str, **given: Any) -> Any:  # noqa: ANN401 - of AWS
        """Ask the engine of the tables."""
        status, output = self.engine.respond(operation, given)
        assert status == OK, output
        return output

    def client(self, service: str) -> Any:  # noqa: ANN401 - a client has no type here
        return _Client(self, service)

    def call(self, service: str, operation: str, **given: Any) -> Any:  # noqa: ANN401 - of AWS
        self.calls.append((service, operation, given))
        made = self.bus.find(service, operation, given) or getattr(self, f"_{service}_{operation}", None)
        if service == "dynamodb" and operation in TABLE_CALLS:
            output = self.ask(TABLE_CALLS[operation], **given)
        else:
            output = made(**given) if made else deepcopy(ANSWERS[service, operation])
        change = self.outputs.get((service, operation))
        changed = change(output) if change else None
        return output if changed is None else changed

    def _s3_list_objects_v2(self, Bucket: str, Prefix: str) -> Any:  # noqa: ANN401, ARG002, N803 - of AWS
        return {"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}

    def _s3_delete_object(self, Bucket: str, Key: str) -> Any:  # noqa: ANN401, ARG002, N803 - of AWS
        del self.objects[Key]

    def _s3_put_object(self, Bucket: str, Key: str, Body: bytes, **_: Any) -> Any:  # noqa: ANN401, ARG002, N803 - of AWS
        if Key.startswith("uploads/"):
            self._accept(Key.split("/")[1], Body)
        else:
            self.objects[Key] = Body

    def _s3_get_object(self, Bucket: str, Key: str) -> Any:  # noqa: ANN401, ARG002, N803 - of AWS
        return {"Body": Body(self.objects[Key])}

    def _accept(self, image_id: str, content: bytes) -> None:
        """Do what the processor does with a direct upload, and show the image as the API does."""
        images = ImageRepository(Table(self.client("dynamodb"), OUTPUTS["ImagesTableName"]))
        images.update(image_id, lambda image: image.in_state(State(*READY)))
        self.images[image_id] = {"id": image_id, "version": 2, "size": len(content)}
        self.objects[f"originals/{image_id}/1"] = content

    def _dynamodb_get_item(self, **given: Any) -> Any:  # noqa: ANN401 - of AWS
        found = self.ask("GetItem", **given)
        image_id = decode(given["Key"])["pk"].removeprefix("IMAGE#")
        if "Item" in found or image_id not in self.images:
            return found
        return {"Item": encode(make_image(id=image_id).model_dump(mode="json", exclude_none=True))}

    def _dynamodb_put_item(self, Item: Any, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        self.rows[Item["pk"]["S"]] = Item
        if "status" not in Item:
            key = {name: Item[name] for name in ("pk", "sk") if name in Item}
            self._add_message(
                {"change": {"dynamodb": {"Keys": key, "NewImage": Item}}, "error": "ValueError"}
            )

    def _dynamodb_delete_item(self, Key: Any, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        if old := self.rows.pop(Key["pk"]["S"], None):
            self._add_message({"change": {"dynamodb": {"Keys": Key, "OldImage": old}}, "error": "ValueError"})

    def _iam_simulate_principal_policy(self, ContextEntries: Any, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        is_own = ContextEntries[0]["ContextKeyValues"] == ["image-upload-service"]
        return {"EvaluationResults": [{"EvalDecision": "allowed" if is_own else "implicitDeny"}]}

    def _dynamodb_update_item(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        """The counter of a user. The engine takes no bytes as a client has them."""
        return {}

    def _lambda_invoke(self, FunctionName: str, Payload: str, **_: Any) -> Any:  # noqa: ANN401, ARG002, N803 - of AWS
        event = json.loads(Payload)
        if event["Records"][0]["s3"]["object"]["key"] not in self.objects:
            self._add_message({"requestPayload": event})

    def _add_message(self, body: Any) -> None:  # noqa: ANN401 - JSON
        number = str(next(self.numbers))
        self.messages.append({"MessageId": number, "ReceiptHandle": number, "Body": json.dumps(body)})

    def _sqs_receive_message(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        return {"Messages": [*self.messages]} if self.messages else {}

    def _sqs_delete_message(self, ReceiptHandle: str, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        self.messages = [message for message in self.messages if message["ReceiptHandle"] != ReceiptHandle]

    def _sqs_change_message_visibility(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        return {}

    def _sqs_get_queue_attributes(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        counts = {"ApproximateNumberOfMessages": str(len(self.messages))}
        counts["ApproximateNumberOfMessagesNotVisible"] = "0"
        return {"Attributes": {"QueueArn": QUEUE_ARN, "SqsManagedSseEnabled": "true", **counts}}


class Body(io.BytesIO):
    """Bytes as S3 sends them."""

    def iter_chunks(self, size: int) -> Any:  # noqa: ANN401 - an iterator
        return iter(lambda: self.read(size), b"")


class _Client:
    """A client of a service. Each call goes to the fake."""

    exceptions = SimpleNamespace(UserNotFoundException=LookupError)

    def __init__(self, fake: FakeAws, service: str) -> None:
        self._fake = fake
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **given: self._fake.call(self._service, operation, **given)
