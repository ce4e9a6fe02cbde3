"""Keys of an issuer: when they are fetched, from where, and which of them count."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import urllib3

from app.access import tokens
from app.access.tokens import KeySet, fetch_keys
from shared.errors import Unavailable
from tests.support.clock import Clock
from tests.support.tokens import ISSUER, make_key_document

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DOCUMENT_BYTES = 200_000


class Issuer:
    """Counts how often its keys are asked for."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.fetches = 0
        self.is_down = False
        self.clock = Clock()
        self.keys = KeySet(self.fetch, clock=self.clock)

    def fetch(self) -> dict[str, Any]:
        self.fetches += 1
        if self.is_down:
            raise Unavailable
        return make_key_document(*self.names)


def test_nothing_is_fetched_before_the_first_token_and_once_for_many() -> None:
    issuer = Issuer("one")
    assert issuer.fetches == 0
    assert all(issuer.keys.get("one") for _ in range(5))
    assert issuer.fetches == 1


def test_known_key_is_fetched_again_only_after_an_hour() -> None:
    issuer = Issuer("one")
    for seconds, fetches in ((0, 1), (31, 1), (3569, 1), (1, 2), (3600, 2), (1, 3)):
        issuer.clock.advance(seconds)
        assert issuer.keys.get("one")
        assert issuer.fetches == fetches


def test_new_key_is_found_and_unknown_ones_are_not_asked_for_each_time() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.names = ("one", "two")
    issuer.clock.advance(30)
    assert issuer.keys.get("two") is None
    issuer.clock.advance(1)
    assert issuer.keys.get("two")
    assert [issuer.keys.get(f"made up {number}") for number in range(100)] == [None] * 100
    assert issuer.fetches == 2


def test_key_that_the_issuer_withdrew_ends_within_an_hour() -> None:
    issuer = Issuer("one", "two")
    assert issuer.keys.get("two")
    issuer.names = ("one",)
    issuer.clock.advance(3600)
    assert issuer.keys.get("two")
    issuer.clock.advance(1)
    assert issuer.keys.get("two") is None


def test_known_keys_serve_while_the_issuer_is_down() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.is_down = True
    issuer.clock.advance(3601)
    assert issuer.keys.get("one")
    assert issuer.keys.get("one")
    assert issuer.fetches == 2
    issuer.clock.advance(31)
    with pytest.raises(Unavailable):
        issuer.keys.get("two")
    assert issuer.keys.get("two") is None  # it was asked for a moment ago


def test_keys_are_fresh_again_when_the_issuer_is_back() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.is_down = True
    issuer.clock.advance(3601)
    issuer.keys.get("one")
    issuer.is_down = False
    issuer.clock.advance(31)
    issuer.keys.get("one")
    assert issuer.fetches == 3
    issuer.clock.advance(3600)
    issuer.keys.get("one")
    assert issuer.fetches == 3


def test_without_any_keys_nothing_is_verified() -> None:
    issuer = Issuer("one")
    issuer.is_down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            issuer.keys.get("one")
    assert issuer.fetches == 1


@pytest.mark.parametrize(
    "document", [{}, {"keys": []}, {"keys": "x"}, {"keys": [1]}, {"keys": [{"kty": "x"}]}]
)
def test_odd_key_documents_hold_no_keys(document: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        KeySet(lambda: document).get("one")


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"use": None}, True),
        ({"use": "enc"}, False),
        ({"kid": None}, False),
        ({"kid": ""}, False),
        ({"kty": "oct", "k": "x" * 43, "alg": "HS256"}, False),
    ],
)
def test_only_named_keys_for_signatures_count(changes: dict[str, Any], counts: bool) -> None:
    document = make_key_document("one", "two")
    changed = document["keys"][0] | changes
    document["keys"][0] = {name: value for name, value in changed.items() if value is not None}
    keys = KeySet(lambda: document)
    assert (keys.get("one") is not None) is counts
    assert keys.get("") is None
    assert keys.get("two")


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


def make_document(size: int) -> bytes:
    """A document of keys of this many bytes."""
    document = json.dumps(make_key_document("one")).encode()
    return document + b" " * (size - len(document))


@pytest.mark.parametrize("size", [2000, MAX_DOCUMENT_BYTES])
def test_keys_are_fetched_from_their_url(url: str, size: int) -> None:
    Documents.served = {"/keys": (200, make_document(size))}
    assert fetch_keys(ISSUER, f"{url}/keys")["keys"][0]["kid"] == "one"
    assert Documents.asked == ["/keys"]


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
    Documents.served = {"/keys": (status, body), "/elsewhere": (200, make_document(2000))}
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, f"{url}/keys")
    assert Documents.asked == ["/keys"]


def test_issuer_that_does_not_respond_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, "http://127.0.0.1:1/keys")


def test_issuer_has_2_seconds_to_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[dict[str, Any]] = []

    def request(*_: object, **given: Any) -> None:  # noqa: ANN401 - of urllib3
        options.append(given)
        raise urllib3.exceptions.TimeoutError

    monkeypatch.setattr("urllib3.PoolManager.request", request)
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, "https://issuer.example.org/keys")
    assert [(given["timeout"].total, given["retries"]) for given in options] == [(2, 0)]


@pytest.mark.parametrize("slash", ["", "/"])
def test_issuer_says_where_its_keys_are(monkeypatch: pytest.MonkeyPatch, slash: str) -> None:
    asked = []

    def fetch(address: str) -> Any:  # noqa: ANN401 - JSON
        asked.append(address)
        return {"jwks_uri": "https://issuer.example.org/keys"}

    monkeypatch.setattr(tokens, "_fetch_json", fetch)
    fetch_keys(f"{ISSUER}{slash}", None)
    assert asked == [f"{ISSUER}/.well-known/openid-configuration", "https://issuer.example.org/keys"]


@pytest.mark.parametrize("keys_url", [None, 5, "http://issuer.example.org/keys", "file:///etc/passwd"])
def test_keys_are_fetched_by_https_only(monkeypatch: pytest.MonkeyPatch, keys_url: object) -> None:
    monkeypatch.setattr(tokens, "_fetch_json", lambda _: {"jwks_uri": keys_url})
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, None)
