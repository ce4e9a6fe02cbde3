"""Many at a time: what requests, events and deletions do to each other on the deployed stack."""

from __future__ import annotations

import hashlib
import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from operations.redrive import redrive
from shared.keys import make_original_key, make_upload_key
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
    from collections.abc import Callable, Iterator, Sequence

    from local.stack import Stack

PHOTO = make_photo(6)
DELETIONS = 200
DELETERS = 12
SLOWEST_DELETION_SECONDS = 0.6  # twice as long as processing takes
REMAINS_PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    with httpx.Client(base_url=stack.api_url, timeout=CROWD_PATIENCE_SECONDS, limits=limits) as client:
        yield client


@pytest.fixture(scope="module")
def doomed() -> set[str]:
    """Ids of images of which the last test finds nothing. Nobody else waits for them."""
    return set()


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def make_image(api: httpx.Client, user: str, chance: random.Random) -> str:
    """An image, one of three straight to S3, whose processing has just begun."""
    if chance.random() < 2 / 3:
        image_id: str = upload_form(api, PHOTO, user=user, visibility="public", tags="a,b")["id"]
    else:
        metadata = {"visibility": "public", "tags": ["a", "b"]}
        begun = begin_upload(api, PHOTO, user=user, metadata=metadata)
        image_id = begun["id"]
        assert post_form(begun["upload"], PHOTO).status_code == 204
    return image_id


def test_image_may_be_deleted_at_any_moment(api: httpx.Client, user: str, doomed: set[str]) -> None:
    headers = {"X-User-Id": user}

    def make_and_delete(number: int) -> str:
        chance = random.Random(number)  # noqa: S311 - no secret
        image_id = make_image(api, user, chance)
        time.sleep(chance.uniform(0, SLOWEST_DELETION_SECONDS))
        assert api.delete(f"/images/{image_id}", headers=headers).status_code == 204
        assert api.get(f"/images/{image_id}", headers=headers).status_code == 404
        return image_id

    with ThreadPoolExecutor(DELETERS) as executor:
        doomed.update(executor.map(make_and_delete, range(DELETIONS)))
    assert api.get("/images", params={"userId": user}, headers={"X-User-Id": user}).json()["images"] == []


def test_parallel_uploads_with_one_key_make_one_image(stack: Stack, api: httpx.Client, user: str) -> None:
    before = find_objects(stack).keys()
    key = {"Idempotency-Key": str(uuid.uuid4())}

    def upload(_: int) -> httpx.Response:
        for _ in range(100):
            response = api.post(
                "/images/upload", files={"file": ("a.jpg", PHOTO)}, data={"userId": user}, headers=key
            )
            if response.status_code == 201:
                break
            assert (response.status_code, response.json()["code"]) == (409, "still_running")
            assert int(response.headers["Retry-After"]) > 0
            time.sleep(0.2)
        return response

    responses = run_at_once(upload, 20)
    assert {response.status_code for response in responses} == {201}
    (image_id,) = {response.json()["id"] for response in responses}
    await_end(api, image_id, user=user)
    listed = api.get("/images", params={"userId": user}, headers={"X-User-Id": user}).json()["images"]
    assert [image["id"] for image in listed] == [image_id]
    assert [row["id"]["S"] for row in find_rows(stack, user) if "filename" in row] == [image_id]
    assert find_objects(stack).keys() - before == {image_id}
    assert read_usage(stack, user) == {"images": 1, "bytes": len(PHOTO)}


def read_state(response: httpx.Response) -> dict[str, Any]:
    """The record after a change, without the URLs of renditions, which are signed again each time."""
    assert response.status_code == 200
    return {**response.json(), "renditions": None}


