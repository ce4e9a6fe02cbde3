"""Quotas: a user's images are counted exactly, however many requests come at once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.counters import Counter, make_usage_key
from shared.rows import encode_model
from tests.support.client import (
    CROWD_PATIENCE_SECONDS,
    await_end,
    await_value,
    begin_upload,
    find_objects,
    find_rows,
    post_form,
    read_usage,
    run_at_once,
    upload_form,
)
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(6)
MAX_USER_IMAGES = 10_000  # the template's default
ROOM = 10
SECONDS_TO_GIVE_BACK = 15


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    with httpx.Client(base_url=stack.api_url, timeout=CROWD_PATIENCE_SECONDS, limits=limits) as client:
        yield client


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


@pytest.fixture
def almost_full(stack: Stack, user: str) -> str:
    """A user who has room for ten images."""
    counter = Counter(images=MAX_USER_IMAGES - ROOM)
    stack.client("dynamodb").put_item(
        TableName=stack.outputs["ImagesTableName"], Item=encode_model(make_usage_key(user), counter)
    )
    return user


def test_parallel_uploads_stop_at_the_quota(stack: Stack, api: httpx.Client, almost_full: str) -> None:
    user, before = almost_full, find_objects(stack).keys()
    responses = run_at_once(
        lambda _: api.post("/images/upload", files={"file": ("a.jpg", PHOTO)}, data={"userId": user}), 50
    )
    taken = {response.json()["id"] for response in responses if response.status_code == 201}
    refused = [response for response in responses if response.status_code != 201]
    assert len(taken) == ROOM
    assert {(response.status_code, response.json()["code"]) for response in refused} == {
        (403, "quota_exceeded")
    }
    assert read_usage(stack, user) == {"images": MAX_USER_IMAGES, "bytes": ROOM * len(PHOTO)}
    listed = api.get("/images", params={"userId": user, "limit": 100}, headers={"X-User-Id": user}).json()[
        "images"
    ]
    assert {image["id"] for image in listed} == taken
    assert find_objects(stack).keys() - before == taken


def test_parallel_direct_uploads_stop_at_the_quota(stack: Stack, api: httpx.Client, almost_full: str) -> None:
    """Each has room when it begins. The bytes that come too late are rejected and deleted."""
    user, before = almost_full, find_objects(stack).keys()
    begun = [begin_upload(api, PHOTO, user=user) for _ in range(2 * ROOM)]
    posted = run_at_once(lambda number: post_form(begun[number]["upload"], PHOTO).status_code, len(begun))
    assert {*posted} == {204}
    ends = [await_end(api, each["id"], user=user) for each in begun]
    taken = {image["id"] for image in ends if image["status"] == "ready"}
    assert len(taken) == ROOM
    assert {image["status"] for image in ends} == {"ready", "rejected"}
    assert read_usage(stack, user) == {"images": MAX_USER_IMAGES, "bytes": ROOM * len(PHOTO)}
    await_value(lambda: True if find_objects(stack).keys() - before == taken else None)


def test_counter_comes_back_after_deletions(stack: Stack, api: httpx.Client, user: str) -> None:
    ids = [upload_form(api, PHOTO, user=user)["id"] for _ in range(6)]
    await_end(api, ids[0], user=user)
    assert read_usage(stack, user) == {"images": 6, "bytes": 6 * len(PHOTO)}
    headers = {"X-User-Id": user}
    deleted = run_at_once(lambda number: api.delete(f"/images/{ids[number]}", headers=headers), 4)
    assert {response.status_code for response in deleted} == {204}
    left = {"images": 2, "bytes": 2 * len(PHOTO)}
    await_value(lambda: True if read_usage(stack, user) == left else None, seconds=SECONDS_TO_GIVE_BACK)


def test_rejected_image_gives_back_its_room(stack: Stack, api: httpx.Client, user: str) -> None:
    image_id = upload_form(api, PHOTO[:-100], user=user)["id"]
    assert await_end(api, image_id, user=user)["status"] == "rejected"
    nothing = {"images": 0, "bytes": 0}
    await_value(lambda: True if read_usage(stack, user) == nothing else None, seconds=SECONDS_TO_GIVE_BACK)


def test_full_user_has_room_again_after_a_deletion(api: httpx.Client, almost_full: str) -> None:
    def try_upload() -> int:
        files, data = {"file": ("a.jpg", PHOTO)}, {"userId": almost_full}
        return api.post("/images/upload", files=files, data=data).status_code

    ids = [upload_form(api, PHOTO, user=almost_full)["id"] for _ in range(ROOM)]
    assert try_upload() == 403
    api.delete(f"/images/{ids[0]}", headers={"X-User-Id": almost_full})
    await_value(lambda: True if try_upload() == 201 else None, seconds=SECONDS_TO_GIVE_BACK)
    assert try_upload() == 403


def test_image_is_given_back_once(stack: Stack, api: httpx.Client, user: str) -> None:
    """A change that comes again finds the marker of the first time."""
    ids = [upload_form(api, PHOTO, user=user)["id"] for _ in range(2)]
    api.delete(f"/images/{ids[0]}", headers={"X-User-Id": user})
    left = {"images": 1, "bytes": len(PHOTO)}
    await_value(lambda: True if read_usage(stack, user) == left else None, seconds=SECONDS_TO_GIVE_BACK)
    assert [row["sk"]["S"] for row in find_rows(stack, ids[0])] == ["GIVEN BACK"]
