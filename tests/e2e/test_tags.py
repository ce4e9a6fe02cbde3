"""The tags of a user, through the deployed stack: the function behind the stream counts them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import await_end, await_value, find_rows, run_at_once, upload_json
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    import httpx

    from local.stack import Stack

PICTURE = make_picture()


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def await_counts(api: httpx.Client, user: str, **counts: int) -> None:
    def find() -> bool | None:
        tags = api.get("/tags", headers={"X-User-Id": user}).json()["tags"]
        return {tag["name"]: tag["count"] for tag in tags} == counts or None

    assert await_value(find)


def send(api: httpx.Client, method: str, path: str, user: str, **body: Any) -> None:  # noqa: ANN401 - JSON
    response = api.request(method, f"/images/{path}", headers={"X-User-Id": user}, json=body or None)
    assert response.status_code < 300, response.text


def test_counts_follow_uploads_changes_the_trash_and_removals(
    api: httpx.Client, stack: Stack, user: str
) -> None:
    ids = [upload_json(api, PICTURE, user=user, tags=["Sea", "sun"])["id"] for _ in range(2)]
    await_counts(api, user, Sea=2, sun=2)
    send(api, "PATCH", ids[0], user, addTags=["Moon"], removeTags=["SUN"])
    await_counts(api, user, Moon=1, Sea=2, sun=1)
    send(api, "POST", f"{ids[0]}/trash", user)
    await_counts(api, user, Sea=1, sun=1)
    send(api, "POST", f"{ids[0]}/restore", user)
    await_counts(api, user, Moon=1, Sea=2, sun=1)
    for image_id in ids:
        await_end(api, image_id, user=user)
        send(api, "DELETE", image_id, user)
    await_counts(api, user)
    assert not [row for row in find_rows(stack, user) if row["pk"]["S"].startswith("TAGS#")]


def test_many_images_of_one_tag_that_come_at_once_are_all_counted(api: httpx.Client, user: str) -> None:
    run_at_once(lambda _: upload_json(api, PICTURE, user=user, tags=["sea"]), 12)
    await_counts(api, user, sea=12)
