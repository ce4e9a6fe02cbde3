from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.tag_counts import TagChange
from shared.tags import fold_tag
from tests.support.images import new_id
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.tag_counts import TagRepository
    from tests.support.api import Api

NAMES = ["Äpfel", "beach", "Birds", "bird", "zoo", "1"]


@pytest.fixture(autouse=True)
def counted(tags: TagRepository) -> None:
    for user_id, names in (("ann", NAMES), ("ben", ["secret"])):
        tags.count([TagChange(new_id(), user_id, 1, {fold_tag(name): name for name in names})])
    tags.count([TagChange(new_id(), "ann", 1, {"zoo": "Zoo"})])


def test_tags_of_the_caller_are_listed_by_name_with_counts(api: Api) -> None:
    counts = {"1": 1, "beach": 1, "bird": 1, "Birds": 1, "Zoo": 2, "Äpfel": 1}
    expected = [{"name": name, "count": count} for name, count in counts.items()]
    for url in ("/tags", "/tags?userId=me", "/tags?userId=ann"):
        response = api.get(url, user="ann")
        assert (response.status, response.json) == (200, {"tags": expected, "nextCursor": None})


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 100])
def test_pages_hold_every_tag_once(api: Api, limit: int) -> None:
    pages = api.walk(f"/tags?limit={limit}", user="ann")
    assert all(len(page["tags"]) <= limit for page in pages)
    assert [tag["name"] for page in pages for tag in page["tags"]] == [
        *("1", "beach", "bird", "Birds", "Zoo", "Äpfel")
    ]


@pytest.mark.parametrize(
    ("prefix", "expected"), [("b", 3), ("BIRD", 2), ("%C3%A4", 1), ("A%CC%88", 1), ("x", 0), ("", 6)]
)
def test_prefix_finds_tags_whatever_their_case_and_unicode_form(api: Api, prefix: str, expected: int) -> None:
    assert len(api.get(f"/tags?prefix={prefix}", user="ann").json["tags"]) == expected


def test_tags_of_others_are_for_admins(api: Api) -> None:
    assert api.get("/tags?userId=ben", user="ann").problem == (403, "forbidden", [])
    with requiring_tokens():
        admin = {"Authorization": f"Bearer {make_token(sub='root', groups=['admin'])}"}
        assert [tag["name"] for tag in api.get("/tags?userId=ben", headers=admin).json["tags"]] == ["secret"]
        assert api.get("/tags").status == 401


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("/tags?limit=0", ["limit"]),
        ("/tags?limit=101", ["limit"]),
        (f"/tags?prefix={'x' * 51}", ["prefix"]),
        ("/tags?prefix=a&prefix=b", ["prefix"]),
        ("/tags?order=asc", ["order"]),
        ("/tags?cursor=x", ["cursor"]),
    ],
)
def test_wrong_parameter_is_named(api: Api, url: str, fields: list[str]) -> None:
    assert api.get(url, user="ann").problem == (422, "invalid_fields", fields)


def test_caller_without_a_name_is_asked_for_it(api: Api) -> None:
    assert api.get("/tags").problem == (422, "invalid_fields", ["X-User-Id"])


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("prefix=b", "prefix=c"),
        lambda url: url.replace("/tags?", "/tags?userId=ann&"),
        lambda url: url.replace("prefix=b&", ""),
    ],
)
def test_cursor_is_of_its_query_alone(api: Api, change: Callable[[str], str]) -> None:
    cursor = api.get("/tags?prefix=b&limit=1", user="ann").json["nextCursor"]
    url = f"/tags?prefix=b&limit=1&cursor={cursor}"
    assert api.get(url, user="ann").status == 200
    assert api.get(change(url), user="ann").problem == (422, "invalid_fields", ["cursor"])
    assert api.get(url, user="ben").problem == (422, "invalid_fields", ["cursor"])


def test_longest_tag_has_a_cursor_that_is_taken(api: Api, tags: TagRepository) -> None:
    for letter in "ab":
        name = letter + "\U0001f600" * 49
        tags.count([TagChange(new_id(), "eve", 1, {fold_tag(name): name})])
    pages = api.walk("/tags?limit=1", user="eve")
    assert len(pages) == 2
