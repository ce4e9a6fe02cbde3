from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from shared.records import RecordPage
from tests.support.api import BASE_URL

if TYPE_CHECKING:
    from shared.items import Item, ItemRepository
    from tests.support.api import Api
    from tests.support.dynamodb.engine import Engine

MISSING = "00000000-0000-4000-8000-000000000000"
ATTRIBUTES = {"size": 1.5, "huge": 1e300, "digits": 10**60, "deep": {"list": [1, None, True, "x"]}}


def create(api: Api, name: str = "a", user: str | None = None) -> Any:  # noqa: ANN401 - JSON
    return api.post("/items", user=user, json={"name": name}).json


def test_item_comes_back_as_it_was_sent(api: Api) -> None:
    sent = {"name": "Lamp", "description": "Bright.", "attributes": ATTRIBUTES}
    response = api.post("/items", json=sent)
    assert response.status == 201
    assert response.headers["Location"] == f"{BASE_URL}/items/{response.json['id']}"
    assert response.headers["ETag"] == '"1"'
    assert {name: response.json[name] for name in sent} == sent
    assert api.get(f"/items/{response.json['id']}").json == response.json


def test_put_replaces_the_item(api: Api) -> None:
    item = api.post("/items", json={"name": "a", "description": "b", "attributes": {"c": 1}}).json
    response = api.request("PUT", f"/items/{item['id']}", json={"name": "z"})
    assert response.status == 200
    assert response.headers["ETag"] == '"2"'
    assert response.headers["Cache-Control"] == "private, no-cache"
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
    assert api.get("/items?userId=ann", user="ann").json["items"] == [item]
    assert api.get("/items", user="ben").json["items"] == []
    for user in ("ben", None):
        assert api.get("/items?userId=ann", user=user).problem == (403, "forbidden", [])


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


@pytest.mark.parametrize(
    ("number", "count", "fits"), [(b"1e15", 5200, True), (b"1e15", 19_000, False), (b"1", 45_000, True)]
)
def test_bound_of_an_item_is_on_what_is_stored_and_answered(
    api: Api, number: bytes, count: int, fits: bool
) -> None:
    """95 KB of 1e15 would become 361 KB."""
    body = b'{"name": "a", "attributes": {"n": [' + b",".join([number] * count) + b"]}}"
    options: dict[str, Any] = {"body": body, "headers": {"Content-Type": "application/json"}}
    response = api.post("/items", **options)
    if fits:
        assert response.status == 201
        assert len(response.body) < 101_000
        return
    assert response.problem == (422, "invalid_fields", ["attributes"])
    item = create(api)
    assert api.request("PUT", f"/items/{item['id']}", **options).problem == response.problem
    assert api.get(f"/items/{item['id']}").json == item


def test_text_of_other_alphabets_takes_no_more_room_than_it_has(api: Api) -> None:
    sent = {"name": "a", "attributes": {"text": "ж" * 45_000}}
    body = json.dumps(sent, ensure_ascii=False).encode()
    response = api.post("/items", body=body, headers={"Content-Type": "application/json"})
    assert response.json["attributes"] == sent["attributes"]


def test_page_of_large_items_reads_no_more_than_it_shows(api: Api, engine: Engine) -> None:
    sent = {"name": "a", "attributes": {"text": "x" * 99_000}}
    ids = [api.post("/items", json=sent).json["id"] for _ in range(45)]
    engine.consumed.clear()
    pages = api.walk("/items?order=asc&limit=100")
    assert [len(page["items"]) for page in pages] == [20, 20, 5]
    assert all(len(json.dumps(page)) < 3_000_000 for page in pages)
    units = sum(consumed.read_units for consumed in engine.consumed if consumed.operation == "BatchGetItem")
    assert units <= 45 * 25  # 99 KB are 25 units of 4 KB
    seen = [item["id"] for page in pages for item in page["items"]]
    assert seen == ids


def test_page_has_20_items_unless_it_is_asked_for_more(
    api: Api, items: ItemRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []

    def note(*_: object, limit: int) -> RecordPage[Item]:
        limits.append(limit)
        return RecordPage([], None)

    monkeypatch.setattr(items, "list_owned", note)
    for query in ("", "?limit=1", "?limit=100"):
        assert api.get(f"/items{query}", user="ann").status == 200
    assert limits == [20, 1, 100]


def test_cursor_of_one_users_items_is_refused_for_another(api: Api) -> None:
    for _ in range(2):
        create(api, user="ann")
    cursor = api.get("/items?userId=ann&limit=1", user="ann").json["nextCursor"]
    query = f"userId=ann&limit=1&cursor={cursor}"
    assert len(api.get(f"/items?{query}", user="ann").json["items"]) == 1
    for user, other in (
        ("ben", "limit=1"),
        (None, "limit=1"),
        ("ann", "userId=ann&order=asc"),
    ):
        assert api.get(f"/items?{other}&cursor={cursor}", user=user).problem == (
            422,
            "invalid_fields",
            ["cursor"],
        )


@pytest.mark.parametrize("user", ["a#b", "a%23b", "auth0|a"])
def test_name_of_any_user_lists_its_own_items(api: Api, user: str) -> None:
    mine, _ = create(api, user=user), create(api, user="a")
    assert api.get("/items", user=user).json["items"] == [mine]
    assert api.get(f"/items?userId={quote(user)}", user=user).json["items"] == [mine]
