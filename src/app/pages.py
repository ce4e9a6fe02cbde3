"""Pages of a listing: a query and a caller to where the page begins, and to the cursor of the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.auth import Caller
from app.inputs import PageQuery
from shared.listing import Span, decode_cursor, encode_cursor


@dataclass(frozen=True)
class PageCursors:
    """Cursors that are good for one query of one caller, whatever the size of its pages."""

    get_keys: Callable[[], Sequence[bytes]]

    def get_span(self, query: PageQuery, caller: Caller) -> Span:
        """Raises InvalidFields for a cursor of another query or caller."""
        span = query.make_span()
        if query.cursor is None:
            return span
        return span.starting_at(decode_cursor(query.cursor, _bind(query, caller), self.get_keys()))

    def make_cursor(self, next_key: str | None, query: PageQuery, caller: Caller) -> str | None:
        return encode_cursor(next_key, _bind(query, caller), self.get_keys()[0]) if next_key else None


def _bind(query: PageQuery, caller: Caller) -> str:
    query_json = query.model_dump_json(exclude={"cursor", "limit"})
    return f"{query_json} {caller.user_id} {caller.is_admin} {caller.is_verified}"
