from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.tag_counts import TagChange
from tests.support.api import BASE_URL, make_form
from tests.support.images import new_id
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.tag_counts import TagRepository
    from tests.support.api import Api


def add_two(api: Api, tags: TagRepository) -> None:
    for number in range(2):
        tag = f"sea {number}"
        tags.count([TagChange(new_id(), "ann", 1, {tag: tag})])
        api.upload(make_picture(), user="ann", tags=["sea & sun"])
        assert api.post("/items", user="ann", json={"name": "a"}).status == 201
        assert api.post("/upload", user="ann", **make_form(file=b"%PDF")).status == 201


@pytest.mark.parametrize(
    "url",
    [
        "/images?limit=1",
        "/images?limit=1&userId=me&tags=SEA+%26+SUN&order=asc&visibility=private",
        "/images?limit=1&tags=sea+%26+sun&tags=b&match=any&createdAfter=2020-01-01T00%3A00%3A00%2B02%3A00",
        "/items?limit=1&order=asc",
        "/files?limit=1&userId=ann",
        "/tags?limit=1&prefix=SEA",
    ],
)
def test_link_names_the_next_page_of_the_same_listing(api: Api, tags: TagRepository, url: str) -> None:
    add_two(api, tags)
    first = api.get(url, user="ann")
    following = f"{url}&cursor={first.json['nextCursor']}"
    assert first.headers["Link"] == f'<{BASE_URL}{following}>; rel="next"'
    last = api.get(following, user="ann")
    assert (last.status, last.json["nextCursor"]) == (200, None)
    assert "Link" not in last.headers


def test_link_of_a_later_page_has_one_cursor(api: Api) -> None:
    for _ in range(3):
        api.upload(make_picture(), user="ann")
    pages = api.walk("/images?limit=1", user="ann")
    assert [len(page["images"]) for page in pages] == [1, 1, 1]


def test_head_of_a_listing_has_the_link_too(api: Api, tags: TagRepository) -> None:
    add_two(api, tags)
    response = api.request("HEAD", "/items?limit=1", user="ann")
    assert (response.body, response.headers["Link"].endswith('>; rel="next"')) == (b"", True)


def test_refused_listing_has_no_link(api: Api) -> None:
    assert "Link" not in api.get("/images?limit=0", user="ann").headers
