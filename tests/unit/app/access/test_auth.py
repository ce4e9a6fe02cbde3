from __future__ import annotations

import pytest

from app.access.auth import authenticate
from app.access.callers import Caller
from shared.errors import Unauthenticated

ANN = Caller("ann", is_verified=True)


def verify(token: str) -> Caller:
    """Know one token."""
    assert token == "token"  # noqa: S105 - of a test
    return ANN


def refuse(token: str) -> Caller:
    pytest.fail(f"{token} is verified")


@pytest.mark.parametrize("header", ["Bearer token", "bearer token", "BEARER token", "Bearer   token  "])
def test_caller_is_the_user_that_the_token_names(header: str) -> None:
    assert authenticate({"Authorization": header}, verify) is ANN


def test_caller_without_a_header_has_no_name() -> None:
    assert authenticate({"X-User-Id": "ann"}, refuse) == Caller(None, is_admin=False, is_verified=False)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer    ", "token", "Basic token", "Bearertoken"]
)
def test_header_without_a_bearer_token_is_refused_and_never_taken_for_none(header: str) -> None:
    with pytest.raises(Unauthenticated, match="holds no bearer token") as raised:
        authenticate({"Authorization": header}, refuse)
    assert raised.value.challenge.startswith('Bearer error="invalid_token"')
