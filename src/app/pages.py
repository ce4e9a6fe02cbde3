"""Pages of a listing: where a page begins, and the cursor of the next one."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.access.callers import Caller
from app.requests.inputs import CursorQuery, PageQuery
from shared.errors import FieldError, InvalidFields
from shared.listing import Span

CURSOR_SIGNATURE_BYTES = 16


@dataclass(frozen=True)
class PageCursors:
    """Makes cursors that are valid for one query of one caller, whatever the size of its pages."""

    get_keys: Callable[[], Sequence[bytes]]

    def get_span(self, query: PageQuery, caller: Caller) -> Span:
        """Raises InvalidFields for the cursor of another query or caller."""
        start = self.get_start(query, caller)
        return query.make_span() if start is None else query.make_span().starting_at(start)

    def get_start(self, query: CursorQuery, caller: Caller) -> str | None:
        """Return the key at which the page begins, None for the first page. Raises as `get_span` does."""
        if query.cursor is None:
            return None
        return decode_cursor(query.cursor, _bind(query, caller), self.get_keys())

    def make_cursor(self, next_key: str | None, query: CursorQuery, caller: Caller) -> str | None:
        return encode_cursor(next_key, _bind(query, caller), self.get_keys()[0]) if next_key else None


def encode_cursor(key: str, binding: str, secret: bytes) -> str:
    """Make an opaque cursor that is valid only for the query and the caller in `binding`."""
    return urlsafe_b64encode(_sign(key, binding, secret) + key.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, binding: str, secrets: Sequence[bytes]) -> str:
    """Raises InvalidFields for a cursor that none of these secrets made for this binding."""
    try:
        raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        signature, key = raw[:CURSOR_SIGNATURE_BYTES], raw[CURSOR_SIGNATURE_BYTES:].decode()
    except ValueError:
        signature, key = b"", ""
    if not key or not any(hmac.compare_digest(signature, _sign(key, binding, secret)) for secret in secrets):
        raise InvalidFields([FieldError("cursor", "was not made for this query and this caller")])
    return key


def _bind(query: CursorQuery, caller: Caller) -> str:
    query_json = query.model_dump_json(exclude={"cursor", "limit"})
    return f"{query_json} {caller.user_id} {caller.is_admin} {caller.is_verified}"


def _sign(key: str, binding: str, secret: bytes) -> bytes:
    return hmac.digest(secret, f"cursor\n{key}\n{binding}".encode(), "sha256")[:CURSOR_SIGNATURE_BYTES]
