"""The API behind a CDN: it takes requests through the CDN only, and believes what the CDN says."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from app.access.cdn import ORIGIN_SECRET_HEADER, VIEWER_ADDRESS_HEADER
from app.dependencies import get_cdn_gate, read_parameter
from app.parameters import get_settings
from shared.aws import create_client
from shared.observability import get_logger
from tests.support.api import SOURCE_IP
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.api import Api

SECRET = "s" * 64
VIEWER = "198.51.100.7"
THROUGH_CDN = {ORIGIN_SECRET_HEADER: SECRET, VIEWER_ADDRESS_HEADER: VIEWER}
CDN_URL = "https://d111111abcdef8.cloudfront.net"


def refresh() -> None:
    for factory in (get_settings, get_cdn_gate, read_parameter):
        factory.cache_clear()


@pytest.fixture(autouse=True)
def _cdn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    create_client("secretsmanager").create_secret(Name="origin", SecretString=SECRET)
    monkeypatch.setenv("ORIGIN_SECRET", "origin")
    monkeypatch.setenv("CDN_URL_PARAMETER", "/images/cdn-url")
    monkeypatch.setenv("PUBLIC_URL", "")
    refresh()
    yield
    refresh()


@pytest.fixture
def _url() -> None:
    create_client("ssm").put_parameter(Name="/images/cdn-url", Value=CDN_URL, Type="String")


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("HEAD", "/images"),
        ("GET", "/docs"),
        ("GET", "/nothing"),
        ("OPTIONS", "/images"),
        ("POST", "/images/upload"),
        ("DELETE", "/images"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {ORIGIN_SECRET_HEADER: "guessed"}])
def test_request_around_the_cdn_is_403(
    api: Api, method: str, path: str, headers: dict[str, str], logs: StringIO
) -> None:
    response = api.request(method, path, headers=headers)
    assert response.status == 403
    if method != "HEAD":
        assert response.problem == (403, "forbidden", [])
    assert response.headers["Cache-Control"] == "no-store"
    assert "guessed" not in logs.getvalue()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/health", 200), ("GET", "/nothing", 404), ("OPTIONS", "/images", 204)],
)
def test_request_through_the_cdn_is_answered(api: Api, method: str, path: str, status: int) -> None:
    assert api.request(method, path, headers=THROUGH_CDN).status == status


def test_secret_before_the_last_rotation_is_still_good(api: Api) -> None:
    create_client("secretsmanager").put_secret_value(SecretId="origin", SecretString="t" * 64)
    assert api.get("/health", headers=THROUGH_CDN).status == 200
    assert api.get("/health", headers={ORIGIN_SECRET_HEADER: "t" * 64}).status == 200


def test_api_that_cannot_read_the_secret_lets_nobody_in(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", "missing")
    refresh()
    assert api.get("/health", headers=THROUGH_CDN).status == 500


@pytest.mark.usefixtures("_url")
def test_urls_are_those_of_the_cdn(api: Api) -> None:
    location = api.request("POST", "/items", headers=THROUGH_CDN, json={"name": "a"}).headers["Location"]
    assert location.startswith(f"{CDN_URL}/items/")


def test_url_that_cannot_be_read_is_an_error_and_is_read_again(api: Api) -> None:
    assert api.request("POST", "/items", headers=THROUGH_CDN, json={"name": "a"}).status == 500
    create_client("ssm").put_parameter(Name="/images/cdn-url", Value=CDN_URL, Type="String")
    assert api.request("POST", "/items", headers=THROUGH_CDN, json={"name": "a"}).status == 201


def test_public_url_comes_before_that_of_the_cdn(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://a.example")
    refresh()
    location = api.request("POST", "/items", headers=THROUGH_CDN, json={"name": "a"}).headers["Location"]
    assert location.startswith("https://a.example/items/")


def read_network(logs: StringIO) -> str | None:
    (line,) = [json.loads(line) for line in logs.getvalue().splitlines()]
    network: str | None = line.get("network")
    return network


def test_address_is_that_of_the_viewer(api: Api, logs: StringIO) -> None:
    api.get("/health", headers=THROUGH_CDN)
    assert read_network(logs) == "198.51.100.0/24"


def test_address_is_that_of_the_connection_without_a_cdn(
    api: Api, logs: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", "")
    refresh()
    api.get("/health", headers=THROUGH_CDN)
    assert SOURCE_IP.startswith("203.0.113.")
    assert read_network(logs) == "203.0.113.0/24"


@pytest.mark.usefixtures("_url")
def test_secret_reaches_no_log_and_no_response(api: Api, logs: StringIO) -> None:
    files = {"image": {"filename": "a.jpg", "content": make_picture().hex(), "contentType": "image/jpeg"}}
    response = api.request("POST", "/images/upload", headers=THROUGH_CDN, json=files)
    assert SECRET not in logs.getvalue() + response.body.decode() + str(response.headers)
