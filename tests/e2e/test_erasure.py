"""The erasure of a user on a deployed stack: everything goes, and the function behind the stream does it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from operations.consistency import make_check
from operations.erasures import make_registry
from operations.redrive import redrive
from shared.erasures import make_erasure_key
from shared.rows import encode_key
from tests.support.client import (
    await_end,
    await_value,
    begin_upload,
    find_objects,
    find_rows,
    post_form,
    upload_form,
    upload_json,
)
from tests.support.pictures import make_photo
from tests.support.rights import empty_failures, find_failure, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(6)


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def fill(api: httpx.Client, user: str) -> dict[str, Any]:
    """Give a user all that one can have, a pending direct upload too. Return the ids and its form."""
    headers = {"X-User-Id": user}
    images = [
        upload_json(api, PHOTO, user=user, visibility=visibility, tags=["sea"])["id"]
        for visibility in ("public", "private")
    ]
    for image_id in images:
        await_end(api, image_id, user=user)
    images.append(upload_form(api, PHOTO[:-100], user=user)["id"])
    await_end(api, images[-1], user=user)
    file = api.post("/upload", files={"file": ("a.txt", b"text")}, headers=headers).json()["file"]["id"]
    item = api.post("/items", json={"name": "a"}, headers=headers).json()["id"]
    begun = begin_upload(api, PHOTO, user=user)
    return {"ids": [*images, file, begun["id"]], "form": begun["upload"], "item": item, "image": images[0]}


def await_erased(api: httpx.Client, user: str) -> Any:  # noqa: ANN401 - JSON
    def get() -> Any:  # noqa: ANN401 - JSON
        erasure = api.get("/me", headers={"X-User-Id": user}).json()["erasure"]
        return erasure if erasure["finishedAt"] else None

    return await_value(get, seconds=120)


def require_nothing(stack: Stack, api: httpx.Client, user: str, made: dict[str, Any]) -> None:
    headers = {"X-User-Id": user}
    assert not find_objects(stack).keys() & {*made["ids"]}
    assert sorted(row["sk"]["S"] for row in find_rows(stack, user)) == ["ERASURE", "USAGE"]
    items = stack.client("dynamodb").scan(TableName=stack.outputs["ItemsTableName"])["Items"]
    assert not [row for row in items if user in str(row)]
    assert {*api.get("/me", headers=headers).json()["used"].values()} == {0}
    assert api.get(f"/images/{made['image']}", headers=headers).status_code == 404
    assert api.get(f"/items/{made['item']}", headers=headers).status_code == 404


def test_everything_of_a_user_goes_and_nothing_of_others(stack: Stack, api: httpx.Client, user: str) -> None:
    other = fill(api, f"other-{uuid.uuid4()}")
    made = fill(api, user)
    response = api.delete("/me", headers={"X-User-Id": user})
    assert (response.status_code, response.json()["erasure"]["finishedAt"]) == (202, None)
    refused = api.post("/items", json={"name": "b"}, headers={"X-User-Id": user})
    assert (refused.status_code, refused.json()["code"]) == (403, "erased")
    erasure = await_erased(api, user)
    assert erasure["deleted"] == {"images": 4, "files": 1, "items": 1}
    await_value(lambda: None if find_objects(stack).keys() & {*made["ids"]} else True)
    require_nothing(stack, api, user, made)
    assert {*other["ids"][:2]} <= find_objects(stack).keys()
    keys = [key for found in find_objects(stack).values() for key, *_ in found]
    assert f"erasures/{user}" in keys
    check = make_check(stack.client, stack.outputs, grace=timedelta(minutes=15))
    assert [found for found in check.find() if user in found.name] == []


def test_bytes_that_come_to_an_old_form_are_deleted(stack: Stack, api: httpx.Client, user: str) -> None:
    made = fill(api, user)
    api.delete("/me", headers={"X-User-Id": user})
    await_erased(api, user)
    assert post_form(made["form"], PHOTO).status_code == 204
    await_value(lambda: None if find_objects(stack).keys() & {*made["ids"]} else True)
    require_nothing(stack, api, user, made)


def test_images_that_come_back_with_a_table_are_erased_again(
    stack: Stack, api: httpx.Client, user: str
) -> None:
    """A restore brings the rows back, and no stream tells of that."""
    made = fill(api, user)
    dynamodb, table = stack.client("dynamodb"), stack.outputs["ImagesTableName"]
    rows = [row for name in (user, *made["ids"]) for row in find_rows(stack, name)]
    api.delete("/me", headers={"X-User-Id": user})
    await_erased(api, user)
    dynamodb.delete_item(TableName=table, Key=encode_key(make_erasure_key(user)))
    for row in rows:
        dynamodb.put_item(TableName=table, Item=row)
    assert api.get(f"/images/{made['image']}").status_code == 200
    registry = make_registry(stack.client, stack.outputs)
    assert user in registry.erase_again()
    lines: list[str] = []
    registry.await_end(user, report=lines.append)
    assert lines[-1] == "finished: 4 images, 1 files, 0 items deleted"
    require_nothing(stack, api, user, made)


@pytest.mark.parametrize("action", ["dynamodb:Query", "dynamodb:DeleteItem"])
def test_erasure_without_a_right_ends_in_the_failure_queue_and_a_redrive_goes_on(
    stack: Stack, api: httpx.Client, user: str, action: str
) -> None:
    empty_failures(stack)
    made = fill(api, user)
    with without(stack, "Changes", action):
        api.delete("/me", headers={"X-User-Id": user})
        failure = await_value(lambda: find_failure(stack, user))
    assert failure["change"]["dynamodb"]["Keys"] == encode_key(make_erasure_key(user))
    assert redrive(stack.client, stack.outputs).kept == 0
    await_erased(api, user)
    require_nothing(stack, api, user, made)
