"""The trash and batches, through the deployed stack: who sees what, and how an image ends."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from shared.images import make_record_key
from shared.rows import encode, encode_key
from tests.support.client import (
    await_end,
    await_value,
    find_objects,
    find_rows,
    read_usage,
    run_at_once,
    upload_json,
)
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    import httpx

    from local.stack import Stack

PICTURE = make_picture()
EXPIRY_SECONDS = 180
"""The emulator looks for expired rows once a minute."""


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def upload_ready(api: httpx.Client, user: str, **metadata: Any) -> Any:  # noqa: ANN401 - JSON
    return await_end(api, upload_json(api, PICTURE, user=user, **metadata)["id"], user=user)


def send(api: httpx.Client, path: str, user: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
    response = api.post(f"/images/{path}", headers={"X-User-Id": user}, json=body or None)
    assert response.status_code == 200, response.text
    return response.json()


def list_ids(api: httpx.Client, query: str, user: str | None = None) -> list[str]:
    headers = {"X-User-Id": user} if user else {}
    response = api.get(f"/images?limit=100&{query}", headers=headers)
    assert response.status_code == 200, response.text
    return [image["id"] for image in response.json()["images"]]


def read_statuses(results: Any) -> set[int]:  # noqa: ANN401 - JSON
    return {result["status"] for result in results["results"]}


def test_image_in_the_trash_is_seen_by_its_owner_alone_until_it_is_restored(
    api: httpx.Client, user: str
) -> None:
    image = upload_ready(api, user, visibility="public", tags=["sea"])
    plain = image["renditions"]["small"]["url"]
    link = api.post(f"/images/{image['id']}/links", headers={"X-User-Id": user}).json()["url"]
    places = [f"/images/{image['id']}", f"/images/{image['id']}/content", plain, link]
    assert [api.get(place).status_code for place in places] == [200] * 4
    assert send(api, f"{image['id']}/trash", user)["trashedAt"]
    assert [api.get(place).status_code for place in places] == [404] * 4
    assert image["id"] not in list_ids(api, f"userId={user}")
    assert list_ids(api, "trashed=true", user) == [image["id"]]
    assert list_ids(api, f"trashed=true&userId={user}", "another") == []
    shown = api.get(f"/images/{image['id']}", headers={"X-User-Id": user}).json()
    assert api.get(shown["renditions"]["small"]["url"]).status_code == 200
    send(api, f"{image['id']}/restore", user)
    assert [api.get(place).status_code for place in places] == [200] * 4
    assert list_ids(api, f"userId={user}&tags=sea") == [image["id"]]


def test_image_ends_when_its_time_in_the_trash_is_over(api: httpx.Client, stack: Stack, user: str) -> None:
    image = upload_ready(api, user)
    trashed = send(api, f"{image['id']}/trash", user)
    assert trashed["trashedAt"]
    assert read_usage(stack, user) == {"images": 1, "bytes": len(PICTURE)}
    for row in find_rows(stack, image["id"]):
        if "expires_at" not in row:
            continue
        assert int(row["expires_at"]["N"]) == pytest.approx(time.time() + 30 * 24 * 3600, abs=600)
        stack.client("dynamodb").update_item(
            TableName=stack.outputs["ImagesTableName"],
            Key={name: row[name] for name in ("pk", "sk")},
            UpdateExpression="SET expires_at = :past",
            ExpressionAttributeValues=encode({":past": int(time.time()) - 5}),
        )
    key = encode_key(make_record_key(image["id"]))
    assert any({name: row[name] for name in key} == key for row in find_rows(stack, image["id"]))

    def is_gone() -> bool | None:
        is_left = image["id"] in find_objects(stack) or read_usage(stack, user)["images"]
        return None if is_left else True

    assert await_value(is_gone, seconds=EXPIRY_SECONDS)
    assert read_usage(stack, user) == {"images": 0, "bytes": 0}
    assert api.get(f"/images/{image['id']}", headers={"X-User-Id": user}).status_code == 404


def test_thirty_images_are_handled_in_one_request(api: httpx.Client, stack: Stack, user: str) -> None:
    images = run_at_once(lambda _: upload_json(api, PICTURE, user=user), 10)
    images = [*images, *run_at_once(lambda _: upload_json(api, PICTURE, user=user), 10)]
    images = [*images, *run_at_once(lambda _: upload_json(api, PICTURE, user=user), 10)]
    ids = [await_end(api, image["id"], user=user)["id"] for image in images]
    changed = send(api, "batch", user, action="update", ids=ids, update={"addTags": ["all"]})
    assert [result["id"] for result in changed["results"]] == ids
    assert read_statuses(changed) == {200}
    assert {*list_ids(api, "tags=ALL", user)} == {*ids}
    assert read_statuses(send(api, "batch", "another", action="trash", ids=ids)) == {404}
    assert read_statuses(send(api, "batch", user, action="trash", ids=ids)) == {200}
    assert {*list_ids(api, "trashed=true&tags=all", user)} == {*ids}
    assert read_statuses(send(api, "batch", user, action="restore", ids=ids)) == {200}
    assert read_statuses(send(api, "batch", user, action="reprocess", ids=ids)) == {202}
    assert {await_end(api, image_id, user=user)["status"] for image_id in ids} == {"ready"}
    assert read_statuses(send(api, "batch", user, action="delete", ids=ids)) == {204}
    await_value(lambda: None if find_objects(stack).keys() & {*ids} else True)
    await_value(lambda: None if read_usage(stack, user)["images"] else True)
