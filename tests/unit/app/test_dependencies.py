from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import dependencies
from app.dependencies import make_verifier
from app.main import lambda_handler
from app.parameters import get_settings
from shared.aws import create_client
from shared.errors import Unavailable
from tests.support.api import make_context, make_event, read_response
from tests.support.factories import forgetting
from tests.support.tokens import AUDIENCE, ISSUER, make_key_document, make_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.api import Api


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def other_token(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A header with a valid token of another client of the pool, before the client of the page is there."""
    monkeypatch.setenv("AUTH_MODE", "jwt")
    monkeypatch.setenv("OIDC_ISSUER", ISSUER)
    monkeypatch.setenv("OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("PAGE_CLIENT_PARAMETER", "/images/page-client")
    monkeypatch.setattr(dependencies, "fetch_keys", lambda *_: make_key_document("one"))
    read = dependencies.read_parameter
    with forgetting(get_settings, read, make_verifier):
        yield {"Authorization": f"Bearer {make_token(client_id='page')}"}


def test_token_of_a_client_that_is_not_there_yet_is_401(api: Api, other_token: dict[str, str]) -> None:
    for _ in range(2):
        response = api.get("/me", headers=other_token)
        assert response.status == 401
        assert "not for this service" in response.json["detail"]
    create_client("ssm").put_parameter(Name="/images/page-client", Value="page", Type="String")
    assert api.get("/me", headers=other_token).status == 200


def test_token_that_nobody_can_judge_at_the_moment_is_503(
    api: Api, other_token: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> str:
        raise Unavailable

    monkeypatch.setattr(dependencies, "read_parameter", fail)
    assert api.get("/me", headers=other_token).status == 503


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
