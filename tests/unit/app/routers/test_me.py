"""The caller, and the erasure of everything that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import make_form, make_upload
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.erasures import ErasureRepository
    from shared.tombstones import TombstoneStorage
    from tests.support.api import Api

PICTURE = make_picture()
NOTHING = {"images": 0, "files": 0, "items": 0}


def test_deletion_is_accepted_and_shows_how_far_it_is(api: Api) -> None:
    api.upload(PICTURE)
    response = api.request("DELETE", "/me", user="ann")
    assert response.status == 202
    erasure = response.json["erasure"]
    assert (erasure["finishedAt"], erasure["deleted"]) == (None, NOTHING)
    assert response.json["used"]["images"] == 1
    assert api.get("/me", user="ann").json == response.json
    assert api.get("/me", user="ben").json["erasure"] is None


def test_deletion_that_is_asked_for_again_is_the_same(api: Api, erasures: ErasureRepository) -> None:
    first = api.request("DELETE", "/me", user="ann").json
    stored = erasures.get("ann")
    assert api.request("DELETE", "/me", user="ann").json == first
    assert erasures.get("ann") == stored


def test_bucket_remembers_who_is_erased(api: Api, tombstones: TombstoneStorage) -> None:
    api.request("DELETE", "/me", user="ann/1")
    assert [*tombstones.list_users()] == ["ann/1"]


@pytest.mark.parametrize(
    ("method", "url", "options"),
    [
        ("POST", "/images/upload", {"json": make_upload(PICTURE)}),
        ("POST", "/images/uploads", {"json": {"contentType": "image/jpeg", "size": 9}}),
        ("POST", "/upload", make_form(file=b"x")),
        ("POST", "/items", {"json": {"name": "a"}}),
        ("PUT", "/items/{item}", {"json": {"name": "b"}}),
        ("PATCH", "/images/{image}", {"json": {"description": "x"}}),
        ("POST", "/images/{image}/reprocess", {}),
    ],
)
def test_every_new_write_is_refused_at_once(api: Api, method: str, url: str, options: Any) -> None:  # noqa: ANN401 - of `request`
    image = api.upload(PICTURE)["id"]
    item = api.request("POST", "/items", user="ann", json={"name": "a"}).json["id"]
    api.request("DELETE", "/me", user="ann")
    response = api.request(method, url.format(image=image, item=item), user="ann", **options)
    assert (response.status, response.json["code"]) == (403, "erased")


def test_reading_and_deleting_go_on(api: Api) -> None:
    image = api.upload(PICTURE)["id"]
    api.request("DELETE", "/me", user="ann")
    assert api.get(f"/images/{image}", user="ann").status == 200
    assert api.request("DELETE", f"/images/{image}", user="ann").status == 204


def test_caller_without_a_name_erases_nobody(api: Api, erasures: ErasureRepository) -> None:
    response = api.request("DELETE", "/me")
    assert (response.status, response.json["code"]) == (422, "invalid_fields")
    assert [error["field"] for error in response.json["errors"]] == ["X-User-Id"]
    assert erasures.get("shared") is None


def test_query_names_nobody_to_erase(api: Api, erasures: ErasureRepository) -> None:
    assert api.request("DELETE", "/me?userId=ann").status == 403
    assert api.request("DELETE", "/me?userId=ann", user="ben").status == 403
    assert erasures.get("ann") is erasures.get("ben") is None
