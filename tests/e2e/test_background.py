"""The work behind the API, seen in the embedded stack itself."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from operations.redrive import redrive
from shared.images import ImageRepository
from shared.keys import make_original_key
from shared.lifecycle import Status
from shared.renditions import STILLS
from shared.table import Table
from tests.support.client import await_end, await_value, find_rows, upload_json
from tests.support.images import make_image
from tests.support.pictures import make_photo
from tests.support.rights import find_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(1)


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


@pytest.fixture
def images(stack: Stack) -> ImageRepository:
    return ImageRepository(Table(stack.client("dynamodb"), stack.outputs["ImagesTableName"]))


def list_objects(stack: Stack, image_id: str) -> list[str]:
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["BucketName"])
    return [found["Key"] for page in pages for found in page.get("Contents", []) if image_id in found["Key"]]


def await_no_objects(stack: Stack, image_id: str) -> None:
    await_value(lambda: None if list_objects(stack, image_id) else True)


def list_rows(stack: Stack, image_id: str) -> list[str]:
    """Return the kind of each row that names an image."""
    return sorted(row["sk"]["S"] for row in find_rows(stack, image_id))


def test_delete_leaves_no_byte_and_no_row_but_what_says_so(stack: Stack, api: httpx.Client) -> None:
    image = upload_json(api, PHOTO, visibility="public", tags=["a"])
    await_end(api, image["id"])
    assert len(list_objects(stack, image["id"])) == 1 + len(STILLS)
    # The record, two entries for its owner and for everyone, one for its bytes, and the tagging.
    await_value(lambda: True if len(find_rows(stack, image["id"])) == 7 else None)
    api.delete(f"/images/{image['id']}", headers={"X-User-Id": "ann"})
    await_no_objects(stack, image["id"])
    await_value(lambda: True if list_rows(stack, image["id"]) == ["GIVEN BACK", "TAGS"] else None)


def test_image_deleted_at_once_leaves_no_byte_either(stack: Stack, api: httpx.Client) -> None:
    image_ids = [upload_json(api, PHOTO)["id"] for _ in range(3)]
    for image_id in image_ids:
        assert api.delete(f"/images/{image_id}", headers={"X-User-Id": "ann"}).status_code == 204
    for image_id in image_ids:
        await_no_objects(stack, image_id)


def test_event_that_keeps_failing_is_kept_and_a_redrive_makes_the_image_ready(
    stack: Stack, images: ImageRepository
) -> None:
    image = make_image()
    images.add(image)
    key = make_original_key(image.id)
    event = {"Records": [{"eventTime": "2126-01-01T00:00:00.000Z", "s3": {"object": {"key": key}}}]}
    stack.client("lambda").invoke(
        FunctionName=stack.outputs["ProcessorFunctionName"],
        InvocationType="Event",
        Payload=json.dumps(event),
    )

    await_value(lambda: find_failure(stack, image.id))
    assert images.get(image.id).status is Status.FAILED
    stack.client("s3").put_object(Bucket=stack.outputs["BucketName"], Key=key, Body=PHOTO)
    assert redrive(stack.client, stack.outputs).sent >= 1
    assert find_failure(stack, image.id) is None
    await_value(lambda: True if images.get(image.id).status is Status.READY else None)


def test_failed_image_is_ready_after_its_owner_had_it_processed_again(
    stack: Stack, api: httpx.Client, images: ImageRepository
) -> None:
    image_id = upload_json(api, PHOTO)["id"]
    await_end(api, image_id)
    images.update(image_id, lambda image: image.model_copy(update={"status": Status.FAILED}), lambda _: None)
    response = api.post(f"/images/{image_id}/reprocess", headers={"X-User-Id": "ann"})
    assert response.status_code == 202
    assert await_end(api, image_id)["status"] == "ready"
    assert len(list_objects(stack, image_id)) == 1 + len(STILLS)


def test_transaction_sent_twice_is_one_write(stack: Stack) -> None:
    """The part of a retry after a lost response that moto cannot show."""
    table = stack.outputs["ImagesTableName"]
    item = {"pk": {"S": f"TEST#{uuid.uuid4()}"}, "sk": {"S": "TEST"}}
    put = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    token = str(uuid.uuid4())
    for _ in range(2):
        stack.client("dynamodb").transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken=token)


def test_logs_hold_nothing_that_was_sent(stack: Stack, api: httpx.Client) -> None:
    secret = f"s-{uuid.uuid4()}"
    image = upload_json(api, PHOTO, user=secret, description=secret, tags=[secret])
    await_end(api, image["id"], user=secret)
    api.get(f"/images/{secret}", headers={"Authorization": secret}, params={"userId": secret})
    api.get("/images", params={"userId": secret, "tags": secret})
    logs = await_value(lambda: "\n".join(stack.read_logs("api")) or None)
    logs += "\n".join(stack.read_logs("processor"))
    assert "/images/upload" in logs
    assert secret not in logs