def assert_one_after_the_other(
    first: dict[str, Any], made: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Each version is the one before with one change, and every change is in one. Returns the last."""
    steps = sorted(zip(made, changes, strict=True), key=lambda step: step[0]["version"])
    state = first
    for version, (seen, change) in enumerate(steps, first["version"] + 1):
        state = state | change | {"version": version, "updatedAt": seen["updatedAt"]}
        assert seen == state
    return state


def test_no_parallel_update_of_an_image_is_lost(stack: Stack, api: httpx.Client, user: str) -> None:
    image_id = upload_form(api, PHOTO, user=user)["id"]
    await_end(api, image_id, user=user)
    url, headers = f"/images/{image_id}", {"X-User-Id": user}
    first = read_state(api.patch(url, json={"tags": ["none"]}, headers=headers))
    kinds: list[Callable[[int], dict[str, Any]]] = [
        lambda number: {"description": f"text {number}"},
        lambda number: {"filename": f"{number}.jpg"},
        lambda number: {"tags": [f"tag-{number}"]},
    ]
    changes = [kinds[number % 3](number) for number in range(50)]
    made = run_at_once(lambda number: read_state(api.patch(url, json=changes[number], headers=headers)), 50)
    last = assert_one_after_the_other(first, made, changes)
    assert read_state(api.get(url, headers=headers)) == last
    entries = {row["pk"]["S"].rpartition("#TAG#")[2] for row in find_rows(stack, image_id) if len(row) == 2}
    everyones = {entry for entry in entries if entry.startswith("ALL#")}
    assert len(everyones) == 1
    same_bytes = f"USER#{user}#SHA256#{hashlib.sha256(PHOTO).hexdigest()}"
    assert entries - everyones == {*last["tags"], f"USER#{user}#PRIVATE", same_bytes}


def test_no_parallel_update_of_an_item_is_lost(api: httpx.Client, user: str) -> None:
    headers = {"X-User-Id": user}
    created = api.post("/items", json={"name": "none"}, headers=headers)
    url = f"/items/{created.json()['id']}"
    changes = [{"name": f"name {number}", "attributes": {"number": number}} for number in range(50)]
    made = run_at_once(lambda number: read_state(api.put(url, json=changes[number], headers=headers)), 50)
    last = assert_one_after_the_other(created.json() | {"renditions": None}, made, changes)
    assert read_state(api.get(url, headers=headers)) == last


def send_events(stack: Stack, image_id: str) -> None:
    """Hand the processor what S3 told when the image came: late, and twice."""
    now = datetime.now(UTC)
    for at in (now, now - timedelta(hours=1)):
        records = [
            {"eventTime": at.isoformat(), "s3": {"object": {"key": make_key(image_id)}}}
            for make_key in (make_upload_key, make_original_key)
        ]
        response = stack.client("lambda").invoke(
            FunctionName=stack.outputs["ProcessorFunctionName"], Payload=json.dumps({"Records": records * 2})
        )
        assert "FunctionError" not in response


def test_event_that_comes_again_changes_nothing(stack: Stack, api: httpx.Client, user: str) -> None:
    image_id = upload_form(api, PHOTO, user=user)["id"]
    await_end(api, image_id, user=user)
    rows, objects = find_rows(stack, image_id), find_objects(stack)[image_id]
    send_events(stack, image_id)
    assert find_rows(stack, image_id) == rows
    assert find_objects(stack)[image_id] == objects


def test_event_that_comes_after_the_deletion_brings_nothing_back(
    stack: Stack, api: httpx.Client, user: str
) -> None:
    image_id = upload_form(api, PHOTO, user=user)["id"]
    await_end(api, image_id, user=user)
    api.delete(f"/images/{image_id}", headers={"X-User-Id": user})
    await_value(lambda: None if image_id in find_objects(stack) else True)
    send_events(stack, image_id)
    assert [row["sk"]["S"] for row in find_rows(stack, image_id)] == ["GIVEN BACK"]
    assert image_id not in find_objects(stack)


def test_nothing_is_left_of_images_that_were_deleted_or_refused(stack: Stack, doomed: set[str]) -> None:
    """Originals that were stored after their image was deleted go last: the processor waits for a row.

    AWS tries their events again a minute later. The emulator does so within seconds, and gives them up.
    """

    def is_clean() -> bool | None:
        redrive(stack.client, stack.outputs)
        return None if find_objects(stack).keys() & doomed else True

    await_value(is_clean, seconds=REMAINS_PATIENCE_SECONDS)
    pages = (
        stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs["ImagesTableName"])
    )
    says_so = {"GIVEN BACK", "TAGS"}
    rows = [str(row) for page in pages for row in page["Items"] if row["sk"]["S"] not in says_so]
    assert [row for row in rows if any(image_id in row for image_id in doomed)] == []
