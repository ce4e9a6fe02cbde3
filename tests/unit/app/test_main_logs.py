"""Logs of the API: one line for each request, with its route and its outcome, and nothing that was sent."""

from __future__ import annotations

import json
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app.main import lambda_handler
from shared.observability import get_logger
from tests.support.api import REQUEST_ID, make_context, make_event

if TYPE_CHECKING:
    from tests.support.api import Api

SECRET = "what-the-client-sent"  # noqa: S105 - none


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


def read(logs: StringIO) -> list[Any]:
    return [json.loads(line) for line in logs.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/health", 200, "/health"),
        ("HEAD", "/health", 200, "/health"),
        ("GET", f"/images/{SECRET}", 404, "/images/{image_id}"),
        ("GET", f"/images/{SECRET}/content/small", 404, "/images/{image_id}/content/{rendition}"),
        ("DELETE", f"/items/{SECRET}", 404, "/items/{item_id}"),
        ("GET", f"/{SECRET}", 404, None),
        ("POST", f"/images/{SECRET}", 405, None),
    ],
)
def test_request_is_logged_by_its_route(  # noqa: PLR0913, PLR0917 - a row of the table, and fixtures
    api: Api, logs: StringIO, method: str, path: str, status: int, route: str | None
) -> None:
    headers = {"Authorization": SECRET, "Idempotency-Key": SECRET}
    assert api.request(method, f"{path}?userId={SECRET}", user=SECRET, headers=headers).status == status
    (line,) = read(logs)
    assert (line["message"], line["level"], line["request_id"]) == ("responded", "INFO", REQUEST_ID)
    assert (line["method"], line["status"], line.get("route")) == (method, status, route)
    assert SECRET not in logs.getvalue()


def test_log_tells_how_many_milliseconds_a_request_took(
    api: Api, logs: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter([10.0, 10.25])
    monkeypatch.setattr("app.main.time", SimpleNamespace(perf_counter=lambda: next(readings)))
    api.get("/health")
    assert read(logs)[0]["milliseconds"] == 250


def test_route_ends_with_its_request(api: Api, logs: StringIO) -> None:
    api.get("/health")
    get_logger().info("between requests")
    assert "route" not in read(logs)[-1]


def test_route_and_id_of_a_request_are_not_those_of_the_next(api: Api, logs: StringIO) -> None:
    api.get("/health")
    api.get("/nope")
    get_logger().info("between requests")
    first, second, between = read(logs)
    assert first["route"] == "/health"
    assert "route" not in second
    assert not {"route", "request_id"} & between.keys()


@pytest.mark.usefixtures("api")
def test_body_is_never_logged(logs: StringIO) -> None:
    body = json.dumps({"name": SECRET, "x": SECRET}).encode()
    headers = {"Content-Type": "application/json"}
    lambda_handler(make_event("POST", "/items", headers, body, encode=False), make_context())
    assert len(read(logs)) == 1
    assert SECRET not in logs.getvalue()
