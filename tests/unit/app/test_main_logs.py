"""Logs of the API: one line for each request, with its route and its outcome, and nothing that was sent."""

from __future__ import annotations

import json
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_keys
from app.main import create_app, lambda_handler
from shared.errors import Unavailable
from shared.keyring import KeyRing
from shared.observability import get_logger, hash_user
from tests.support.api import REQUEST_ID, make_context, make_event, make_upload
from tests.support.pictures import make_picture
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

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
        ("GET", f"/images/{SECRET}/content/small", 422, "/images/{image_id}/content/{rendition}"),
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
    assert line["user"] == hash_user(SECRET, b"key") if route and route != "/health" else "user" not in line
    assert SECRET not in logs.getvalue()


def test_line_of_a_request_is_its_trail(api: Api, logs: StringIO) -> None:
    image = api.upload(make_picture())
    upload, first = image["id"], read(logs)[0]
    user = hash_user("ann", b"key")
    assert (first["user"], first["image_id"], first["network"]) == (user, upload, "203.0.113.0/24")
    assert not {"code", "as_admin"} & first.keys()
    api.get(f"/images/{upload}", user="ben")
    refused = read(logs)[-1]
    assert (refused["status"], refused["code"], refused["image_id"]) == (404, "not_found", upload)
    assert refused["user"] != user
    api.get("/images")
    assert not {"user", "image_id", "code"} & read(logs)[-1].keys()


def test_reason_of_a_refusal_is_in_its_line(api: Api, logs: StringIO) -> None:
    with requiring_tokens():
        api.get("/me")
        api.get("/images", headers={"Authorization": "Bearer x"})
    api.get("/limits?userId=ann", user="ben")
    assert [(line["status"], line["code"]) for line in read(logs)] == [
        (401, "unauthenticated"),
        (401, "unauthenticated"),
        (403, "forbidden"),
    ]


def test_access_of_an_admin_to_what_others_own_is_marked(api: Api, logs: StringIO) -> None:
    image = api.upload(make_picture())
    admin = {"Authorization": f"Bearer {make_token('root', groups=['admin'])}"}
    with requiring_tokens():
        own = api.post("/images/upload", headers=admin, json=make_upload(make_picture())).json
        for path in (f"/images/{own['id']}", "/me", f"/images/{image['id']}", "/limits?userId=ann"):
            assert api.get(path, headers=admin).status == 200
    assert [line.get("as_admin", False) for line in read(logs)[2:]] == [False, False, True, True]


def test_secret_that_cannot_be_read_fails_no_request(api: Api, logs: StringIO) -> None:
    def refuse() -> SecretsManagerClient:
        raise Unavailable

    create_app().dependency_overrides[get_keys] = lambda: KeyRing(refuse, "links")
    assert api.get("/me", user="ann").status == 200
    warning, line = read(logs)
    assert warning["level"] == "WARNING"
    assert "user" not in line


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
