"""Signing in on the web page: whom the page sends people to, and when it cannot send them anywhere."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app import sign_in
from app.access.issuers import SignIn
from app.dependencies import read_parameter
from app.parameters import get_settings
from app.sign_in import read_sign_in
from shared.aws import create_client
from shared.errors import Unavailable
from tests.support.factories import forgetting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.api import Api

ISSUER = "https://issuer.example.org"
AS_A_PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VARIABLES = {
    "AUTH_MODE": "jwt",
    "OIDC_ISSUER": ISSUER,
    "OIDC_CLIENT_ID": "page",
    "OIDC_SCOPES": "openid a",
}


class Issuer:
    """Says how people sign in, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.is_down = False

    def fetch(self, issuer: str, discovery_url: str | None, client_id: str, scopes: str) -> SignIn:
        self.asked.append((issuer, discovery_url, client_id, scopes))
        if self.is_down:
            raise Unavailable
        urls = (f"{issuer}/{name}" for name in ("authorize", "token", "logout", "revoke"))
        return SignIn(client_id, scopes, *urls)


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with forgetting(get_settings, read_parameter, read_sign_in):
        yield


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    issuer = Issuer()
    monkeypatch.setattr(sign_in, "fetch_sign_in", issuer.fetch)
    return issuer


def read_settings(api: Api) -> Any:  # noqa: ANN401 - JSON
    text = api.get("/", headers=AS_A_PERSON).body.decode()
    found = re.search(r'id="settings">(.*?)</script>', text)
    assert found
    return json.loads(found[1])


def test_page_says_where_people_sign_in_and_may_ask_for_tokens_there(api: Api, issuer: Issuer) -> None:
    assert read_settings(api) == {
        "authMode": "jwt",
        "signIn": {
            "clientId": "page",
            "scopes": "openid a",
            "authorizationUrl": f"{ISSUER}/authorize",
            "tokenUrl": f"{ISSUER}/token",
            "endSessionUrl": f"{ISSUER}/logout",
            "revocationUrl": f"{ISSUER}/revoke",
        },
    }
    policy = api.get("/", headers=AS_A_PERSON).headers["Content-Security-Policy"]
    assert re.search(rf"connect-src [^;]* {ISSUER};", policy)
    assert issuer.asked == [(ISSUER, None, "page", "openid a")]


def test_issuer_that_is_down_takes_only_the_sign_in_and_is_asked_again(api: Api, issuer: Issuer) -> None:
    issuer.is_down = True
    assert [read_settings(api)["signIn"] for _ in range(2)] == [None, None]
    issuer.is_down = False
    assert read_settings(api)["signIn"]["clientId"] == "page"
    assert len(issuer.asked) == 3


def test_programs_do_not_make_the_service_ask_the_issuer(api: Api, issuer: Issuer) -> None:
    assert api.get("/").status == 200
    assert issuer.asked == []


@pytest.mark.parametrize(("name", "value"), [("OIDC_CLIENT_ID", ""), ("AUTH_MODE", "open")])
def test_nobody_signs_in_without_a_client_or_without_tokens(
    api: Api, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert read_settings(api)["signIn"] is None
    assert issuer.asked == []


def test_client_of_the_user_pool_is_read_by_its_name(
    api: Api, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGE_CLIENT_PARAMETER", "/images/page-client")
    assert read_settings(api)["signIn"] is None
    create_client("ssm").put_parameter(Name="/images/page-client", Value="pool", Type="String")
    assert read_settings(api)["signIn"]["clientId"] == "pool"
    assert [client for _, _, client, _ in issuer.asked] == ["pool"]


@pytest.mark.usefixtures("issuer")
def test_address_with_an_answer_of_the_issuer_shows_the_page(api: Api) -> None:
    page = api.get("/?code=a%2Fb&state=c&session_state=d", headers=AS_A_PERSON)
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
