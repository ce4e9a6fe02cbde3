"""Tokens as an issuer makes them, valid and invalid."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.access.tokens import KeySet, TokenVerifier
from app.dependencies import get_verify
from app.main import create_app
from app.parameters import get_auth_mode

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER = "https://issuer.example.org/pool"
AUDIENCE = "client"


@cache
def make_rsa_key(name: str) -> rsa.RSAPrivateKey:
    del name  # each name has its own key
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def make_ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def make_key_document(*names: str) -> dict[str, Any]:
    """The public keys of these names, as the issuer publishes them (RFC 7517), and one on a curve."""
    keys = [
        RSAAlgorithm.to_jwk(make_rsa_key(name).public_key(), as_dict=True)
        | {"kid": name, "alg": "RS256", "use": "sig"}
        for name in names
    ]
    curve = ECAlgorithm(ECAlgorithm.SHA256).to_jwk(make_ec_key().public_key(), as_dict=True)
    return {"keys": [*keys, curve | {"kid": "curve", "use": "sig"}]}


def make_verifier(**options: Any) -> TokenVerifier:  # noqa: ANN401 - the verifier's
    defaults: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "user_claim": "sub",
        "admin_group": "admin",
    }
    return TokenVerifier(KeySet(lambda: make_key_document("one")), **defaults | options)


def make_claims(user: str = "ann", **claims: Any) -> dict[str, Any]:  # noqa: ANN401 - any claim
    """The claims of a Cognito access token. None leaves a claim out, and a timedelta is a time from now."""
    now = int(time.time())
    defaults = {
        "sub": user,
        "iss": ISSUER,
        "client_id": AUDIENCE,
        "token_use": "access",
        "iat": now,
        "exp": now + 3600,
    }
    return {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in (defaults | claims).items()
        if value is not None
    }


def make_token(
    user: str = "ann",
    *,
    key: Any = None,  # noqa: ANN401 - whatever signs
    key_id: str | None = "one",
    algorithm: str = "RS256",
    token_type: object = None,
    **claims: Any,  # noqa: ANN401 - any claim
) -> str:
    headers = {"typ": token_type} | ({"kid": key_id} if key_id else {})
    return jwt.encode(make_claims(user, **claims), key or make_rsa_key("one"), algorithm, headers=headers)


@contextmanager
def requiring_tokens() -> Iterator[None]:
    """Make the API's callers be the users that tokens of `make_token` name."""
    overrides = create_app().dependency_overrides
    overrides |= {get_auth_mode: lambda: "jwt", get_verify: lambda: make_verifier().verify}
    yield
    for dependency in (get_auth_mode, get_verify):
        del overrides[dependency]
