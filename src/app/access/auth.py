"""Authentication by bearer tokens (RFC 6750)."""

from collections.abc import Callable, Mapping

from app.access.callers import Caller
from shared.errors import Unauthenticated

AUTHORIZATION_HEADER = "Authorization"


def authenticate(headers: Mapping[str, str], verify: Callable[[str], Caller]) -> Caller:
    """Return the caller that the token names, or a caller without a name if there is no token.

    Raises Unauthenticated for a bad token: it never counts as none.
    """
    header = headers.get(AUTHORIZATION_HEADER)
    if header is None:
        return Caller()
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated.by_token("The Authorization header holds no bearer token.")
    return verify(token.strip())
