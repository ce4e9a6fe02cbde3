from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_settings
from app.main import lambda_handler
from tests.support.api import Api, make_context, make_event, make_upload, read_response
from tests.support.pictures import make_picture
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING = "00000000-0000-4000-8000-000000000000"


def sign_in(user: str, **claims: Any) -> dict[str, str]:  # noqa: ANN401 - any claim
    return {"Authorization": f"Bearer {make_token(user, **claims)}"}


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("headers", "full_path", "public_url", "expected"),
    [
        ({"Host": "localhost:3000", "X-Forwarded-Proto": "http"}, "/items", "", "http://localhost:3000"),
        (
            {"Host": "x.execute-api.aws", "X-Forwarded-Proto": "https"},
            "/prod/items",
            "",
            "https://x.execute-api.aws/prod",
        ),
        ({"Host": "images.example.org"}, "/items", "", "https://images.example.org"),
        ({"Host": "localhost:3001", "X-Forwarded-Proto": "http"}, "/{proxy+}", "", "http://localhost:3001"),
        ({"Host": "inner"}, "/prod/items", "https://cdn.example.org/api/", "https://cdn.example.org/api"),
    ],
    ids=["local", "stage", "domain", "sam local", "proxy"],
)
def test_location_is_the_url_that_the_client_calls(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], full_path: str, public_url: str, expected: str
) -> None:
    monkeypatch.setenv("PUBLIC_URL", public_url)
    event = make_event("POST", "/items", headers, b'{"name": "a"}', encode=False)
    event["headers"] = headers
    event["requestContext"]["path"] = full_path
    response = read_response(lambda_handler(event, make_context()))
    assert response.headers["Location"] == f"{expected}/items/{response.json['id']}"


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
        ("groups", "status", "owner"), [([], 403, None), (["users"], 403, None), (["admin"], 201, "ben")]
    )
    def test_only_an_admin_writes_in_the_name_of_another(
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


def test_callers_who_only_say_their_name_share_items_without_one(api: Api) -> None:
    item = api.post("/items", json={"name": "a"}).json
    assert item["userId"] is None
    assert api.get(f"/items/{item['id']}").json == item
    assert api.get("/items").json["items"] == [item]
    assert api.get("/items", user="ann").json["items"] == []


@pytest.mark.parametrize(("name", "user"), [("X-User-Id", "ann"), ("x-user-id", "ann"), ("X-Other", None)])
def test_header_names_the_caller_in_any_case(api: Api, name: str, user: str | None) -> None:
    response = api.post("/items", headers={name: "ann"}, json={"name": "a"})
    assert (response.status, response.json["userId"]) == (201, user)
