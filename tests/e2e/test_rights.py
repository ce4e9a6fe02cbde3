"""The rights of the API and of its signer: each is needed, and its loss shows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.images import ImageRepository
from shared.keys import make_original_key, make_upload_key
from shared.lifecycle import STALLED
from shared.table import Table
from tests.support.client import await_end, begin_upload, find_objects, post_form, read_usage, upload_json
from tests.support.images import FAR_FUTURE, make_image
from tests.support.pictures import make_photo
from tests.support.rights import without
from tests.support.variables import serve_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack

    type Act = Callable[[Stack, httpx.Client, str], int]
    """Does something with an image, and returns the status."""

PHOTO = make_photo(1)
ANN = {"X-User-Id": "ann"}


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


def show(_: Stack, api: httpx.Client, image_id: str) -> int:
    return api.get(f"/images/{image_id}", headers=ANN).status_code


def list_public(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return api.get("/images").status_code


def list_own(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return api.get("/images", headers=ANN).status_code


def change(_: Stack, api: httpx.Client, image_id: str) -> int:
    return api.patch(f"/images/{image_id}", json={"description": "x"}, headers=ANN).status_code


def delete(_: Stack, api: httpx.Client, image_id: str) -> int:
    return api.delete(f"/images/{image_id}", headers=ANN).status_code


def reprocess(_: Stack, api: httpx.Client, image_id: str) -> int:
    return api.post(f"/images/{image_id}/reprocess", headers=ANN).status_code


def create_item(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return api.post("/items", json={"name": "a"}).status_code


def show_item(_: Stack, api: httpx.Client, image_id: str) -> int:
    """A missing one."""
    return api.get(f"/items/{image_id}").status_code


def delete_item(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return api.delete(api.post("/items", json={"name": "a"}).headers["Location"]).status_code


def create_item_once(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return api.post("/items", json={"name": "a"}, headers=headers).status_code


def create_bad_item_once(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return api.post("/items", json={}, headers={"Idempotency-Key": str(uuid.uuid4())}).status_code


def upload(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    headers = {**ANN, "Content-Type": "image/jpeg"}
    return api.post("/images/upload", headers=headers, content=PHOTO).status_code


def upload_file(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return api.post("/upload", files={"file": ("a.txt", b"text")}).status_code


def repeat_after_lost_response(stack: Stack, api: httpx.Client, image_id: str) -> int:
    """The second try has stored its bytes when it finds the image of the first."""
    del image_id
    headers = {**ANN, "Content-Type": "image/jpeg", "Idempotency-Key": str(uuid.uuid4())}
    assert api.post("/images/upload", headers=headers, content=PHOTO).status_code == 201
    table, dynamodb = stack.outputs["IdempotencyTableName"], stack.client("dynamodb")
    for row in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"id": row["id"]})
    return api.post("/images/upload", headers=headers, content=PHOTO).status_code


def reprocess_stalled_upload(stack: Stack, api: httpx.Client, image_id: str) -> int:
    """Its bytes wait in `uploads/`, because the processor cannot read the record."""
    del image_id
    images = ImageRepository(Table(stack.client("dynamodb"), stack.outputs["ImagesTableName"]))
    stalled = make_image(status=STALLED.status, has_original=False, leased_until=None, expires_at=FAR_FUTURE)
    with without(stack, "Processor", "dynamodb:GetItem"):
        stack.client("s3").put_object(
            Bucket=stack.outputs["BucketName"], Key=make_upload_key(stalled.id), Body=PHOTO
        )
        images.add(stalled)
        return reprocess(stack, api, stalled.id)


def open_original(_: Stack, api: httpx.Client, image_id: str) -> int:
    return httpx.get(api.get(f"/images/{image_id}/content", headers=ANN).headers["Location"]).status_code


def open_rendition(_: Stack, api: httpx.Client, image_id: str) -> int:
    return api.get(f"/images/{image_id}/content/small", headers=ANN).status_code


def open_variant(_: Stack, api: httpx.Client, image_id: str) -> int:
    return api.get(f"/images/{image_id}/content?width=64&format=png", headers=ANN).status_code


def open_file(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    url = api.post("/upload", files={"file": ("a.txt", b"text")}).json()["file"]["url"]
    return httpx.get(url).status_code


def start_and_show(stack: Stack, api: httpx.Client, image_id: str) -> int:
    """A function that runs already knows the secret of the links, and has a session of the signer."""
    stack.client("lambda").update_function_configuration(
        FunctionName=stack.outputs["ApiFunctionName"], Description=str(uuid.uuid4())
    )
    serve_latest(stack)
    return show(stack, api, image_id)


def start_and_open_original(stack: Stack, api: httpx.Client, image_id: str) -> int:
    start_and_show(stack, api, image_id)
    return api.get(f"/images/{image_id}/content", headers=ANN).status_code


def post(_: Stack, api: httpx.Client, image_id: str) -> int:
    del image_id
    return post_form(begin_upload(api, PHOTO)["upload"], PHOTO).status_code


# The use of each right, the status with it, and the status without it.
RIGHTS: list[tuple[str, str, str, Act, int, int]] = [
    ("Api", "dynamodb:GetItem", "Images", show, 200, 500),
    ("Api", "dynamodb:GetItem", "Items", show_item, 404, 500),
    ("Api", "dynamodb:Query", "Images", list_public, 200, 500),
    ("Api", "dynamodb:BatchGetItem", "Images", list_own, 200, 500),
    ("Api", "dynamodb:PutItem", "Images", change, 200, 500),
    ("Api", "dynamodb:PutItem", "Items", create_item, 201, 500),
    ("Api", "dynamodb:DeleteItem", "Images", delete, 204, 500),
    ("Api", "dynamodb:DeleteItem", "Items", delete_item, 204, 500),
    ("Api", "dynamodb:UpdateItem", "Images", upload, 201, 500),
    ("Api", "dynamodb:PutItem", "Idempotency", create_item_once, 201, 500),
    ("Api", "dynamodb:UpdateItem", "Idempotency", create_item_once, 201, 500),
    ("Api", "dynamodb:DeleteItem", "Idempotency", create_bad_item_once, 422, 500),
    ("Api", "s3:PutObject", "originals/", upload, 201, 500),
    ("Api", "s3:GetObject", "renditions/", open_rendition, 200, 500),
    ("Api", "s3:GetObject", "variants/", open_variant, 200, 500),
    ("Api", "s3:PutObject", "variants/", open_variant, 200, 500),
    ("Api", "s3:PutObject", "files/", upload_file, 201, 500),
    ("Api", "s3:GetObject", "originals/", reprocess, 202, 500),
    ("Api", "s3:DeleteObject", "originals/", repeat_after_lost_response, 201, 500),
    ("Api", "s3:GetObject", "uploads/", reprocess_stalled_upload, 202, 500),
    ("Api", "s3:PutObject", "uploads/", reprocess_stalled_upload, 202, 500),
    ("Api", "secretsmanager:GetSecretValue", "", start_and_show, 200, 500),
    ("Api", "sts:AssumeRole", "", start_and_open_original, 302, 500),
    ("Signer", "s3:GetObject", "originals/", open_original, 200, 403),
    ("Signer", "s3:GetObject", "files/", open_file, 200, 403),
    ("Signer", "s3:PutObject", "uploads/", post, 204, 403),
]


@pytest.mark.parametrize(
    ("role", "action", "resource", "act", "usual", "denied"),
    RIGHTS,
    ids=[f"{row[0]} {row[1]} {row[2]} {row[3].__name__}" for row in RIGHTS],
)
def test_right_is_needed(  # noqa: PLR0913, PLR0917 - a row of the table
    stack: Stack,
    api: httpx.Client,
    role: str,
    action: str,
    resource: str,
    act: Act,
    usual: int,
    denied: int,
) -> None:
    image_id = upload_json(api, PHOTO)["id"]
    await_end(api, image_id)
    with without(stack, role, action, resource):
        assert act(stack, api, image_id) == denied
    assert act(stack, api, image_id) == usual


def test_lost_original_is_a_conflict(stack: Stack, api: httpx.Client) -> None:
    """On AWS, this needs the right to list the bucket. The emulated S3 tells everyone what is missing."""
    image_id = upload_json(api, PHOTO)["id"]
    await_end(api, image_id)
    stack.client("s3").delete_object(Bucket=stack.outputs["BucketName"], Key=make_original_key(image_id))
    assert reprocess(stack, api, image_id) == 409
    # Tests that come later check that every image has its original.
    assert api.delete(f"/images/{image_id}", headers={"X-User-Id": "ann"}).status_code == 204


def test_upload_that_fails_leaves_nothing_and_counts_nothing(stack: Stack, api: httpx.Client) -> None:
    user, before = f"u-{uuid.uuid4()}", find_objects(stack).keys()
    headers = {"X-User-Id": user, "Content-Type": "image/jpeg"}
    with without(stack, "Api", "s3:PutObject", "originals/"):
        assert api.post("/images/upload", headers=headers, content=PHOTO).status_code == 500
    assert find_objects(stack).keys() <= before
    assert read_usage(stack, user) == {"images": 0, "bytes": 0}
