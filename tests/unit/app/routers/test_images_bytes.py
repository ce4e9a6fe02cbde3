"""Images that their owners find by the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api

PICTURE, OTHER = make_picture("JPEG"), make_picture("PNG")
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def list_ids(api: Api, user: str | None, **query: str) -> list[str]:
    response = api.get(f"/images?{urlencode({'sha256': SHA256, **query})}", user=user)
    return [image["id"] for image in response.json["images"]]


def test_owner_finds_all_images_with_the_same_bytes_and_no_other(api: Api) -> None:
    first = api.upload_ready(PICTURE, visibility="public", tags=["sea"])["id"]
    api.upload(OTHER, visibility="public", tags=["sea"])
    second = api.upload(PICTURE)["id"]
    assert list_ids(api, "ann") == [second, first]
    assert list_ids(api, "ann", userId="me") == list_ids(api, "ann", userId="ann") == [second, first]
    assert list_ids(api, "ann", sha256=SHA256.upper()) == [second, first]


def test_other_filters_narrow_the_images_with_the_same_bytes(api: Api) -> None:
    first = api.upload_ready(PICTURE, visibility="public", tags=["sea", "sun"])
    second = api.upload(PICTURE, tags=["sea"])
    third = api.upload(PICTURE, visibility="public")
    ids = [image["id"] for image in (first, second, third)]
    for query, expected in [
        ({"order": "asc"}, ids),
        ({"tags": "SEA"}, [ids[1], ids[0]]),
        ({"tags": "sea,sun"}, [ids[0]]),
        ({"tags": "sun,moon", "match": "any"}, [ids[0]]),
        ({"visibility": "private"}, [ids[1]]),
        ({"visibility": "public"}, [ids[2], ids[0]]),
        ({"visibility": "public", "tags": "sea"}, [ids[0]]),
        ({"createdAfter": first["createdAt"]}, [ids[2], ids[1]]),
        ({"createdBefore": second["createdAt"]}, [ids[0]]),
    ]:
        assert list_ids(api, "ann", **query) == expected, query


def test_pages_of_the_same_bytes_go_on(api: Api) -> None:
    ids = [api.upload(PICTURE)["id"] for _ in range(3)]
    pages = api.walk(f"/images?sha256={SHA256}&limit=2", user="ann")
    assert [[image["id"] for image in page["images"]] for page in pages] == [[ids[2], ids[1]], [ids[0]]]


def test_public_image_of_another_is_not_found_by_its_bytes(api: Api) -> None:
    api.upload_ready(PICTURE, user="ann", visibility="public")
    assert list_ids(api, "ben") == []
    assert api.get(f"/images?sha256={SHA256}&userId=ann", user="ben").problem == (403, "forbidden", [])
