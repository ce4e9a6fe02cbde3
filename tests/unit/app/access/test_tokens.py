from __future__ import annotations

import base64
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from app.access import tokens
from app.access.callers import Caller
from app.access.tokens import KEYS_LIFETIME_SECONDS, MIN_REFRESH_SECONDS, KeySet, fetch_keys
from shared.errors import Unauthenticated, Unavailable
from tests.support.tokens import (
    AUDIENCE,
    ISSUER,
    make_claims,
    make_ec_key,
    make_key_document,
    make_rsa_key,
    make_token,
    make_verifier,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def change(token: str, **claims: Any) -> str:  # noqa: ANN401 - any claim
    """The token with other claims under its old signature."""
    head, _, signature = token.split(".")
    return f"{head}.{encode(make_claims(**claims))}.{signature}"


def get_public_pem() -> bytes:
    key = make_rsa_key("one").public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


GOOD = {
    "access token": {},
    "id token": {"client_id": None, "aud": AUDIENCE, "token_use": "id"},
    "several audiences": {"client_id": None, "aud": ["x", AUDIENCE]},
    "no token_use": {"token_use": None},
    "expired a moment ago": {"exp": timedelta(seconds=-10)},
}
BAD = {
    "expired": {"exp": timedelta(seconds=-60)},
    "no expiry": {"exp": None},
    "not yet": {"nbf": timedelta(seconds=600)},
    "other issuer": {"iss": "https://evil.example.org"},
    "issuer with a slash": {"iss": f"{ISSUER}/"},
    "no issuer": {"iss": None},
    "other audience": {"client_id": "other"},
    "other audience of an id token": {"aud": "other"},
    "no audience": {"client_id": None},
    "refresh token": {"token_use": "refresh"},
    "no user": {"sub": None},
    "odd user": {"sub": "a b"},
    "user that is no text": {"sub": 5},
    "long user": {"sub": "x" * 129},
}


@pytest.mark.parametrize("claims", GOOD.values(), ids=GOOD)
def test_good_token_names_the_caller(claims: dict[str, Any]) -> None:
    assert make_verifier().verify(make_token(**claims)) == Caller("ann", is_verified=True)


@pytest.mark.parametrize("claims", BAD.values(), ids=BAD)
def test_bad_claims_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as raised:
        make_verifier().verify(make_token(**claims))
    assert raised.value.challenge.startswith('Bearer error="invalid_token"')


FORGED = {
    "unknown key": lambda: make_token(key_id="two"),
    "key of another": lambda: make_token(key=make_rsa_key("two")),
    "no key": lambda: make_token(key_id=None),
    "changed": lambda: change(make_token("ann"), user="root"),
    "alg none": lambda: f"{encode({'alg': 'none', 'kid': 'one'})}.{encode(make_claims())}.",
    "public key as a secret": lambda: make_token(key=b"x" * 32, algorithm="HS256"),
    "algorithm of another key": lambda: make_token(key=make_ec_key(), algorithm="ES256"),
    "no signature": lambda: make_token().rpartition(".")[0] + ".",
    "empty": lambda: "",
    "two parts": lambda: "a.b",
    "long": lambda: "x" * 9000,
    "not ascii": lambda: "é.é.é",
    "odd kid": lambda: f"{encode({'alg': 'RS256', 'kid': [1]})}.{encode({})}.x",
    "deep": lambda: f"{encode({'alg': 'RS256'})}.{base64.urlsafe_b64encode(b'[' * 3000).decode()}.x",
}


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
def test_forged_token_is_refused(make: Any) -> None:  # noqa: ANN401 - a lambda
    with pytest.raises(Unauthenticated):
        make_verifier().verify(make())


def test_hmac_with_the_public_key_is_refused() -> None:
    """PyJWT makes no such token, so it is made by hand."""
    import hashlib  # noqa: PLC0415 - here only
    import hmac  # noqa: PLC0415 - same

    signed = f"{encode({'alg': 'HS256', 'kid': 'one'})}.{encode(make_claims())}"
    digest = hmac.digest(get_public_pem(), signed.encode(), hashlib.sha256)
    with pytest.raises(Unauthenticated):
        make_verifier().verify(f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


def test_key_on_a_curve_verifies() -> None:
    token = make_token(key=make_ec_key(), key_id="curve", algorithm="ES256")
    assert make_verifier().verify(token).user_id == "ann"


@given(st.text())
def test_any_text_is_no_token(text: str) -> None:
    with pytest.raises(Unauthenticated):
        make_verifier().verify(text)


@pytest.mark.parametrize(
    ("claims", "is_admin"),
    [
        ({"cognito:groups": ["users", "admin"]}, True),
        ({"groups": ["admin"]}, True),
        ({"groups": "admin"}, True),
        ({"groups": "site admin"}, False),
        ({"groups": "users,admin"}, False),
        ({"cognito:groups": ["administrators"]}, False),
        ({"cognito:groups": {"admin": True}}, False),
        ({"cognito:groups": [1, None]}, False),
        ({"roles": ["admin"]}, False),
    ],
)
def test_admin_is_who_is_in_the_group(claims: dict[str, Any], is_admin: bool) -> None:
    assert make_verifier().verify(make_token(**claims)).is_admin is is_admin


def test_user_is_named_by_the_claim_of_the_settings() -> None:
    assert make_verifier(user_claim="email").verify(make_token(email="ann@example.org")).user_id == (
        "ann@example.org"
    )


class Issuer:
    """Counts how often its keys are asked for."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.fetches = 0
        self.now = 1000.0
        self.is_down = False
        self.keys = KeySet(self.fetch, clock=lambda: self.now)

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


def test_new_key_is_found_and_unknown_ones_are_not_asked_for_each_time() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.names = ("one", "two")
    assert issuer.keys.get("two") is None
    issuer.now += MIN_REFRESH_SECONDS + 1
    assert issuer.keys.get("two")
    assert [issuer.keys.get(f"made up {number}") for number in range(100)] == [None] * 100
    assert issuer.fetches == 2


def test_key_that_the_issuer_withdrew_ends() -> None:
    issuer = Issuer("one", "two")
    assert issuer.keys.get("two")
    issuer.names = ("one",)
    issuer.now += KEYS_LIFETIME_SECONDS + 1
    assert issuer.keys.get("two") is None


def test_known_keys_serve_while_the_issuer_is_down() -> None:
    issuer = Issuer("one")
    issuer.keys.get("one")
    issuer.is_down = True
    issuer.now += KEYS_LIFETIME_SECONDS + 1
    assert issuer.keys.get("one")
    issuer.now += MIN_REFRESH_SECONDS + 1
    with pytest.raises(Unavailable):
        issuer.keys.get("two")


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
def test_odd_key_documents_are_no_keys(document: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        KeySet(lambda: document).get("one")


def test_keys_for_other_purposes_verify_nothing() -> None:
    document = make_key_document("one", "two")
    document["keys"][0]["use"] = "enc"
    keys = KeySet(lambda: document)
    assert keys.get("one") is None
    assert keys.get("two")


class Documents(BaseHTTPRequestHandler):
    """Serves documents by their path."""

    served: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        body = self.served.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Documents)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_keys_are_fetched_from_their_url(url: str) -> None:
    Documents.served = {"/keys": json.dumps(make_key_document("one")).encode()}
    assert fetch_keys(ISSUER, f"{url}/keys")["keys"][0]["kid"] == "one"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"x" * 1_000_000, None])
def test_what_is_no_document_is_unavailable(url: str, body: bytes | None) -> None:
    Documents.served = {} if body is None else {"/keys": body}
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, f"{url}/keys")


def test_issuer_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, "http://127.0.0.1:1/keys")


def test_issuer_says_where_its_keys_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(address: str) -> Any:  # noqa: ANN401 - JSON
        asked.append(address)
        return {"jwks_uri": "https://issuer.example.org/keys"}

    monkeypatch.setattr(tokens, "_fetch_json", fetch)
    fetch_keys(f"{ISSUER}/", None)
    assert asked == [f"{ISSUER}/.well-known/openid-configuration", "https://issuer.example.org/keys"]


@pytest.mark.parametrize("keys_url", [None, 5, "http://issuer.example.org/keys", "file:///etc/passwd"])
def test_keys_come_by_https_alone(monkeypatch: pytest.MonkeyPatch, keys_url: object) -> None:
    monkeypatch.setattr(tokens, "_fetch_json", lambda _: {"jwks_uri": keys_url})
    with pytest.raises(Unavailable):
        fetch_keys(ISSUER, None)
