"""Whom a request is taken for, and whom it may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.access.callers import SHARED_USER_ID
from app.parameters import get_settings
from shared.items import Item
from tests.support.api import make_upload
from tests.support.pictures import make_picture
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.items import ItemRepository
    from tests.support.api import Api

MISSING = "00000000-0000-4000-8000-000000000000"


def sign_in(user: str, **claims: Any) -> dict[str, str]:  # noqa: ANN401 - any claim
    return {"Authorization": f"Bearer {make_token(user, **claims)}"}


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_unknown_way_to_identify_callers_serves_nobody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "other")
    assert api.get("/images", user="ann").problem == (500, "internal_error", [])


class TestTokens:
    """Callers with tokens."""

    @pytest.fixture(autouse=True)
    def tokens(self, api: Api) -> Iterator[None]:
        del api  # its overrides come first
        with requiring_tokens():
            yield

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/images/upload"),
            ("POST", "/images/uploads"),
            ("POST", "/items"),
            ("POST", "/upload"),
            ("PUT", f"/images/{MISSING}"),
            ("PATCH", f"/images/{MISSING}"),
            ("DELETE", f"/images/{MISSING}"),
            ("DELETE", f"/images/{MISSING}/links"),
            ("GET", "/items"),
            ("GET", f"/items/{MISSING}"),
        ],
    )
    def test_write_and_any_request_for_items_needs_a_token(self, api: Api, method: str, path: str) -> None:
        """The caller is refused before the body is read."""
        body = None if method in {"GET", "DELETE"} else b"{"
        response = api.request(method, path, user="ann", body=body)
        assert response.problem == (401, "unauthenticated", [])
        assert response.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("path", ["/images", "/limits", "/health", "/openapi.json"])
    def test_read_needs_no_token(self, api: Api, path: str) -> None:
        assert api.get(path).status == 200

    @pytest.mark.parametrize("token", ["Bearer x", "Basic x", None])
    def test_bad_token_is_refused_even_where_none_is_needed(self, api: Api, token: str | None) -> None:
        authorization = token or f"Bearer {make_token(client_id='other')}"
        response = api.get("/images", headers={"Authorization": authorization})
        assert response.problem == (401, "unauthenticated", [])
        assert response.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')

    def test_caller_is_whom_the_token_names_and_not_the_header(self, api: Api) -> None:
        response = api.post("/items", user="ben", headers=sign_in("ann"), json={"name": "a"})
        assert (response.status, response.json["userId"]) == (201, "ann")
        assert api.get("/limits", user="ann").json["used"] is None

    @pytest.mark.parametrize(
        ("groups", "status", "owner"), [([], 403, None), (["users"], 403, None), (["admin"], 201, "ann")]
    )
    def test_query_of_a_write_makes_nobody_another_user(
        self, api: Api, groups: list[str], status: int, owner: str | None
    ) -> None:
        headers = sign_in("ann", groups=groups)
        response = api.post("/items?userId=ben", headers=headers, json={"name": "a"})
        assert (response.status, response.json.get("userId")) == (status, owner)

    def test_name_in_the_query_of_a_read_is_no_claim(self, api: Api) -> None:
        private = api.post("/images/upload", headers=sign_in("ann"), json=make_upload(make_picture())).json
        for headers in ({}, sign_in("ben")):
            assert api.get(f"/images/{private['id']}?userId=ann", headers=headers).status == 404
        assert api.get(f"/images/{private['id']}", headers=sign_in("ann")).status == 200

    def test_items_of_another_are_listed_for_whoever_asks_by_name(self, api: Api) -> None:
        item = api.post("/items", headers=sign_in("ann"), json={"name": "a"}).json
        for query, user, listed in (("", "ann", [item]), ("", "ben", []), ("?userId=ann", "ben", [item])):
            assert api.get(f"/items{query}", headers=sign_in(user)).json["items"] == listed


def test_callers_without_a_name_share_one_user(api: Api, items: ItemRepository) -> None:
    old = items.add(Item.create(name="from before there was a shared user"))
    item = api.post("/items", json={"name": "a"}).json
    assert item["userId"] == SHARED_USER_ID
    url = f"/items/{item['id']}"
    assert api.get(url).json == item
    assert [found["id"] for found in api.get("/items").json["items"]] == [item["id"], old.id]
    assert api.get("/items", user="ann").json["items"] == []
    for method in ("GET", "PUT", "DELETE"):
        json = {"name": "b"} if method == "PUT" else None
        assert api.request(method, url, user="ann", json=json).status == 404
        assert api.request(method, url, json=json).status in {200, 204}
    assert api.get(f"/items/{old.id}", user="ann").status == 200


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_query_opens_no_image_of_another(api: Api, method: str) -> None:
    image = api.upload(make_picture())
    json: Any = {} if method in {"PATCH", "PUT"} else None
    for user in (None, "ben"):
        response = api.request(method, f"/images/{image['id']}?userId=ann", user=user, json=json)
        assert response.status == (404 if method == "GET" else 403)
    listed = api.get("/images?userId=ann").json["images"]
    assert listed == []
    assert api.get(f"/images/{image['id']}", user="ann").json == image


def test_me_stands_for_the_caller(api: Api) -> None:
    mine, _ = api.upload(make_picture()), api.upload(make_picture(), user="ben", visibility="public")
    assert api.get("/images?userId=me", user="ann").json["images"] == [mine]
    item = api.post("/items", user="ann", json={"name": "a"}).json
    assert api.get("/items?userId=me", user="ann").json["items"] == [item]
    assert api.get("/limits?userId=me", user="ann").json["used"]["images"] == 1


@pytest.mark.parametrize("path", ["/images?userId=me", "/items?userId=me", "/limits?userId=me", "/me"])
def test_me_has_no_meaning_without_a_name(api: Api, path: str) -> None:
    field = "X-User-Id" if path == "/me" else "userId"
    assert api.get(path).problem == (422, "invalid_fields", [field])
    with requiring_tokens():
        assert api.get(path, user="ann").problem == (401, "unauthenticated", [])


@pytest.mark.parametrize(
    ("name", "user"), [("X-User-Id", "ann"), ("x-user-id", "ann"), ("X-Other", SHARED_USER_ID)]
)
def test_header_names_the_caller_in_any_case(api: Api, name: str, user: str) -> None:
    response = api.post("/items", headers={name: "ann"}, json={"name": "a"})
    assert (response.status, response.json["userId"]) == (201, user)
