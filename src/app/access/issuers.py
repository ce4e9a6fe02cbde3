"""The issuer of tokens: what it says of itself in its discovery document (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import urllib3

from shared.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

FETCH_TIMEOUT_SECONDS = 2
MAX_DOCUMENT_BYTES = 200_000
COGNITO_API = "https://cognito-idp."
"""Begins the address where a user pool says that people sign in while it has no domain. Nothing is there."""

_URL = re.compile(r"(https?)://[a-z0-9.-]+(:[0-9]{1,5})?(/[^\s\"'<>#]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class SignIn:
    """The way to sign in: on the issuer's own page, with a public client."""

    client_id: str
    scopes: str
    authorization_url: str
    token_url: str
    end_session_url: str | None
    """None: the issuer does not let clients sign people out."""
    revocation_url: str | None = None
    """None: the issuer does not let clients end their tokens (RFC 7009)."""


def fetch_keys(issuer: str, discovery_url: str | None) -> Mapping[str, Any]:
    """Fetch the issuer's keys (RFC 7517). Raises Unavailable if it does not say where they are."""
    return _fetch_json(_require_url(_discover(issuer, discovery_url), "jwks_uri"))


def fetch_sign_in(issuer: str, discovery_url: str | None, client_id: str, scopes: str) -> SignIn:
    """Raises Unavailable if the issuer does not say where people sign in."""
    document = _discover(issuer, discovery_url)
    authorization_url = _require_url(document, "authorization_endpoint")
    if authorization_url.startswith(COGNITO_API):
        raise Unavailable
    return SignIn(
        client_id,
        scopes,
        authorization_url,
        _require_url(document, "token_endpoint"),
        _find_url(document, "end_session_endpoint"),
        _find_url(document, "revocation_endpoint"),
    )


@dataclass(frozen=True)
class _Discovery:
    url: str
    content: Mapping[str, Any]


def _discover(issuer: str, url: str | None) -> _Discovery:
    url = url or f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    return _Discovery(url, _fetch_json(url))


def _require_url(document: _Discovery, name: str) -> str:
    url = _find_url(document, name)
    if url is None:
        raise Unavailable
    return url


def _find_url(document: _Discovery, name: str) -> str | None:
    """Find an address. A document that came over HTTP, as in the local stack, may name one of HTTP too."""
    url = document.content.get(name)
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if match is None or (match[1].lower() == "http" and document.url.startswith("https:")):
        return None
    return url


def _fetch_json(url: str) -> Mapping[str, Any]:
    timeout = urllib3.Timeout(total=FETCH_TIMEOUT_SECONDS)
    try:
        with urllib3.PoolManager() as pool:
            response = pool.request(
                "GET", url, timeout=timeout, retries=0, redirect=False, preload_content=False
            )
            is_ok = response.status == HTTPStatus.OK
            document = json.loads(response.read(MAX_DOCUMENT_BYTES)) if is_ok else None
            response.release_conn()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise Unavailable from error
    if not isinstance(document, dict):
        raise Unavailable
    return document
