"""An issuer's discovery document: where it is, what it says, and what does not count."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import urllib3

from app.access import issuers
from app.access.issuers import SignIn, fetch_keys, fetch_sign_in
from shared.errors import Unavailable
from tests.support.tokens import ISSUER, make_key_document

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DOCUMENT_BYTES = 200_000
DISCOVERY = {
    "jwks_uri": "https://issuer.example.org/keys",
    "authorization_endpoint": "https://login.example.org/oauth2/authorize?tenant=1",
    "token_endpoint": "https://login.example.org:8443/oauth2/token",
    "end_session_endpoint": "https://login.example.org/logout",
    "revocation_endpoint": "https://login.example.org/revoke",
}
NO_URLS = [
    None,
    5,
    "",
    "/keys",
    "http://issuer.example.org/keys",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https://a b",
    "https://a.example;script-src *",
    "https://user@a.example/",
    "https://a.example\n/keys",
    "https://a.example/keys#a",
]


class Documents(BaseHTTPRequestHandler):
    """Serves documents by their path, with their status."""

    served: ClassVar[dict[str, tuple[int, bytes]]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = self.served.get(self.path, (404, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Documents.served, Documents.asked = {}, []
    server = HTTPServer(("127.0.0.1", 0), Documents)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def discovery(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The document of the issuer. Tests may change it."""
    said: dict[str, object] = dict(DISCOVERY)
    monkeypatch.setattr(issuers, "_fetch_json", lambda _: said)
    return said


def serve_keys(url: str, status: int, body: bytes) -> None:
    """Serve keys, and a document that says where they are."""
    Documents.served = {
        "/discovery": (200, json.dumps({"jwks_uri": f"{url}/keys"}).encode()),
        "/keys": (status, body),
        "/elsewhere": (200, make_document(2000)),
    }


def make_document(size: int) -> bytes:
    """A document of keys of this many bytes."""
    document = json.dumps(make_key_document("one")).encode()
    return document + b" " * (size - len(document))


@pytest.mark.parametrize("size", [2000, MAX_DOCUMENT_BYTES])
def test_keys_are_fetched_from_where_the_document_says(url: str, size: int) -> None:
    serve_keys(url, 200, make_document(size))
    assert fetch_keys(ISSUER, f"{url}/discovery")["keys"][0]["kid"] == "one"
    assert Documents.asked == ["/discovery", "/keys"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"{"),
        (200, b"[]"),
        (200, make_document(2000).rstrip()[:-1] + b" " * MAX_DOCUMENT_BYTES + b"}"),
        (301, make_document(2000)),
        (404, make_document(2000)),
        (500, make_document(2000)),
    ],
    ids=["empty", "cut", "list", "too long", "moved", "missing", "broken"],
)
def test_other_responses_of_the_issuer_are_an_outage(url: str, status: int, body: bytes) -> None:
    serve_keys(url, status, body)
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, f"{url}/discovery")
    assert Documents.asked == ["/discovery", "/keys"]


def test_issuer_that_does_not_respond_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, "http://127.0.0.1:1/discovery")


def test_issuer_has_2_seconds_to_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[dict[str, Any]] = []

    def request(*_: object, **given: Any) -> None:  # noqa: ANN401 - of urllib3
        options.append(given)
        raise urllib3.exceptions.TimeoutError

    monkeypatch.setattr("urllib3.PoolManager.request", request)
    with pytest.raises(Unavailable):
        fetch_sign_in(ISSUER, None, "page", "openid")
    assert [(given["timeout"].total, given["retries"]) for given in options] == [(2, 0)]


@pytest.mark.parametrize("slash", ["", "/"])
def test_document_is_where_the_standard_says(monkeypatch: pytest.MonkeyPatch, slash: str) -> None:
    asked: list[str] = []

    def fetch(address: str) -> dict[str, str]:
        asked.append(address)
        return DISCOVERY

    monkeypatch.setattr(issuers, "_fetch_json", fetch)
    fetch_keys(f"{ISSUER}{slash}", None)
    fetch_sign_in(f"{ISSUER}{slash}", None, "page", "openid")
    document = f"{ISSUER}/.well-known/openid-configuration"
    assert asked == [document, DISCOVERY["jwks_uri"], document]


@pytest.mark.usefixtures("discovery")
def test_document_says_how_people_sign_in() -> None:
    assert fetch_sign_in(ISSUER, None, "page", "openid email") == SignIn(
        "page",
        "openid email",
        DISCOVERY["authorization_endpoint"],
        DISCOVERY["token_endpoint"],
        DISCOVERY["end_session_endpoint"],
        DISCOVERY["revocation_endpoint"],
    )


@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
def test_nobody_signs_in_where_the_document_names_no_address_of_https(
    discovery: dict[str, object], name: str, url: object
) -> None:
    discovery[name] = url
    with pytest.raises(Unavailable):
        fetch_sign_in(ISSUER, None, "page", "openid")


def test_nobody_signs_in_at_a_user_pool_that_has_no_domain(discovery: dict[str, object]) -> None:
    discovery["authorization_endpoint"] = "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_a/authorize"
    with pytest.raises(Unavailable):
        fetch_sign_in(ISSUER, None, "page", "openid")


@pytest.mark.parametrize("url", NO_URLS)
def test_keys_are_fetched_by_https_only(discovery: dict[str, object], url: object) -> None:
    discovery["jwks_uri"] = url
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, None)


@pytest.mark.parametrize("url", NO_URLS)
def test_issuer_need_not_sign_people_out(discovery: dict[str, object], url: object) -> None:
    discovery["end_session_endpoint"] = discovery["revocation_endpoint"] = url
    found = fetch_sign_in(ISSUER, None, "page", "openid")
    assert (found.end_session_url, found.revocation_url) == (None, None)


@pytest.mark.parametrize(
    ("document", "is_taken"), [("http://localhost/a", True), ("https://a.example", False)]
)
def test_document_that_came_over_http_may_name_addresses_of_http(
    discovery: dict[str, object], document: str, is_taken: bool
) -> None:
    discovery["end_session_endpoint"] = "http://localhost:4566/logout"
    assert (fetch_sign_in(ISSUER, document, "page", "openid").end_session_url is not None) is is_taken
