from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.main import lambda_handler
from app.parameters import get_settings
from tests.support.api import make_context, make_event, read_response

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("full_path", "public_url", "expected"),
    [
        ("/items", "", "https://api.example.org"),
        ("/prod/items", "", "https://api.example.org/prod"),
        ("/{proxy+}", "", "https://api.example.org"),
        ("/prod/items", "https://cdn.example.org/api/", "https://cdn.example.org/api"),
        ("/items", "http://localhost:3000", "http://localhost:3000"),
    ],
    ids=["domain", "stage", "sam local", "proxy", "local"],
)
def test_location_is_the_url_that_the_gateway_tells_or_the_public_one(
    monkeypatch: pytest.MonkeyPatch, full_path: str, public_url: str, expected: str
) -> None:
    monkeypatch.setenv("PUBLIC_URL", public_url)
    claimed = {"Host": "evil.example", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.example"}
    event = make_event("POST", "/items", claimed, b'{"name": "a"}', encode=False)
    event["requestContext"]["path"] = full_path
    response = read_response(lambda_handler(event, make_context()))
    assert response.headers["Location"] == f"{expected}/items/{response.json['id']}"
    assert b"evil" not in response.body
