"""Attacks on the bounds of a user, with many threads at once. The stack has low bounds here."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.counters import FORM_PREFIX, make_usage_key
from shared.keys import FILES_PREFIX
from shared.quotas import Usage
from shared.rows import encode_key
from shared.table import Table
from shared.usages import UsageRepository
from tests.support.client import (
    CROWD_PATIENCE_SECONDS,
    await_end,
    await_value,
    begin_upload,
    find_objects,
    find_rows,
    post_form,
    run_at_once,
    upload_form,
)
from tests.support.pictures import make_photo
from tests.support.variables import change_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.stack import Stack

PHOTO = make_photo(6)
ROOM = 5
FORMS = 10
FORM_BYTES = 50 * 2**20
LARGE_FORMS = 4
BURST = 30
SECONDS_PER_TOKEN = 10
BOUNDS = {
    "MAX_USER_FILES": str(ROOM),
    "MAX_USER_ITEMS": str(ROOM),
    "MAX_PENDING_UPLOADS": str(FORMS),
    "MAX_PENDING_BYTES": str(LARGE_FORMS * FORM_BYTES),
    "USER_WRITES_PER_MINUTE": str(60 // SECONDS_PER_TOKEN),
    "USER_WRITE_BURST": str(BURST),
}
MAX_USER_BYTES = 10 * 2**30  # the template's default
type Options = dict[str, Any]
"""Of httpx."""
FILE: Options = {"files": {"file": ("a.bin", bytes(1000))}}
ITEM: Options = {"json": {"name": "Lamp"}}
SMALL_FORM: Options = {"json": {"contentType": "image/jpeg", "size": len(PHOTO)}}
LARGE_FORM: Options = {"json": {"contentType": "image/jpeg", "size": FORM_BYTES}}


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    with (
        change_variables(stack, BOUNDS),
        httpx.Client(base_url=stack.api_url, timeout=CROWD_PATIENCE_SECONDS, limits=limits) as client,
    ):
        yield client


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def send_many(  # noqa: PLR0913 - an attack
    api: httpx.Client, user: str, path: str, options: Options, *, times: int, threads: int = 20
) -> tuple[list[Any], set[tuple[int, str, str | None]]]:
    """Return what was made, and how the other requests were answered."""
    headers = {"X-User-Id": user}
    with ThreadPoolExecutor(threads) as executor:
        responses = list(executor.map(lambda _: api.post(path, headers=headers, **options), range(times)))
    made = [response.json() for response in responses if response.status_code == 201]
    refused = {
        (response.status_code, response.json()["code"], response.headers.get("Retry-After"))
        for response in responses
        if response.status_code != 201
    }
    return made, refused


def read_used(api: httpx.Client, user: str) -> Usage:
    used = api.get("/me", headers={"X-User-Id": user}).json()["used"]
    return Usage.model_validate(used)


def find_files(stack: Stack) -> set[str]:
    return {
        key for found in find_objects(stack).values() for key, *_ in found if key.startswith(FILES_PREFIX)
    }


def read_outcomes(stack: Stack, image_id: str) -> list[str]:
    """The outcome of each run of the processor for an image."""
    lines = [json.loads(line) for line in stack.read_logs("processor") if image_id in line]
    return [line["outcome"] for line in lines if line["message"] == "processed"]


def await_outcomes(stack: Stack, image_id: str, count: int) -> Sequence[str]:
    def read() -> list[str] | None:
        outcomes = read_outcomes(stack, image_id)
        return outcomes if len(outcomes) >= count else None

    return await_value(read)


def test_legacy_files_beyond_the_quota_are_403_and_leave_nothing(
    stack: Stack, api: httpx.Client, user: str
) -> None:
    """Before: anyone could store files without end. They had no owner, and nobody could delete them."""
    before = find_files(stack)
    made, refused = send_many(api, user, "/upload", FILE, times=40)
    assert refused == {(403, "quota_exceeded", None)}
    ids = {each["file"]["id"] for each in made}
    assert len(ids) == ROOM
    headers = {"X-User-Id": user}
    assert {file["id"] for file in api.get("/files", headers=headers).json()["files"]} == ids
    assert len(find_files(stack) - before) == ROOM
    assert read_used(api, user) == Usage(files=ROOM, bytes=ROOM * 1000)
    assert api.delete(f"/files/{min(ids)}", headers=headers).status_code == 204
    await_value(lambda: True if api.post("/upload", headers=headers, **FILE).status_code == 201 else None)


def test_bytes_of_legacy_files_are_bounded_together_with_those_of_images(
    stack: Stack, api: httpx.Client, user: str
) -> None:
    """Before: they counted for nobody."""
    usages = UsageRepository(Table(stack.client("dynamodb"), stack.outputs["ImagesTableName"]))
    stored = Usage(bytes=MAX_USER_BYTES - 3500)
    usages.reserve("stored before", user, stored)
    made, refused = send_many(api, user, "/upload", FILE, times=20)
    assert (len(made), refused) == (3, {(403, "quota_exceeded", None)})
    assert api.post("/images/uploads", headers={"X-User-Id": user}, **SMALL_FORM).status_code == 403
    usages.release("stored before", user, stored)  # no counter is wrong when they are checked later


def test_items_beyond_the_quota_are_403(stack: Stack, api: httpx.Client, user: str) -> None:
    """Before: anyone could write items without end."""
    made, refused = send_many(api, user, "/items", ITEM, times=40)
    assert refused == {(403, "quota_exceeded", None)}
    assert len(made) == ROOM
    headers = {"X-User-Id": user}
    listed = api.get("/items", headers=headers).json()["items"]
    assert {item["id"] for item in listed} == {item["id"] for item in made}
    rows = stack.client("dynamodb").scan(TableName=stack.outputs["ItemsTableName"], ConsistentRead=True)
    assert sum("name" in row and user in str(row) for row in rows["Items"]) == ROOM
    assert api.delete(f"/items/{made[0]['id']}", headers=headers).status_code == 204
    assert api.post("/items", headers=headers, **ITEM).status_code == 201
    assert api.post("/items", headers=headers, **ITEM).status_code == 403


def test_forms_of_50_mib_stop_at_the_announced_bytes(stack: Stack, api: httpx.Client, user: str) -> None:
    """Before: 300 of them, 15 GB, were given out over a quota of 10 GiB."""
    made, refused = send_many(api, user, "/images/uploads", LARGE_FORM, times=300)
    assert refused == {(429, "too_many_pending", "60")}
    assert len(made) == LARGE_FORMS
    assert read_used(api, user) == Usage(pending_uploads=LARGE_FORMS, pending_bytes=LARGE_FORMS * FORM_BYTES)
    pending = [row for row in find_rows(stack, user) if row["sk"]["S"] == "IMAGE"]
    assert {row["id"]["S"] for row in pending} == {each["id"] for each in made}


def test_form_gives_back_its_room_when_it_is_used_deleted_or_ends(
    stack: Stack, api: httpx.Client, user: str
) -> None:
    """Before: nothing counted the uploads that had begun."""
    made, refused = send_many(api, user, "/images/uploads", SMALL_FORM, times=20)
    assert (len(made), refused) == (FORMS, {(429, "too_many_pending", "60")})
    assert post_form(made[0]["upload"], PHOTO).status_code == 204
    assert await_end(api, made[0]["id"], user=user)["status"] == "ready"
    assert read_used(api, user).pending_uploads == FORMS - 1
    assert api.delete(f"/images/{made[1]['id']}", headers={"X-User-Id": user}).status_code == 204
    await_value(lambda: True if read_used(api, user).pending_uploads == FORMS - 2 else None)
    assert len(send_many(api, user, "/images/uploads", SMALL_FORM, times=5)[0]) == 2
    end_forms(stack, user)
    made, refused = send_many(api, user, "/images/uploads", SMALL_FORM, times=20)
    assert (len(made), refused) == (FORMS, {(429, "too_many_pending", "60")})


def end_forms(stack: Stack, user: str) -> None:
    """Act as if the forms of a user had ended."""
    table, key = stack.outputs["ImagesTableName"], encode_key(make_usage_key(user))
    row = stack.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
    for name in [name for name in row if name.startswith(FORM_PREFIX)]:
        row[name]["M"]["ends_at"] = {"N": "1"}
    stack.client("dynamodb").put_item(TableName=table, Item=row)


@pytest.mark.parametrize(
    ("content", "renders", "status"), [(b"x", 0, "rejected"), (PHOTO, 1, "ready")], ids=["byte", "photo"]
)
def test_forty_posts_to_one_form_are_rendered_once_at_most(  # noqa: PLR0913, PLR0917 - a row of the table
    stack: Stack, api: httpx.Client, user: str, content: bytes, renders: int, status: str
) -> None:
    """Before: a post that came before the verdict on another one was decoded, too."""
    begun = begin_upload(api, content, user=user)
    assert {*run_at_once(lambda _: post_form(begun["upload"], content).status_code, 40)} == {204}
    outcomes = await_outcomes(stack, begun["id"], 40 + renders)
    assert outcomes.count("ready") == renders
    image = await_end(api, begun["id"], user=user)
    assert (image["status"], image["revision"]) == (status, 1)
    await_value(lambda: True if len(find_objects(stack).get(begun["id"], [])) == 5 * renders else None)
    size = len(content) * renders
    assert read_used(api, user) == Usage(images=renders, bytes=size)


def test_image_is_reprocessed_by_one_run_at_a_time(stack: Stack, api: httpx.Client, user: str) -> None:
    """Before: 13 requests in 30 seconds made 13 renders."""
    image_id = upload_form(api, PHOTO, user=user)["id"]
    await_end(api, image_id, user=user)
    url, headers = f"/images/{image_id}/reprocess", {"X-User-Id": user}
    responses = run_at_once(lambda _: api.post(url, headers=headers), 13)
    begun = [response for response in responses if response.status_code == 202]
    refused = [response for response in responses if response.status_code != 202]
    answers = {
        (response.status_code, response.json()["code"], response.headers["Retry-After"])
        for response in refused
    }
    assert answers == {(409, "still_processing", "5")}
    image = await_end(api, image_id, user=user)
    assert (image["status"], image["revision"]) == ("ready", 1 + len(begun))
    assert await_outcomes(stack, image_id, 1 + len(begun)) == ["ready"] * (1 + len(begun))
    assert read_used(api, user) == Usage(images=1, bytes=len(PHOTO))


def test_burst_of_a_user_is_exact_and_no_neighbour_notices(api: httpx.Client, user: str) -> None:
    """Before: a user could write as fast as the stage takes requests from all callers together."""
    item_id = api.post("/items", headers={"X-User-Id": user}, **ITEM).json()["id"]
    url, headers = f"/items/{item_id}", {"X-User-Id": user}
    begun = time.monotonic()
    responses = run_at_once(lambda _: api.put(url, headers=headers, json={"name": "x"}), 50)
    came = int(time.monotonic() - begun) // SECONDS_PER_TOKEN + 1  # tokens that may have come meanwhile
    taken = [response for response in responses if response.status_code == 200]
    refused = [response for response in responses if response.status_code != 200]
    assert BURST - 1 <= len(taken) <= BURST - 1 + came
    assert {(each.status_code, each.json()["code"]) for each in refused} == {(429, "rate_exceeded")}
    assert api.get(url, headers=headers).json()["version"] == 1 + len(taken)
    last = api.put(url, headers=headers, json={"name": "x"})
    seconds = int(last.headers["Retry-After"])
    assert 1 <= seconds <= SECONDS_PER_TOKEN
    slept = time.monotonic()
    neighbour = f"u-{uuid.uuid4()}"
    assert api.post("/items", headers={"X-User-Id": neighbour}, **ITEM).status_code == 201
    assert upload_form(api, PHOTO, user=neighbour)
    writes: list[tuple[str, Options]] = [("/items", ITEM), ("/upload", FILE), ("/images/uploads", SMALL_FORM)]
    for path, options in writes:
        assert api.post(path, headers=headers, **options).json()["code"] == "rate_exceeded"
    assert api.get("/items", headers=headers).status_code == 200
    time.sleep(max(0, seconds - (time.monotonic() - slept)))
    assert api.put(url, headers=headers, json={"name": "y"}).status_code == 200
    assert api.delete(url, headers=headers).status_code == 204
    assert read_used(api, user) == Usage()


def test_item_of_short_numbers_is_measured_as_it_is_stored(api: httpx.Client, user: str) -> None:
    """Before: 95 KB of `1e15` became 361 KB in the table and in every answer."""
    numbers = ",".join(["1e15"] * 19_000)
    body = f'{{"name": "x", "attributes": {{"a": [{numbers}]}}}}'
    headers = {"X-User-Id": user, "Content-Type": "application/json"}
    response = api.post("/items", content=body, headers=headers)
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["field"] == "attributes"
    assert "an item may have 100000" in error["message"]
    assert api.get("/items", headers=headers).json()["items"] == []
    assert read_used(api, user) == Usage()
