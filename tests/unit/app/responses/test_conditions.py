from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.responses.conditions import require_match
from shared.errors import PreconditionFailed
from tests.support.images import finish, make_image
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from tests.support.api import Api

PICTURE = make_picture()


def meets(version: int, header: str | None) -> bool:
    """Tell whether a request with this `If-Match` may change a record of this version."""
    headers = {} if header is None else {"If-Match": header}
    try:
        require_match(headers, make_image(version=version))
    except PreconditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    ("header", "is_met"),
    [
        (None, True),
        ("", True),
        (" ", True),
        ("*", True),
        ('"1"', True),
        ('"1-public"', True),
        ('"1-6650a1b0-overdue"', True),
        ('"7", "1"', True),
        ('"7","1-public" , "8"', True),
        ('"7", *', True),
        ('"12"', False),
        ('"11-public"', False),
        ('"0"', False),
        ('"1', False),
        ('"1-', False),
        ('1"', False),
        ("1", False),
        ('"x1"', False),
        ('"01"', False),
        ('W/"1"', False),
        ('W/"1-public"', False),
        ('"7", "8"', False),
        ("**", False),
    ],
)
def test_if_match_names_the_version_in_any_view_of_it(header: str | None, is_met: bool) -> None:
    assert meets(1, header) is is_met


def test_version_of_two_digits_is_matched_whole() -> None:
    assert meets(12, '"12-public"')
    assert not meets(12, '"1"')
    assert not meets(12, '"1-public"')


def test_no_change_of_another_is_lost(api: Api, images: ImageRepository) -> None:
    """The client read version 1. Version 12 is another version that begins alike."""
    image_id = api.upload(PICTURE)["id"]
    for _ in range(11):
        images.update(image_id, lambda old: old)
    url = f"/images/{image_id}"
    headers = {"If-Match": '"1"'}
    assert api.get(url, user="ann").json["version"] == 12
    response = api.request("PATCH", url, user="ann", json={"description": "x"}, headers=headers)
    assert response.problem == (412, "precondition_failed", [])


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('"1"', 304),
        ('W/"1"', 304),
        ('"x", "1"', 304),
        ('"x" ,W/"1"', 304),
        ("*", 304),
        ('"2"', 200),
        ('"12"', 200),
        ('"1-public"', 200),
        ("1", 200),
        ("", 200),
        (None, 200),
    ],
)
def test_if_none_match_names_the_view_that_the_client_has(api: Api, header: str | None, status: int) -> None:
    item = api.post("/items", json={"name": "a"}).json
    headers = {} if header is None else {"If-None-Match": header}
    response = api.get(f"/items/{item['id']}", headers=headers)
    assert (response.status, response.headers["ETag"]) == (status, '"1"')
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert ("Content-Type" in response.headers) == (status == 200)
    assert bool(response.body) == (status == 200)


def test_error_is_never_not_modified(api: Api) -> None:
    response = api.get("/items/00000000-0000-4000-8000-000000000000", headers={"If-None-Match": "*"})
    assert response.problem == (404, "not_found", [])


def test_stranger_has_what_they_saw_and_not_what_the_owner_sees(api: Api, images: ImageRepository) -> None:
    image_id = api.upload(PICTURE, visibility="public")["id"]
    finish(images, image_id)
    url = f"/images/{image_id}"
    own, public = api.get(url, user="ann").headers["ETag"], api.get(url).headers["ETag"]
    for user, etag, status in (
        (None, public, 304),
        (None, own, 200),
        ("ann", own, 304),
        ("ann", public, 200),
    ):
        assert api.get(url, user=user, headers={"If-None-Match": etag}).status == status
