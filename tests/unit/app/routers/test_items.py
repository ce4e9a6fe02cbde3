from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import BASE_URL

if TYPE_CHECKING:
    from tests.support.api import Api

MISSING = "00000000-0000-4000-8000-000000000000"
ATTRIBUTES = {"size": 1.5, "huge": 1e300, "digits": 10**60, "deep": {"list": [1, None, True, "x"]}}


def create(api: Api, name: str = "a", user: str | None = None) -> Any:  # noqa: ANN401 - JSON
    return api.post("/items", user=user, json={"name": name}).json


def test_item_comes_back_as_it_was_sent(api: Api) -> None:
    sent = {"name": "Lamp", "description": "Bright.", "attributes": ATTRIBUTES}
    response = api.post("/items", json=sent)
    assert response.status == 201
    assert response.headers["Location"] == f"{BASE_URL}/items/{response.json['id']}"
    assert {name: response.json[name] for name in sent} == sent
    assert api.get(f"/items/{response.json['id']}").json == response.json


def test_put_replaces_the_item(api: Api) -> None:
    item = api.post("/items", json={"name": "a", "description": "b", "attributes": {"c": 1}}).json
    response = api.request("PUT", f"/items/{item['id']}", json={"name": "z"})
    assert response.status == 200
    assert response.json == item | {
        "name": "z",
        "description": None,
        "attributes": {},
        "version": 2,
        "updatedAt": response.json["updatedAt"],
    }


def test_deleted_item_is_gone(api: Api) -> None:
    item = create(api)
    assert api.request("DELETE", f"/items/{item['id']}").status == 204
    assert api.get(f"/items/{item['id']}").status == 404
    assert api.get("/items").json == {"items": [], "nextCursor": None}


def test_item_of_another_user_is_404(api: Api) -> None:
    item = create(api, user="ann")
    for method in ("GET", "PUT", "DELETE"):
        json = {"name": "z"} if method == "PUT" else None
        assert api.request(method, f"/items/{item['id']}", user="ben", json=json).status == 404
        assert api.request(method, f"/items/{item['id']}", json=json).status == 404
    assert api.get("/items", user="ann").json["items"] == [item]
    assert api.get("/items?userId=ann").json["items"] == [item]
    assert api.get("/items", user="ben").json["items"] == []
    assert api.get("/items?userId=ann", user="ben").status == 403


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_every_item_once(api: Api, order: str) -> None:
    names = [create(api, name)["name"] for name in "abcde"]
    pages = api.walk(f"/items?order={order}&limit=2")
    seen = [item["name"] for page in pages for item in page["items"]]
    assert seen == (names if order == "asc" else names[::-1])


def test_etag_makes_reads_and_writes_conditional(api: Api) -> None:
    item = create(api)
    url = f"/items/{item['id']}"
    assert api.get(url, headers={"If-None-Match": '"1"'}).status == 304
    for method in ("PUT", "DELETE"):
        response = api.request(method, url, json={"name": "z"}, headers={"If-Match": '"0"'})
        assert response.problem == (412, "precondition_failed", [])


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": 5, "attributes": []}, ["name", "attributes"]),
        ({"name": "a", "price": 1}, ["price"]),
        ({"name": "a", "attributes": {"x": float("inf")}}, ["attributes"]),
        ("a", ["body"]),
        (None, ["body"]),
    ],
)
def test_wrong_field_is_named(api: Api, content: Any, fields: list[str]) -> None:  # noqa: ANN401 - JSON
    body = json.dumps(content).replace("Infinity", "1e400").encode()
    response = api.post("/items", body=body, headers={"Content-Type": "application/json"})
    assert response.problem == (422, "invalid_fields", fields)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b'{"name": "a", "attributes": {"x": ' + b"9" * 5000 + b"}}", "application/json", 400),
        (b'{"name": "a"}', "text/html", 415),
        (b'{"name": "a", "description": "' + b"x" * 100_000 + b'"}', "application/json", 413),
    ],
)
def test_body_that_cannot_be_read_is_refused(api: Api, body: bytes, content_type: str, status: int) -> None:
    response = api.post("/items", body=body, headers={"Content-Type": content_type})
    assert response.problem[0] == status


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_missing_item_is_404(api: Api, method: str) -> None:
    assert api.request(method, f"/items/{MISSING}").problem == (404, "not_found", [])


def test_page_of_large_items_is_cut_before_it_outgrows_lambda(api: Api) -> None:
    body = b'{"name": "a", "attributes": {"n": [' + b",".join([b"1e15"] * 19_000) + b"]}}"
    options = {"body": body, "headers": {"Content-Type": "application/json"}}
    ids = [api.post("/items", **options).json["id"] for _ in range(12)]
    pages = api.walk("/items?order=asc")
    assert len(pages) > 1
    assert all(len(json.dumps(page)) < 3_000_000 for page in pages)
    seen = [item["id"] for page in pages for item in page["items"]]
    assert seen == ids
