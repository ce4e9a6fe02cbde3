"""The trash: who sees what is in it, and what can be done with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from shared import lifecycle
from shared.keys import make_original_key
from shared.lifecycle import Status
from tests.support.images import finish, make_image, make_pending, make_ready
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()
DAY_SECONDS = 24 * 3600
VARIANT = "?width=64&format=png"
STATES = {
    "pending": make_pending(),
    "processing": make_image(),
    "ready": make_ready(),
    "failed": make_image(status=Status.FAILED, leased_until=None),
    "stalled": make_pending(status=Status.FAILED),
    "rejected": make_pending(status=Status.REJECTED),
}


def send(api: Api, verb: str, image_id: str, user: str | None = "ann", **headers: str) -> ApiResponse:
    return api.post(f"/images/{image_id}/{verb}", user=user, headers=headers)


def list_ids(api: Api, query: str = "", user: str | None = "ann") -> list[str]:
    return [
        image["id"] for page in api.walk(f"/images?limit=2{query}", user=user) for image in page["images"]
    ]


def strip(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("name", STATES)
def test_image_in_every_state_comes_into_the_trash_and_back(
    api: Api, images: ImageRepository, name: str
) -> None:
    image = images.add(STATES[name])
    before = api.get(f"/images/{image.id}", user="ann").json
    trashed = send(api, "trash", image.id)
    assert trashed.status == 200
    assert trashed.json["trashedAt"]
    assert trashed.json["version"] == 2
    assert api.get(f"/images/{image.id}", user="ann").json == trashed.json
    assert (image.id in list_ids(api)) is False
    assert (image.id in list_ids(api, "&trashed=true")) is lifecycle.is_listed(image.state)
    restored = send(api, "restore", image.id).json
    moving = {"updatedAt", "version", "renditions"}
    assert {key: restored[key] for key in restored.keys() - moving} == {
        key: before[key] for key in before.keys() - moving
    }
    assert (image.id in list_ids(api)) is lifecycle.is_listed(image.state)
    assert images.get(image.id).model_copy(update={"version": 1, "updated_at": image.updated_at}) == image


def test_trash_and_restore_again_change_nothing(api: Api) -> None:
    image_id = api.upload_ready(PICTURE)["id"]
    for verb in ("trash", "restore"):
        first, second = send(api, verb, image_id), send(api, verb, image_id)
        assert first.json == second.json
        assert first.headers["ETag"] == second.headers["ETag"]


def test_trash_ends_after_its_days(api: Api, images: ImageRepository) -> None:
    image_id = api.upload_ready(PICTURE)["id"]
    send(api, "trash", image_id)
    stored = images.get(image_id)
    assert stored.expires_at == pytest.approx(time.time() + 30 * DAY_SECONDS, abs=60)
    assert {*images.get_entries(stored).values()} == {stored.expires_at}
    send(api, "restore", image_id)
    restored = images.get(image_id)
    assert restored.expires_at is None
    assert {*images.get_entries(restored).values()} == {None}


def test_image_whose_time_in_the_trash_is_over_is_gone(api: Api, images: ImageRepository) -> None:
    image = images.add(make_ready())
    past = {"trash": image.trashed(-lifecycle.REJECTED_LIFETIME).trash, "expires_at": int(time.time()) - 1}
    images.update(image.id, lambda old: old.model_copy(update=past))
    assert api.get(f"/images/{image.id}", user="ann").status == 404
    assert send(api, "restore", image.id).status == 404
    assert list_ids(api, "&trashed=true") == []


def test_public_image_in_the_trash_is_404_for_everyone_else(api: Api) -> None:
    image = api.upload_ready(PICTURE, visibility="public", tags=["sea"])
    url = f"/images/{image['id']}"
    link = strip(api.post(f"{url}/links", user="ann", json={"rendition": "small"}).json["url"])
    plain = strip(image["renditions"]["small"]["url"])
    places = (url, f"{url}/content", f"{url}/content/small", f"{url}/content{VARIANT}", link, plain)
    seen = {place: api.get(place, user="ben").status for place in places if VARIANT not in place}
    assert {*seen.values()} == {200}
    send(api, "trash", image["id"])
    for user in ("ben", None):
        assert [api.get(place, user=user).status for place in places] == [404] * len(places)
        for query in ("", "&userId=ann", "&tags=sea", "&trashed=true", "&trashed=true&userId=ann"):
            assert list_ids(api, query, user) == []
        for verb in ("trash", "restore", "reprocess", "links"):
            assert send(api, verb, image["id"], "ben").status == 404
    send(api, "restore", image["id"])
    for user in ("ben", None):
        assert [api.get(place, user=user).status for place in seen] == [200] * len(seen)
        assert list_ids(api, "&tags=sea", user) == [image["id"]]


def test_links_from_before_open_nothing_and_new_ones_are_refused(api: Api) -> None:
    image = api.upload_ready(PICTURE)
    url = f"/images/{image['id']}"
    original = strip(api.post(f"{url}/links", user="ann", json={"rendition": "original"}).json["url"])
    signed = strip(image["renditions"]["small"]["url"])
    assert [api.get(link).status for link in (original, signed)] == [302, 200]
    send(api, "trash", image["id"])
    assert [api.get(link).status for link in (original, signed)] == [404, 404]
    assert api.post(f"{url}/links", user="ann", json={}).problem == (409, "conflict", [])
    assert api.request("DELETE", f"{url}/links", user="ann").status == 204
    send(api, "restore", image["id"])
    assert [api.get(link).status for link in (original, signed)] == [404, 404]


def test_owner_sees_the_pictures_in_the_trash_and_their_urls_end_with_it(api: Api) -> None:
    """Pages show them in `<img>`, which sends no token."""
    image = api.upload_ready(PICTURE, visibility="public")
    send(api, "trash", image["id"])
    shown = api.get("/images?trashed=true", user="ann").json["images"][0]
    signed = strip(shown["renditions"]["small"]["url"])
    response = api.get(signed)
    assert response.status == 200
    assert response.headers["Cache-Control"].startswith("private")
    send(api, "restore", image["id"])
    send(api, "trash", image["id"])
    assert api.get(signed).status == 404


def test_trash_is_listed_with_every_filter(api: Api) -> None:
    ids = [
        api.upload_ready(PICTURE, visibility=visibility, tags=tags)["id"]
        for visibility, tags in (("public", ["a", "b"]), ("private", ["a"]), ("public", []))
    ]
    kept = api.upload_ready(PICTURE, tags=["a"])["id"]
    for image_id in ids:
        send(api, "trash", image_id)
    assert list_ids(api) == list_ids(api, "&trashed=false") == [kept]
    assert list_ids(api, "&trashed=true") == ids[::-1]
    assert list_ids(api, "&trashed=true&order=asc&userId=me") == ids
    assert list_ids(api, "&trashed=true&tags=A") == [ids[1], ids[0]]
    assert list_ids(api, "&trashed=true&tags=a,b") == [ids[0]]
    assert list_ids(api, "&trashed=true&visibility=public") == [ids[2], ids[0]]
    assert api.get("/images?trashed=maybe", user="ann").problem == (422, "invalid_fields", ["trashed"])


def test_image_in_the_trash_counts_until_it_is_deleted(api: Api) -> None:
    image_id = api.upload_ready(PICTURE)["id"]
    before = api.get("/limits", user="ann").json["used"]
    send(api, "trash", image_id)
    assert api.get("/limits", user="ann").json["used"] == before
    assert api.request("DELETE", f"/images/{image_id}", user="ann").status == 204
    assert list_ids(api, "&trashed=true") == []
    assert send(api, "restore", image_id).status == 404


@pytest.mark.parametrize("verb", ["trash", "restore"])
def test_condition_and_key_hold_as_for_other_writes(api: Api, verb: str) -> None:
    image = api.upload_ready(PICTURE)
    if verb == "restore":
        image = send(api, "trash", image["id"]).json
    stale = {"If-Match": '"1"', "Idempotency-Key": "stale"}
    assert send(api, verb, image["id"], **stale).problem == (412, "precondition_failed", [])
    current = {"If-Match": f'"{image["version"]}"', "Idempotency-Key": "key"}
    first, second = (send(api, verb, image["id"], **current) for _ in range(2))
    assert (first.status, first.json) == (200, second.json)
    assert (first.json["trashedAt"] is None) is (verb == "restore")


def test_owner_can_change_an_image_in_the_trash(api: Api) -> None:
    image_id = api.upload_ready(PICTURE, tags=["a"])["id"]
    trashed = send(api, "trash", image_id).json
    body = {"visibility": "public", "addTags": ["b"], "description": "x"}
    changed = api.request("PATCH", f"/images/{image_id}", user="ann", json=body).json
    assert changed["trashedAt"] == trashed["trashedAt"]
    assert api.get(f"/images/{image_id}", user="ben").status == 404
    assert list_ids(api, "&trashed=true&tags=b&visibility=public") == [image_id]
    send(api, "restore", image_id)
    assert api.get(f"/images/{image_id}", user="ben").json["tags"] == ["a", "b"]


def test_processing_goes_on_in_the_trash(api: Api, images: ImageRepository) -> None:
    image_id = api.upload(PICTURE, visibility="public")["id"]
    trashed = send(api, "trash", image_id).json
    finish(images, image_id)
    assert api.get(f"/images/{image_id}", user="ben").status == 404
    assert send(api, "reprocess", image_id).status == 202
    ready = finish(images, image_id)
    assert (ready.status, ready.is_public, list_ids(api)) == (Status.READY, False, [])
    assert ready.expires_at is not None
    assert api.get(f"/images/{image_id}", user="ann").json["trashedAt"] == trashed["trashedAt"]
    send(api, "restore", image_id)
    assert list_ids(api, user="ben") == [image_id]


def test_replacement_becomes_the_image_in_the_trash(
    api: Api, images: ImageRepository, storage: ImageStorage
) -> None:
    image_id = api.upload_ready(PICTURE, visibility="public")["id"]
    send(api, "trash", image_id)
    headers = {"Content-Type": "image/jpeg"}
    other = make_picture(width=30)
    response = api.request("PUT", f"/images/{image_id}/content", user="ann", headers=headers, body=other)
    assert response.status == 202
    ready = finish(images, image_id, revision=2)
    assert storage.get(make_original_key(image_id, 2)) == other
    assert (ready.revision, ready.is_trashed, ready.is_public) == (2, True, False)
    assert ready.trash
    assert ready.expires_at == ready.trash.ends_at
    assert list_ids(api, user="ben") == []
