from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.event_handler import depends
from botocore.exceptions import ConnectTimeoutError

from app.dependencies import get_images
from app.main import create_app, lambda_handler
from app.parameters import get_settings
from tests.support.api import Api, make_context, make_event, read_response
from tests.support.clock import assert_calls_end_in_time

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a-secret-of-ours"  # noqa: S105 - none


def test_unknown_path_is_404(api: Api) -> None:
    for path in ("/nope", "/images/a/b/c/d"):
        assert api.get(path).problem == (404, "not_found", [])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/images", "GET, HEAD, OPTIONS"),
        ("GET", "/upload", "OPTIONS, POST"),
        ("POST", "/images/x", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("PATCH", "/items/x", "DELETE, GET, HEAD, OPTIONS, PUT"),
    ],
)
def test_wrong_method_is_405_and_says_what_is_right(api: Api, method: str, path: str, allowed: str) -> None:
    response = api.request(method, path)
    assert response.problem == (405, "method_not_allowed", [])
    assert response.headers["Allow"] == allowed


def test_head_is_get_without_a_body(api: Api) -> None:
    response = api.request("HEAD", "/health")
    assert (response.status, response.body) == (200, b"")


def test_preflight_gets_the_cors_headers(api: Api) -> None:
    response = api.request("OPTIONS", "/images", headers={"Origin": "https://example.org"})
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
    for name in ("X-User-Id", "Idempotency-Key", "If-Match"):
        assert name in response.headers["Access-Control-Allow-Headers"]


def test_errors_have_cors_headers_too(api: Api) -> None:
    response = api.get("/images/x", headers={"Origin": "https://example.org"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_unexpected_error_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError(SECRET)

    overrides: dict[Any, Any] = create_app().dependency_overrides
    monkeypatch.setitem(overrides, get_images, fail)
    response = api.get("/images")
    assert response.problem == (500, "internal_error", [])
    assert SECRET.encode() not in response.body


def test_aws_that_does_not_respond_is_503_with_retry_after(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectTimeoutError(endpoint_url=SECRET)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", fail)
    response = api.get("/images")
    assert response.problem == (503, "unavailable", [])
    assert response.headers["Retry-After"] == "2"
    assert SECRET.encode() not in response.body


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({}, 500),
        ({"httpMethod": "GET"}, 500),
        ({"httpMethod": "GET", "path": "/nope", "headers": None}, 404),
        ({"httpMethod": "GET", "path": "/health", "headers": None}, 200),
    ],
)
def test_event_of_no_gateway_gets_a_response(event: dict[str, Any], status: int) -> None:
    assert lambda_handler(event, make_context())["statusCode"] == status


def test_hints_of_dependencies_are_worked_out_once(api: Api) -> None:
    api.get("/images", user="ann")
    hints = vars(depends)["get_type_hints"]
    known = hints.cache_info()
    api.get("/images", user="ann")
    assert hints.cache_info().misses == known.misses > 0
    assert hints.cache_info().hits > known.hits


@pytest.fixture
def origins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two origins may call the API."""
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example,https://b.example")
    get_settings.cache_clear()
    create_app.cache_clear()
    yield
    create_app.cache_clear()


@pytest.mark.usefixtures("origins")
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://a.example", "https://a.example"),
        ("https://b.example", "https://b.example"),
        ("https://evil.example", None),
        ("https://a.example.evil.example", None),
        ("http://a.example", None),
        ("null", None),
        (None, None),
    ],
)
def test_only_pages_of_the_allowed_origins_may_call(
    method: str, origin: str | None, allowed: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    response = Api().request(method, "/health", headers=headers)
    assert response.headers.get("Access-Control-Allow-Origin") == allowed
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("origin", ["https://a.example", "null"])
def test_any_page_may_call_by_default_and_without_credentials(api: Api, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        response = api.request(method, "/health", headers={"Origin": origin})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_pages_may_send_and_read_the_headers_of_the_api(api: Api) -> None:
    headers = api.request("OPTIONS", "/images", headers={"Origin": "https://a.example"}).headers
    assert {*headers["Access-Control-Allow-Headers"].split(",")} >= {
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "X-User-Id",
    }
    assert headers["Access-Control-Max-Age"] == "600"
    exposed = api.get("/health", headers={"Origin": "https://a.example"}).headers
    assert exposed["Access-Control-Expose-Headers"].split(",") == [
        "Content-Disposition",
        "Deprecation",
        "ETag",
        "Link",
        "Location",
        "Retry-After",
        "Sunset",
        "WWW-Authenticate",
        "x-amzn-Remapped-WWW-Authenticate",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "cache_control"),
    [
        ("GET", "/health", 200, "no-store"),
        ("GET", "/nope", 404, "no-store"),
        ("POST", "/health", 405, "no-store"),
        ("OPTIONS", "/health", 204, "no-store"),
        ("HEAD", "/health", 200, "no-store"),
    ],
)
def test_every_response_says_how_it_may_be_kept(
    api: Api, method: str, path: str, status: int, cache_control: str
) -> None:
    response = api.request(method, path, headers={"Origin": "https://a.example"})
    assert (response.status, response.headers["Cache-Control"]) == (status, cache_control)
    assert response.headers["Vary"] == "Origin, Authorization, X-User-Id"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_no_call_outlives_the_invocation(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_calls_end_in_time(monkeypatch, "app.main", lambda: api.get("/health"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_body_is_always_a_text(api: Api, method: str) -> None:
    """Some gateways take no null."""
    item = api.post("/items", json={"name": "a"}).json
    event = make_event(method, f"/items/{item['id']}", {}, None, encode=False)
    response = lambda_handler(event, make_context())
    assert isinstance(response["body"], str)
    assert bool(response["body"]) is (method not in {"DELETE", "HEAD"})
    assert event["httpMethod"] == method


@pytest.mark.usefixtures("api")
def test_error_around_a_route_is_a_problem_too() -> None:
    response = read_response(lambda_handler({"httpMethod": "GET"}, make_context()))
    assert response.problem == (500, "internal_error", [])
    assert response.headers["Cache-Control"] == "no-store"
