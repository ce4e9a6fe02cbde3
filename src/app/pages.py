"""Pages of a listing: a query and a caller to where the page begins, and to the cursor of the next."""

from app.auth import Caller
from app.inputs import PageQuery
from shared.listing import Span, decode_cursor, encode_cursor


def get_span(query: PageQuery, caller: Caller) -> Span:
    """Raises InvalidFields for a cursor of another query or caller."""
    span = query.make_span()
    if query.cursor is None:
        return span
    return span.starting_at(decode_cursor(query.cursor, _bind(query, caller)))


def make_cursor(next_key: str | None, query: PageQuery, caller: Caller) -> str | None:
    return encode_cursor(next_key, _bind(query, caller)) if next_key else None


def _bind(query: PageQuery, caller: Caller) -> str:
    """What a cursor is good for: this query, whatever the size of its pages, by this caller."""
    return f"{query.model_dump_json(exclude={'cursor', 'limit'})} {caller.user_id}"
