"""Images that their owner finds by their bytes, on the deployed stack."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import (
    await_end,
    await_value,
    begin_upload,
    find_objects,
    post_form,
    read_usage,
    upload_form,
)
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    import httpx

    from local.stack import Stack

PHOTO = make_photo(7)
OTHER = make_photo(8)
SHA256, OTHER_SHA256 = (hashlib.sha256(photo).hexdigest() for photo in (PHOTO, OTHER))


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4()}"


def list_ids(api: httpx.Client, user: str, sha256: str) -> list[str]:
    response = api.get(f"/images?sha256={sha256}", headers={"X-User-Id": user})
    return [image["id"] for image in response.json()["images"]]


def send(api: httpx.Client, user: str, wish: str) -> httpx.Response:
    files = {"file": ("photo.jpg", PHOTO, "image/jpeg")}
    form = {"onDuplicate": wish}
    return api.post("/images/upload", files=files, data=form, headers={"X-User-Id": user})


def announce(api: httpx.Client, user: str, wish: str) -> httpx.Response:
    metadata = {"onDuplicate": wish}
    body: dict[str, Any] = {"contentType": "image/jpeg", "size": len(PHOTO), "sha256": SHA256}
    return api.post("/images/uploads", json={**body, "metadata": metadata}, headers={"X-User-Id": user})


def test_photo_that_is_there_is_not_stored_again(stack: Stack, api: httpx.Client, user: str) -> None:
    image = upload_form(api, PHOTO, user=user)
    await_end(api, image["id"], user=user)
    objects, used = find_objects(stack).keys(), read_usage(stack, user)
    for response in (send(api, user, "reuse"), announce(api, user, "reuse")):
        assert (response.status_code, response.json()["id"]) == (200, image["id"])
        assert response.headers["Location"].endswith(f"/images/{image['id']}")
    for response in (send(api, user, "refuse"), announce(api, user, "refuse")):
        assert (response.status_code, response.json()["code"]) == (409, "duplicate")
        assert response.json()["imageId"] == image["id"]
    assert (find_objects(stack).keys(), read_usage(stack, user)) == (objects, used)


def test_direct_upload_is_found_by_its_bytes_once_they_are_verified(api: httpx.Client, user: str) -> None:
    begun = begin_upload(api, PHOTO, user=user)
    assert list_ids(api, user, SHA256) == []
    assert post_form(begun["upload"], PHOTO).status_code == 204
    await_end(api, begun["id"], user=user)
    assert list_ids(api, user, SHA256) == [begun["id"]]
    assert list_ids(api, "somebody-else", SHA256) == []


def test_image_is_found_by_the_bytes_that_it_has_now(api: httpx.Client, user: str) -> None:
    image = upload_form(api, PHOTO, user=user)
    await_end(api, image["id"], user=user)
    headers = {"X-User-Id": user, "Content-Type": "image/jpeg"}
    assert api.put(f"/images/{image['id']}/content", content=OTHER, headers=headers).status_code == 202
    assert await_value(lambda: list_ids(api, user, OTHER_SHA256) or None) == [image["id"]]
    assert list_ids(api, user, SHA256) == []
    assert send(api, user, "refuse").status_code == 201


def test_pages_are_walked_by_their_links(api: httpx.Client, user: str) -> None:
    ids = [upload_form(api, PHOTO, user=user)["id"] for _ in range(3)]
    url, found = f"/images?sha256={SHA256}&limit=1", []
    while url:
        response = api.get(url, headers={"X-User-Id": user})
        found += [image["id"] for image in response.json()["images"]]
        url = response.links.get("next", {}).get("url", "")
    assert found == ids[::-1]
