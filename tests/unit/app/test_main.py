from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from app.dependencies import get_images
from app.main import create_app, lambda_handler
from shared.observability import get_logger
from tests.support.api import make_context, make_event

if TYPE_CHECKING:
    from tests.support.api import Api

SECRET = "a-secret-of-ours"  # noqa: S105 - none


def test_unknown_path_is_404(api: Api) -> None:
    for path in ("/", "/nope", "/images/a/b/c/d"):
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


def test_preflight_is_answered(api: Api) -> None:
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


def test_aws_that_does_not_answer_is_503_with_retry_after(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_event_of_no_gateway_gets_an_answer(event: dict[str, Any], status: int) -> None:
    assert lambda_handler(event, make_context())["statusCode"] == status


@pytest.mark.usefixtures("api")
def test_request_is_logged_by_its_route_and_not_by_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    url = f"/images/{SECRET}?userId={SECRET}"
    event = make_event("GET", url, {"X-User-Id": SECRET, "Authorization": SECRET}, None, encode=False)
    lambda_handler(event, make_context())
    lambda_handler(make_event("GET", f"/{SECRET}", {}, None, encode=False), make_context())
    logs = stream.getvalue()
    assert '"route":"/images/{image_id}"' in logs
    assert SECRET not in logs
