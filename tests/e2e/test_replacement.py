"""Other bytes for an image, through the deployed stack: the form, the events, the stream and the rights."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.client import (
    await_end,
    await_value,
    find_objects,
    post_form,
    read_usage,
    upload_json,
)
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from local.stack import Stack

PHOTO = make_photo(6)
SMALL = make_picture("PNG", width=20, height=10)
LARGE = PHOTO + bytes(6_000_000)
"""More than fits into a request."""


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def upload_ready(api: httpx.Client, user: str) -> Any:  # noqa: ANN401 - JSON
    image = upload_json(api, PHOTO, user=user, visibility="public")
    return await_end(api, image["id"], user=user)


def replace(api: httpx.Client, image_id: str, content: bytes, user: str, **headers: str) -> httpx.Response:
    sent = {"X-User-Id": user, "Content-Type": "image/png"} | headers
    return api.put(f"/images/{image_id}/content", content=content, headers=sent)


def await_replaced(api: httpx.Client, image_id: str, user: str) -> Any:  # noqa: ANN401 - JSON
    """Wait until no replacement is on its way, and return the image."""

    def get() -> Any:  # noqa: ANN401 - JSON
        image = api.get(f"/images/{image_id}", headers={"X-User-Id": user}).json()
        return None if (image["replacement"] or {}).get("status") in {"pending", "processing"} else image

    return await_value(get)


def list_revisions(stack: Stack, image_id: str) -> set[str]:
    """The revisions that have objects."""
    return {key.split("/")[2] for key, _, _ in find_objects(stack).get(image_id, [])}


def test_other_bytes_become_the_image_and_the_old_ones_go(api: httpx.Client, stack: Stack, user: str) -> None:
    before = upload_ready(api, user)
    response = replace(api, before["id"], SMALL, user)
    assert response.status_code == 202, response.text
    assert response.json()["status"] == "ready"
    after = await_replaced(api, before["id"], user)
    assert (after["status"], after["replacement"], after["revision"]) == ("ready", None, 2)
    assert (after["size"], after["width"], after["contentType"]) == (len(SMALL), 20, "image/png")
    assert after["sha256"] != before["sha256"]
    await_value(lambda: list_revisions(stack, before["id"]) == {"2"} or None)
    await_value(lambda: read_usage(stack, user) == {"images": 1, "bytes": len(SMALL)} or None)
    location = api.get(f"/images/{before['id']}/content", headers={"X-User-Id": user}).headers["Location"]
    assert httpx.get(location).content == SMALL
    shown = api.get(f"/images/{before['id']}/content/small", follow_redirects=True)
    assert shown.status_code == 200


def test_rejected_bytes_leave_the_image_as_it_was(api: httpx.Client, stack: Stack, user: str) -> None:
    before = upload_ready(api, user)
    damaged = make_picture("PNG", width=600, height=300)[:-200]
    assert replace(api, before["id"], damaged, user).status_code == 202
    after = await_replaced(api, before["id"], user)
    assert (after["status"], after["size"], after["revision"]) == ("ready", len(PHOTO), 1)
    assert after["replacement"]["status"] == "rejected"
    assert after["replacement"]["statusReason"]
    await_value(lambda: list_revisions(stack, before["id"]) == {"1"} or None)
    await_value(lambda: read_usage(stack, user) == {"images": 1, "bytes": len(PHOTO)} or None)
    assert api.get(f"/images/{before['id']}").json()["replacement"] is None


def test_bytes_too_large_for_a_request_go_straight_to_s3(api: httpx.Client, stack: Stack, user: str) -> None:
    before = upload_ready(api, user)
    announced = {"contentType": "image/jpeg", "size": len(LARGE), "filename": "large.jpg"}
    begun = api.post(f"/images/{before['id']}/content/uploads", json=announced, headers={"X-User-Id": user})
    assert begun.status_code == 201, begun.text
    form = begun.json()["upload"]
    other_key = f"uploads/{before['id']}/1"
    assert post_form(form, LARGE, key=other_key).status_code == 403
    assert post_form(form, LARGE[:-1]).status_code == 400
    assert post_form(form, LARGE).status_code == 204
    after = await_replaced(api, before["id"], user)
    assert (after["size"], after["filename"], after["revision"]) == (len(LARGE), "large.jpg", 2)
    await_value(lambda: list_revisions(stack, before["id"]) == {"2"} or None)
    assert read_usage(stack, user) == {"images": 1, "bytes": len(LARGE)}
    used = api.get("/me", headers={"X-User-Id": user}).json()["used"]
    assert (used["pendingUploads"], used["pendingBytes"]) == (0, 0)


def test_same_key_replaces_once_and_an_old_etag_not_at_all(api: httpx.Client, user: str) -> None:
    image = upload_ready(api, user)
    etag = api.get(f"/images/{image['id']}", headers={"X-User-Id": user}).headers["ETag"]
    key = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": etag}
    responses = [replace(api, image["id"], SMALL, user, **key) for _ in range(2)]
    assert [response.status_code for response in responses] == [202, 202]
    assert await_replaced(api, image["id"], user)["revision"] == 2
    assert replace(api, image["id"], PHOTO, user, **{"If-Match": etag}).status_code == 412
