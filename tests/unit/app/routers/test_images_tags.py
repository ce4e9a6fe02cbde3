"""Changes of a list of tags that leave the others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api

PICTURE = make_picture()
MANY = [f"t{number}" for number in range(20)]


def change(api: Api, image_id: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
    response = api.request("PATCH", f"/images/{image_id}", user="ann", json=body)
    assert response.status == 200, response.body
    return response.json["tags"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("before", "body", "after"),
    [
        (["sea"], {"addTags": ["sun"]}, ["sea", "sun"]),
        (["sea", "sun"], {"removeTags": ["sea"]}, ["sun"]),
        (["sea"], {"removeTags": ["sun"]}, ["sea"]),
        (["sea"], {"addTags": ["SEA", "sun", "Sun"]}, ["sea", "sun"]),
        (["Caf\u00e9", "b"], {"removeTags": ["CAFE\u0301"]}, ["b"]),
        (["sea", "sun"], {"addTags": ["Sea"], "removeTags": ["sea"]}, ["sun", "Sea"]),
        (MANY, {"addTags": ["T0", "new"], "removeTags": ["t19"]}, [*MANY[:19], "new"]),
        (["sea"], {"addTags": None, "removeTags": []}, ["sea"]),
        ([], {"addTags": ["a"], "description": "x"}, ["a"]),
    ],
)
def test_tags_are_added_and_removed_whatever_their_case(
    api: Api, method: str, before: list[str], body: dict[str, Any], after: list[str]
) -> None:
    image = api.upload(PICTURE, tags=before, description="x")
    headers = {"If-Match": f'"{image["version"]}"'}
    response = api.request(method, f"/images/{image['id']}", user="ann", headers=headers, json=body)
    assert (response.status, response.json["tags"], response.json["description"]) == (200, after, "x")
    again = api.request(method, f"/images/{image['id']}", user="ann", headers=headers, json=body)
    assert again.status == 412


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"tags": ["a"], "addTags": ["b"]}, ["addTags"]),
        ({"tags": [], "addTags": ["b"], "removeTags": ["a"]}, ["addTags", "removeTags"]),
        ({"tags": None, "removeTags": None}, ["removeTags"]),
        ({"addTags": ["new"]}, ["addTags"]),
        ({"addTags": ["a", " "]}, ["addTags[1]"]),
        ({"removeTags": [*MANY, "new"]}, ["removeTags"]),
        ({"addtags": ["a"]}, ["addtags"]),
    ],
)
def test_wrong_change_of_tags_is_named_and_changes_nothing(
    api: Api, body: dict[str, Any], fields: list[str]
) -> None:
    image = api.upload(PICTURE, tags=MANY)
    url = f"/images/{image['id']}"
    response = api.request("PATCH", url, user="ann", json=body)
    assert response.problem == (422, "invalid_fields", fields)
    assert api.get(url, user="ann").json == image


def test_listings_follow_a_change_of_tags(api: Api) -> None:
    image = api.upload(PICTURE, tags=["sea", "sun"])
    assert change(api, image["id"], addTags=["moon"], removeTags=["SEA"]) == ["sun", "moon"]
    found = {
        tag: [image["id"] for image in api.get(f"/images?tags={tag}", user="ann").json["images"]]
        for tag in ("sea", "sun", "moon")
    }
    assert found == {"sea": [], "sun": [image["id"]], "moon": [image["id"]]}


def test_two_who_add_different_tags_lose_none(api: Api) -> None:
    image_id = api.upload(PICTURE)["id"]
    change(api, image_id, addTags=["sea"])
    assert change(api, image_id, addTags=["sun"]) == ["sea", "sun"]


def test_upload_takes_no_change_of_tags(api: Api) -> None:
    body = {"image": {"content": ""}, "metadata": {"addTags": ["a"]}}
    response = api.post("/images/upload", user="ann", json=body)
    assert (response.status, "metadata.addTags") == (422, response.json["errors"][-1]["field"])
