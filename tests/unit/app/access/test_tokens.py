from __future__ import annotations

import base64
import json
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from app.access import tokens
from app.access.callers import Caller
from shared.errors import Unauthenticated, Unavailable
from tests.support.tokens import (
    AUDIENCE,
    ISSUER,
    make_claims,
    make_ec_key,
    make_rsa_key,
    make_token,
    make_verifier,
)


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
    "several audiences": {"client_id": None, "aud": ["x", AUDIENCE]},
    "no token_use": {"token_use": None},
    "expired a moment ago": {"exp": timedelta(seconds=-25)},
    "valid in a moment": {"nbf": timedelta(seconds=25)},
    "audience beside a client": {"client_id": "other", "aud": AUDIENCE},
}
BAD: dict[str, dict[str, Any]] = {
    "expired": {"exp": timedelta(seconds=-35)},
    "no expiry": {"exp": None},
    "not yet": {"nbf": timedelta(seconds=35)},
    "other issuer": {"iss": "https://evil.example.org"},
    "issuer with a slash": {"iss": f"{ISSUER}/"},
    "no issuer": {"iss": None},
    "other audience": {"client_id": "other"},
    "other audience of an id token": {"aud": "other"},
    "no audience": {"client_id": None},
    "refresh token": {"token_use": "refresh"},
    "bound to a key": {"cnf": {"jkt": "x"}},
    "bound to nothing": {"cnf": {}},
    "no user": {"sub": None},
    "odd user": {"sub": "a\u200bb"},
    "user that is no text": {"sub": 5},
    "long user": {"sub": "x" * 129},
}


ID_TOKENS: dict[str, dict[str, Any]] = {
    "Cognito's": {"client_id": None, "aud": AUDIENCE, "token_use": "id"},
    "Keycloak's": {"token_use": None, "typ": "ID"},
    "with a nonce": {"token_use": None, "nonce": "x"},
    "beside an access token": {"token_use": None, "at_hash": "x"},
    "beside a code": {"token_use": None, "c_hash": "x"},
}


@pytest.mark.parametrize("claims", GOOD.values(), ids=GOOD)
def test_good_token_names_the_caller(claims: dict[str, Any]) -> None:
    assert make_verifier().verify(make_token(**claims)) == Caller("ann", is_verified=True)


@pytest.mark.parametrize("client", [{"client_id": "page"}, {"client_id": None, "aud": ["x", "page"]}])
def test_token_for_the_web_page_is_good_where_there_is_one(client: dict[str, Any]) -> None:
    token = make_token(**client)
    assert make_verifier(find_page_client=lambda: "page").verify(token).user_id == "ann"
    for other in (None, "other"):
        with pytest.raises(Unauthenticated, match="not for this service"):
            make_verifier(find_page_client=lambda other=other: other).verify(token)


def test_client_of_the_web_page_is_looked_for_only_if_a_token_needs_it() -> None:
    def find() -> str:
        raise Unavailable

    verifier = make_verifier(find_page_client=find)
    assert verifier.verify(make_token()).user_id == "ann"
    with pytest.raises(Unavailable):
        verifier.verify(make_token(client_id="page"))


@pytest.mark.parametrize("claims", BAD.values(), ids=BAD)
def test_bad_claims_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as raised:
        make_verifier().verify(make_token(**claims))
    assert raised.value.challenge.startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize("claims", ID_TOKENS.values(), ids=ID_TOKENS)
def test_id_token_is_refused_if_no_parameter_admits_it(claims: dict[str, Any]) -> None:
    token = make_token(**claims)
    with pytest.raises(Unauthenticated, match="This is an ID token"):
        make_verifier().verify(token)
    assert make_verifier(accepts_id_tokens=True).verify(token).user_id == "ann"


def test_parameter_admits_no_other_token() -> None:
    for claims in BAD.values():
        with pytest.raises(Unauthenticated):
            make_verifier(accepts_id_tokens=True).verify(make_token(**claims))


@pytest.mark.parametrize(
    "typ", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"]
)
def test_access_token_may_say_its_type(typ: str | None) -> None:
    assert make_verifier().verify(make_token(token_type=typ)).user_id == "ann"


@pytest.mark.parametrize(
    "typ", ["dpop+jwt", "logout+jwt", "secevent+jwt", "application/", "at+jwt ", "JWS", 5, ["JWT"]]
)
def test_token_of_another_type_is_refused(typ: object) -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        make_verifier().verify(make_token(token_type=typ))


@pytest.mark.parametrize(
    ("claim", "confirmation", "is_user"),
    [
        ("email", {}, False),
        ("email", {"email_verified": False}, False),
        ("email", {"email_verified": "false"}, False),
        ("email", {"email_verified": "yes"}, False),
        ("email", {"email_verified": [True]}, False),
        ("email", {"email_verified": True}, True),
        ("email", {"email_verified": "true"}, True),
        ("phone_number", {}, True),
        ("phone_number", {"phone_number_verified": False}, False),
        ("phone_number", {"phone_number_verified": True}, True),
        ("sub", {"email_verified": False}, True),
    ],
)
def test_claim_that_users_write_names_no_user_until_it_is_confirmed(
    claim: str, confirmation: dict[str, Any], is_user: bool
) -> None:
    token = make_token(**{claim: "ann@example.org"}, **confirmation)
    with nullcontext() if is_user else pytest.raises(Unauthenticated, match="names no user"):
        assert make_verifier(user_claim=claim).verify(token).user_id == "ann@example.org"


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"exp": timedelta(seconds=-60)}, "The token has expired."),
        ({"exp": None}, "The token is not valid."),
        ({"iss": "https://evil.example.org"}, "The token is not valid."),
        ({"client_id": "other"}, "The token is not for this service."),
        ({"token_use": "refresh"}, "This is no access token."),
        ({"sub": "a "}, "The token names no user."),
    ],
)
def test_caller_learns_why_a_token_is_refused(claims: dict[str, Any], detail: str) -> None:
    with pytest.raises(Unauthenticated) as raised:
        make_verifier().verify(make_token(**claims))
    assert raised.value.detail == detail
    assert raised.value.challenge == f'Bearer error="invalid_token", error_description="{detail}"'


@pytest.mark.parametrize(("length", "detail"), [(8192, "is not valid"), (8193, "is too long")])
def test_long_token_is_not_even_parsed(length: int, detail: str) -> None:
    with pytest.raises(Unauthenticated, match=detail):
        make_verifier().verify("x" * length)


def test_only_signatures_with_private_keys_are_accepted() -> None:
    signatures = {f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)}
    assert {*tokens.ALGORITHMS} == signatures | {"EdDSA"}
    assert {*tokens.GROUP_CLAIMS} == {"cognito:groups", "groups"}
    assert tokens.LEEWAY_SECONDS == 30


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
def test_other_text_is_not_a_token(text: str) -> None:
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
def test_member_of_the_group_is_an_admin(claims: dict[str, Any], is_admin: bool) -> None:
    assert make_verifier().verify(make_token(**claims)).is_admin is is_admin


def test_group_of_admins_is_that_of_the_settings() -> None:
    token = make_token(groups=["root"])
    assert make_verifier(admin_group="root").verify(token).is_admin
    assert not make_verifier().verify(token).is_admin


def test_user_is_named_by_the_claim_of_the_settings() -> None:
    assert make_verifier(user_claim="preferred").verify(make_token("x", preferred="ann")).user_id == "ann"
