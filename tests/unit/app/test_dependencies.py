from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.dependencies import get_settings
from app.main import lambda_handler
from tests.support.api import Api, make_context, make_event, read_response

if TYPE_CHECKING:
    from collections.abc import Iterator


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
