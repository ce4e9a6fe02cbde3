"""The rights of the functions behind the API: without one, nothing is lost, and a redrive makes up for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from operations.redrive import redrive
from shared.images import make_record_key
from shared.keys import make_original_key, make_upload_key
from shared.rows import encode_key
from tests.support.client import (
    await_end,
    await_value,
    begin_upload,
    find_objects,
    post_form,
    read_usage,
    upload_json,
)
from tests.support.pictures import make_photo
from tests.support.rights import empty_failures, find_failure, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(1)
ANN = {"X-User-Id": "ann"}
PREFIXES = ("originals/", "renditions/", "variants/")


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_queue(stack: Stack) -> Iterator[None]:
    yield
    empty_failures(stack)


def read_status(api: httpx.Client, image_id: str) -> str:
    status: str = api.get(f"/images/{image_id}", headers=ANN).json()["status"]
    return status


def await_ready(api: httpx.Client, image_id: str) -> None:
    await_value(lambda: True if read_status(api, image_id) == "ready" else None)


def end_lease(stack: Stack, image_id: str) -> None:
    """Let the time of a run end."""
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["ImagesTableName"],
        Key=encode_key(make_record_key(image_id)),
        UpdateExpression="SET leased_until = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )


def list_keys(stack: Stack, image_id: str) -> list[str]:
    return [key for key, *_ in find_objects(stack).get(image_id, [])]


@pytest.mark.parametrize(
    ("action", "resource", "status"),
    [
        ("dynamodb:GetItem", "", "processing"),
        ("dynamodb:PutItem", "", "processing"),
        ("dynamodb:DeleteItem", "", "failed"),
        ("s3:GetObject", "originals/", "failed"),
        ("s3:PutObject", "renditions/", "failed"),
    ],
)
def test_processor_needs_each_of_its_rights_and_its_event_is_kept(
    stack: Stack, api: httpx.Client, action: str, resource: str, status: str
) -> None:
    with without(stack, "Processor", action, resource):
        image = upload_json(api, PHOTO, visibility="public")
        await_value(lambda: find_failure(stack, image["id"]))
        assert read_status(api, image["id"]) == status
    if status == "processing":  # nobody could note that it failed, so its run has time left
        assert api.post(f"/images/{image['id']}/reprocess", headers=ANN).status_code == 409
        end_lease(stack, image["id"])
    assert api.post(f"/images/{image['id']}/reprocess", headers=ANN).status_code == 202
    await_ready(api, image["id"])


@pytest.mark.parametrize(
    ("action", "resource"), [("s3:GetObject", "uploads/"), ("s3:PutObject", "originals/")]
)
def test_processor_accepts_no_upload_without_its_rights(
    stack: Stack, api: httpx.Client, action: str, resource: str
) -> None:
    with without(stack, "Processor", action, resource):
        begun = begin_upload(api, PHOTO)
        assert post_form(begun["upload"], PHOTO).status_code == 204
        await_value(lambda: find_failure(stack, begun["id"]))
        assert read_status(api, begun["id"]) == "failed"
    assert api.post(f"/images/{begun['id']}/reprocess", headers=ANN).status_code == 202
    await_ready(api, begun["id"])


def test_processor_counts_no_upload_without_its_right(stack: Stack, api: httpx.Client) -> None:
    with without(stack, "Processor", "dynamodb:UpdateItem"):
        begun = begin_upload(api, PHOTO)
        assert post_form(begun["upload"], PHOTO).status_code == 204
        await_value(lambda: find_failure(stack, begun["id"]))
        assert read_status(api, begun["id"]) == "failed"
    redrive(stack.client, stack.outputs)
    await_ready(api, begun["id"])


def test_processor_deletes_no_upload_without_its_right(stack: Stack, api: httpx.Client) -> None:
    with without(stack, "Processor", "s3:DeleteObject", "uploads/"):
        begun = begin_upload(api, PHOTO)
        assert post_form(begun["upload"], PHOTO).status_code == 204
        await_value(lambda: find_failure(stack, begun["id"]))
        await_ready(api, begun["id"])
        assert make_upload_key(begun["id"]) in list_keys(stack, begun["id"])
    redrive(stack.client, stack.outputs)
    await_value(lambda: None if make_upload_key(begun["id"]) in list_keys(stack, begun["id"]) else True)


def add_shown(api: httpx.Client) -> str:
    """An image with a variant."""
    image_id: str = upload_json(api, PHOTO)["id"]
    await_ready(api, image_id)
    assert api.get(f"/images/{image_id}/content?width=64&format=png", headers=ANN).status_code == 200
    return image_id


@pytest.mark.parametrize("prefix", PREFIXES)
def test_processor_deletes_no_old_revision_without_its_right(
    stack: Stack, api: httpx.Client, prefix: str
) -> None:
    image_id = add_shown(api)
    old = f"{prefix}{image_id}/1"
    with without(stack, "Processor", "s3:DeleteObject", prefix):
        assert api.post(f"/images/{image_id}/reprocess", headers=ANN).status_code == 202
        await_value(lambda: find_failure(stack, image_id))
        assert read_status(api, image_id) == "ready"
        assert [key for key in list_keys(stack, image_id) if key.startswith(old)]
    redrive(stack.client, stack.outputs)
    await_value(lambda: None if [key for key in list_keys(stack, image_id) if key.startswith(old)] else True)
    assert make_original_key(image_id, 2) in list_keys(stack, image_id)


@pytest.mark.parametrize(
    ("action", "prefix"),
    [*(("s3:DeleteObject", prefix) for prefix in (*PREFIXES, "uploads/")), ("s3:ListBucket", "")],
)
def test_bytes_stay_without_the_right_to_find_and_delete_them(
    stack: Stack, api: httpx.Client, action: str, prefix: str
) -> None:
    image_id = add_shown(api)
    kept = {key for key in list_keys(stack, image_id) if key.startswith(prefix)}
    with without(stack, "Changes", action, prefix):
        api.delete(f"/images/{image_id}", headers=ANN)
        failure = await_value(lambda: find_failure(stack, image_id))
        assert kept <= {*list_keys(stack, image_id)}
    assert failure["change"]["dynamodb"]["OldImage"]["id"] == {"S": image_id}
    redrive(stack.client, stack.outputs)
    assert list_keys(stack, image_id) == []


def test_nothing_is_given_back_without_the_right_to_mark_it(stack: Stack, api: httpx.Client) -> None:
    image_id = upload_json(api, PHOTO, user="meg")["id"]
    await_end(api, image_id, user="meg")
    with without(stack, "Changes", "dynamodb:PutItem"):
        api.delete(f"/images/{image_id}", headers={"X-User-Id": "meg"})
        await_value(lambda: find_failure(stack, image_id))
        assert read_usage(stack, "meg") == {"images": 1, "bytes": len(PHOTO)}
    redrive(stack.client, stack.outputs)
    assert read_usage(stack, "meg") == {"images": 0, "bytes": 0}


def test_image_still_counts_without_the_right_to_count(stack: Stack, api: httpx.Client) -> None:
    """A redrive takes it for given back. The consistency check corrects the counter."""
    image_id = upload_json(api, PHOTO, user="mia")["id"]
    await_end(api, image_id, user="mia")
    with without(stack, "Changes", "dynamodb:UpdateItem"):
        api.delete(f"/images/{image_id}", headers={"X-User-Id": "mia"})
        await_value(lambda: find_failure(stack, image_id))
    redrive(stack.client, stack.outputs)
    assert read_usage(stack, "mia") == {"images": 1, "bytes": len(PHOTO)}


def test_change_comes_back_until_it_can_be_put_aside(stack: Stack, api: httpx.Client) -> None:
    image_id = upload_json(api, PHOTO)["id"]
    await_ready(api, image_id)
    with without(stack, "Changes", "s3:DeleteObject"), without(stack, "Changes", "sqs:SendMessage"):
        api.delete(f"/images/{image_id}", headers=ANN)
        time.sleep(3)
        assert list_keys(stack, image_id)
        assert find_failure(stack, image_id) is None
    await_value(lambda: None if list_keys(stack, image_id) else True)
