from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.callers import Caller
from app.pages import PageCursors, decode_cursor, encode_cursor
from app.requests.inputs import ImageQuery, PageQuery
from shared.errors import InvalidFields

KEY = "2026-01-01T00:00:00.000000Z#id"
ANN = Caller("ann", is_verified=True)


def parse(**query: Any) -> ImageQuery:  # noqa: ANN401 - any parameter
    return ImageQuery.model_validate(query)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(), st.text())
def test_cursor_is_valid_for_its_own_query_only(key: str, binding: str, other: str) -> None:
    cursor = encode_cursor(key, binding, b"old")
    assert decode_cursor(cursor, binding, [b"new", b"old"]) == key
    with pytest.raises(InvalidFields):
        decode_cursor(cursor, binding, [b"new"])
    if other != binding:
        with pytest.raises(InvalidFields):
            decode_cursor(cursor, other, [b"old"])


@given(st.integers(0, 200), st.integers(1, 255))
def test_cursor_that_was_changed_is_refused(at: int, change: int) -> None:
    cursor = encode_cursor(KEY, "query", b"key")
    raw = bytearray(urlsafe_b64decode(cursor + "=="))
    raw[at % len(raw)] ^= change
    with pytest.raises(InvalidFields):
        decode_cursor(urlsafe_b64encode(raw).decode(), "query", [b"key"])


@given(st.text())
def test_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidFields):
        decode_cursor(cursor, "query", [b"key"])


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        (parse(userId="ben"), ANN),
        (parse(tags="b"), ANN),
        (parse(order="asc"), ANN),
        (parse(tags="b", match="any"), ANN),
        (parse(visibility="public"), ANN),
        (parse(createdAfter="2026-01-01T00:00:00Z"), ANN),
        (parse(createdBefore="2026-01-01T00:00:00Z"), ANN),
        (PageQuery.model_validate({}), ANN),
        (parse(), Caller("ben", is_verified=True)),
        (parse(), Caller("ann", is_verified=True, is_admin=True)),
        (parse(), Caller("ann")),
        (parse(), Caller()),
    ],
)
def test_cursor_means_nothing_for_another_query_or_caller(query: PageQuery, caller: Caller) -> None:
    pages = PageCursors(lambda: [b"key"])
    cursor = pages.make_cursor(KEY, parse(), ANN)
    with pytest.raises(InvalidFields):
        pages.get_span(query.model_copy(update={"cursor": cursor}), caller)


def test_cursor_is_valid_for_a_page_of_another_size() -> None:
    pages = PageCursors(lambda: [b"key"])
    cursor = pages.make_cursor(KEY, parse(limit=5), ANN)
    assert pages.get_span(parse(limit=7, cursor=cursor), ANN).high == KEY
    assert pages.make_cursor(None, parse(), ANN) is None


def test_cursor_of_items_of_one_user_means_nothing_for_those_of_another() -> None:
    pages = PageCursors(lambda: [b"key"])
    ann, ben = (PageQuery.model_validate({"userId": user}) for user in ("ann", "ben"))
    cursor = pages.make_cursor(KEY, ann, ANN)
    assert pages.get_span(ann.model_copy(update={"cursor": cursor}), ANN).high == KEY
    with pytest.raises(InvalidFields) as raised:
        pages.get_span(ben.model_copy(update={"cursor": cursor}), ANN)
    assert [error.field for error in raised.value.errors] == ["cursor"]


def test_cursor_is_signed_with_the_current_key_and_outlives_it_once() -> None:
    cursor = PageCursors(lambda: [b"new", b"old"]).make_cursor(KEY, parse(), ANN)
    query = parse(cursor=cursor)
    assert PageCursors(lambda: [b"newer", b"new"]).get_span(query, ANN).high == KEY
    with pytest.raises(InvalidFields):
        PageCursors(lambda: [b"old"]).get_span(query, ANN)


def test_cursor_is_its_key_behind_16_bytes_of_signature() -> None:
    cursor = encode_cursor(KEY, "query", b"key")
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert raw[16:] == KEY.encode()
    assert "=" not in cursor
    assert len(cursor) <= 200


def test_page_without_a_cursor_needs_no_key() -> None:
    def refuse() -> list[bytes]:
        raise AssertionError

    assert PageCursors(refuse).get_span(parse(), ANN) == parse().make_span()
    assert PageCursors(refuse).make_cursor(None, parse(), ANN) is None


def test_cursor_of_an_ascending_listing_moves_its_lower_bound() -> None:
    pages = PageCursors(lambda: [b"key"])
    cursor = pages.make_cursor(KEY, parse(order="asc"), ANN)
    span = pages.get_span(parse(order="asc", cursor=cursor), ANN)
    assert (span.low, span.high, span.descending) == (KEY, "~", False)
