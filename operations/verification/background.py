"""Claims about what happens behind the API: deletions, failures, and what follows them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from operations.redrive import redrive
from operations.verification.answers import require_status
from operations.verification.claims import Claim
from operations.verification.deployment import READY_SECONDS
from operations.verification.samples import make_png
from operations.verification.verdicts import Skipped, require, require_equal
from shared.images import ImageRepository, make_record_key
from shared.keys import make_original_key
from shared.rows import encode_key
from shared.table import Table

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

DELETION_SECONDS = 30
POISON_SECONDS = 60
TRIES_SECONDS = 420  # three tries, one and two minutes apart, and their own time
LOOK_SECONDS = 2
MESSAGES_PER_LOOK = 10
QUEUE_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def show_deletion(deployment: Deployment) -> str:
    image_id = deployment.upload_ready()["id"]
    _await_used(deployment, len(deployment.made))
    keys = deployment.list_objects(image_id)
    require(keys, "a ready image has no objects")
    require_status(deployment.api.delete(f"/images/{image_id}"), HTTPStatus.NO_CONTENT)
    started = deployment.clock()

    def is_gone() -> bool | None:
        return None if deployment.list_objects(image_id) else True

    deployment.await_value(is_gone, DELETION_SECONDS, "bytes are left")
    deployment.made.remove(image_id)
    _await_used(deployment, len(deployment.made))
    return f"{len(keys)} objects gone and counter lower after {deployment.clock() - started:.1f} s"


def show_missing_original(deployment: Deployment) -> str:
    image_id = deployment.upload_ready()["id"]
    _lose_original(deployment, image_id)
    response = deployment.api.post(f"/images/{image_id}/reprocess")
    require_status(response, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    return f"reprocess answers {response.status_code}"


def show_failure_destination(deployment: Deployment) -> str:
    _require_queue(deployment, 0)
    image_id = deployment.upload_ready()["id"]
    _lose_original(deployment, image_id)
    deployment.api.post(f"/images/{image_id}/reprocess")
    images = ImageRepository(Table(deployment.client("dynamodb"), deployment.outputs["ImagesTableName"]))
    key = make_original_key(image_id, images.get(image_id).latest_revision)
    event = {"eventTime": datetime.now(UTC).isoformat(), "s3": {"object": {"key": key}}}
    deployment.client("lambda").invoke(
        FunctionName=deployment.outputs["ProcessorFunctionName"],
        InvocationType="Event",
        Payload=json.dumps({"Records": [event]}),
    )
    started = deployment.clock()
    message = _await_message(deployment, image_id, TRIES_SECONDS)
    seconds = deployment.clock() - started
    body = json.loads(message["Body"])
    require_equal(body.get("requestPayload"), {"Records": [event]}, "event in the message")
    deployment.client("s3").put_object(Bucket=deployment.outputs["BucketName"], Key=key, Body=make_png())
    _require_queue(deployment, 1)
    require(redrive(deployment.client, deployment.outputs).sent, "the redrive has sent nothing")

    def is_ready() -> bool | None:
        # Until the event has come again, the image is still failed.
        return True if deployment.read(image_id)["status"] == "ready" else None

    deployment.await_value(is_ready, READY_SECONDS, "the image is not ready after the redrive")
    return f"in the queue after {seconds:.0f} s, ready after the redrive"


def show_poisoned_change(deployment: Deployment) -> str:
    image_id = str(uuid.uuid4())
    key = encode_key(make_record_key(image_id))
    dynamodb, table = deployment.client("dynamodb"), deployment.outputs["ImagesTableName"]
    row = {**key, "verification": {"S": "no image"}}
    dynamodb.put_item(TableName=table, Item=row)
    dynamodb.delete_item(TableName=table, Key=key)
    started = deployment.clock()
    changes = [_take_change(deployment, image_id) for _ in range(2)]  # the row comes, and it goes
    seconds = deployment.clock() - started
    require_equal([change.get("Keys") for change in changes], [key, key], "keys in the messages")
    for name, title in (("OldImage", "old image"), ("NewImage", "new image")):
        images = [change[name] for change in changes if name in change]
        require_equal(images, [row], f"{title} in the messages")
    return f"in the queue after {seconds:.1f} s"


def _take_change(deployment: Deployment, image_id: str) -> Any:  # noqa: ANN401 - JSON
    """Take a message of a change out of the queue."""
    message = _await_message(deployment, image_id, POISON_SECONDS)
    deployment.client("sqs").delete_message(
        QueueUrl=deployment.outputs["FailureQueueUrl"], ReceiptHandle=message["ReceiptHandle"]
    )
    return json.loads(message["Body"]).get("change", {}).get("dynamodb", {})


def _require_queue(deployment: Deployment, most: int) -> None:
    """Raises Skipped if the failure queue has messages of others: a redrive would send their events again."""
    attributes = deployment.read_queue()
    if sum(int(attributes[name]) for name in QUEUE_COUNTS) > most:
        raise Skipped("the failure queue has messages of others, and a redrive would send their events again")


def _await_used(deployment: Deployment, images: int) -> None:
    deployment.await_value(
        lambda: True if deployment.read_used() == images else None,
        DELETION_SECONDS,
        f"the counter is not {images}",
    )


def _lose_original(deployment: Deployment, image_id: str) -> None:
    """Delete the original of an image with the rights of the operator."""
    keys = [key for key in deployment.list_objects(image_id) if key.startswith("originals/")]
    require(keys, "a ready image has no original")
    for key in keys:
        deployment.client("s3").delete_object(Bucket=deployment.outputs["BucketName"], Key=key)


def _await_message(deployment: Deployment, image_id: str, seconds: float) -> Any:  # noqa: ANN401 - a message
    return deployment.await_value(
        lambda: _find_message(deployment, image_id), seconds, "no message in the failure queue"
    )


def _find_message(deployment: Deployment, image_id: str) -> Any:  # noqa: ANN401 - a message or None
    """Return the message that names an image. All messages can be received again at once."""
    sqs, queue = deployment.client("sqs"), deployment.outputs["FailureQueueUrl"]
    found = None
    seen: set[str] = set()
    handles: list[str] = []
    while found is None:
        messages = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=MESSAGES_PER_LOOK,
            VisibilityTimeout=60,
            WaitTimeSeconds=LOOK_SECONDS,
        ).get("Messages", [])
        handles += [message["ReceiptHandle"] for message in messages]
        found = next((message for message in messages if image_id in message["Body"]), None)
        if not {message["MessageId"] for message in messages} - seen:
            break
        seen |= {message["MessageId"] for message in messages}
    for handle in handles:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    return found


CLAIMS = (
    Claim(
        "deletion",
        f"{DELETION_SECONDS} s after a deletion the bytes are gone, and the counter is lower.",
        show_deletion,
    ),
    Claim(
        "missing-original",
        "To reprocess an image whose original is lost is 404 or 409, never 403 or 5XX.",
        show_missing_original,
    ),
    Claim(
        "poisoned-change",
        "A change that cannot be followed ends in the failure queue, with its key and its old image.",
        show_poisoned_change,
        needs_caller=False,
    ),
    Claim(
        "failure-destination",
        "An event that fails three times ends in the failure queue, and a redrive makes its image ready.",
        show_failure_destination,
        option="slow",
    ),
)
