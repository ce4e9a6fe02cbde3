"""Bearer tokens of an OpenID Connect issuer: verify them, and read the caller from them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jwt

from app.access.callers import Caller, is_user_id
from shared.errors import Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a private key. With HMAC, everyone who reads the public keys could make tokens."""
TOKEN_TYPES = {"jwt", "at+jwt"}
"""Values of `typ` in the header. The second one is of RFC 9068. Cognito writes none."""
ID_TOKEN_CLAIMS = {"nonce", "at_hash", "c_hash"}
"""Claims that only tokens for the client itself have (OpenID Connect Core 1.0)."""
EMAIL_CLAIM = "email"
GROUP_CLAIMS = ("cognito:groups", "groups")
LEEWAY_SECONDS = 30
MAX_TOKEN_CHARS = 8192
KEYS_LIFETIME_SECONDS = 3600
MIN_REFRESH_SECONDS = 30


class KeySet:
    """The public keys of an issuer (RFC 7517), fetched when the first token comes.

    They are fetched again once an hour, and when a token names an unknown key. That happens at most
    twice a minute, so that tokens with invented keys do not make us call the issuer each time.
    """

    def __init__(
        self, fetch: Callable[[], Mapping[str, Any]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at = float("-inf")

    def get(self, key_id: str) -> jwt.PyJWK | None:
        """Return None if the issuer has no such key. Raises Unavailable if the issuer does not respond."""
        is_old = self._fetched_at is None or self._clock() - self._fetched_at > KEYS_LIFETIME_SECONDS
        if (is_old or key_id not in self._keys) and self._clock() - self._tried_at > MIN_REFRESH_SECONDS:
            self._tried_at = self._clock()
            try:
                self._keys = _read_keys(self._fetch())
            except Unavailable:
                if key_id not in self._keys:
                    raise
            else:
                self._fetched_at = self._clock()
        if self._fetched_at is None:
            raise Unavailable
        return self._keys.get(key_id)


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience."""

    def __init__(  # noqa: PLR0913 - what an operator chooses
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        user_claim: str,
        admin_group: str,
        accepts_id_tokens: bool = False,
        find_page_client: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._user_claim = user_claim
        self._admin_group = admin_group
        self._accepts_id_tokens = accepts_id_tokens
        self._find_page_client = find_page_client

    def verify(self, token: str) -> Caller:
        """Raises Unauthenticated for a bad token, Unavailable if there are no keys."""
        if len(token) > MAX_TOKEN_CHARS:
            raise Unauthenticated.by_token("The token is too long.")
        try:
            claims = self._decode(token)
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated.by_token("The token has expired.") from error
        except (jwt.InvalidTokenError, jwt.PyJWKError, ValueError, TypeError) as error:
            raise Unauthenticated.by_token("The token is not valid.") from error
        self._require_purpose(claims)
        user_id = claims.get(self._user_claim)
        if not is_user_id(user_id) or not _is_confirmed(claims, self._user_claim):
            raise Unauthenticated.by_token("The token names no user.")
        return Caller(user_id, is_admin=self._admin_group in _read_groups(claims), is_verified=True)

    def _decode(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        key_id = header.get("kid")
        key = self._keys.get(key_id) if isinstance(key_id, str) else None
        if key is None or not _names_token_type(header.get("typ")):
            raise jwt.InvalidTokenError
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
        return claims

    def _require_purpose(self, claims: Mapping[str, Any]) -> None:
        """Raises Unauthenticated. Cognito's access tokens name the client instead of an audience."""
        audience = claims.get("aud", claims.get("client_id"))
        named = audience if isinstance(audience, list) else [audience]
        if self._audience not in named and not self._names_page(named):
            raise Unauthenticated.by_token("The token is not for this service.")
        if "cnf" in claims:
            raise Unauthenticated.by_token("The token is bound to a key, which this service does not check.")
        if _is_id_token(claims):
            if not self._accepts_id_tokens:
                raise Unauthenticated.by_token("This is an ID token. Send an access token.")
        elif claims.get("token_use", "access") != "access":
            raise Unauthenticated.by_token("This is no access token.")

    def _names_page(self, audiences: list[Any]) -> bool:
        client = self._find_page_client()
        return client is not None and client in audiences


def _read_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    """Return the keys that verify signatures. An issuer may publish keys for other purposes too."""
    try:
        keys = jwt.PyJWKSet.from_dict(dict(document)).keys
    except (jwt.PyJWKSetError, jwt.PyJWKError, ValueError, TypeError, AttributeError) as error:
        raise Unavailable from error
    return {
        key.key_id: key
        for key in keys
        if key.key_id and key.public_key_use in {None, "sig"} and key.algorithm_name in ALGORITHMS
    }


def _names_token_type(value: object) -> bool:
    """Tell whether a token with this `typ` in its header may be an access token."""
    if value is None:
        return True
    return isinstance(value, str) and value.lower().removeprefix("application/") in TOKEN_TYPES


def _is_id_token(claims: Mapping[str, Any]) -> bool:
    """Cognito says so in `token_use`, and Keycloak in a claim `typ`."""
    is_said = claims.get("token_use") == "id" or claims.get("typ") == "ID"
    return is_said or not ID_TOKEN_CLAIMS.isdisjoint(claims)


def _is_confirmed(claims: Mapping[str, Any], claim: str) -> bool:
    """Tell whether the issuer vouches for a claim that users may write themselves, such as their e-mail."""
    confirmation = f"{claim}_verified"
    if claim != EMAIL_CLAIM and confirmation not in claims:
        return True
    confirmed = claims.get(confirmation)
    return confirmed is True or confirmed == "true"


def _read_groups(claims: Mapping[str, Any]) -> set[str]:
    """Read a text as one group: to split it at spaces could make an admin of a "site admin"."""
    groups: set[str] = set()
    for claim in GROUP_CLAIMS:
        value = claims.get(claim)
        names = value if isinstance(value, list) else [value]
        groups |= {name for name in names if isinstance(name, str)}
    return groups
