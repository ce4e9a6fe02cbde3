"""Listings are walked completely, in order, and at a cost that the size of the table does not change."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidFields
from shared.listing import (
    ENTRIES_PER_READ,
    MAX_INTERSECTION_READS,
    Scope,
    Span,
    decode_cursor,
    encode_cursor,
    list_page,
    make_sort_key,
)
from shared.table import Table
from tests.records import START

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

KEYS = st.sets(st.text("abcdef", min_size=1, max_size=3), max_size=120)


@dataclass
class SortedTable(Table):
    """Partitions in memory, read as DynamoDB reads them."""

    partitions: dict[str, list[str]]
    reads: int = field(default=0, init=False)

    def query_keys(  # noqa: PLR0913 - the signature of Table
        self, partition: str, low: str, high: str, *, descending: bool, limit: int, after: str | None = None
    ) -> tuple[list[str], bool]:
        self.reads += 1
        keys = sorted(self.partitions.get(partition, []), reverse=descending)
        if after is not None:
            keys = [key for key in keys if (key < after if descending else key > after)]
        keys = [key for key in keys if low <= key <= high]
        return keys[:limit], len(keys) >= limit


def walk(table: SortedTable, scopes: Sequence[Scope], span: Span, limit: int) -> list[str]:
    keys: list[str] = []
    start: Span | None = span
    while start:
        page = list_page(table, scopes, start, limit=limit)
        assert len(page.keys) <= limit
        keys += page.keys
        start = span.starting_at(page.next_key) if page.next_key else None
    return keys


@given(st.lists(KEYS, min_size=1, max_size=4), st.booleans(), st.integers(1, 50), st.booleans())
def test_walk_gives_what_set_operations_give(
    partitions: list[set[str]],
    match_all: bool,
    limit: int,
    descending: bool,
) -> None:
    table = SortedTable({str(i): sorted(keys) for i, keys in enumerate(partitions)})
    combine = set.intersection if match_all else set.union
    expected = sorted(combine(*partitions), reverse=descending)
    scope = Scope(list(table.partitions), match_all=match_all)
    assert walk(table, [scope], Span(descending=descending), limit) == expected


@given(KEYS, st.integers(1, 4), st.integers(1, 50), st.booleans())
def test_scopes_are_merged_in_order(
    keys: set[str],
    shards: int,
    limit: int,
    descending: bool,
) -> None:
    table = SortedTable({str(i): sorted(keys)[i::shards] for i in range(shards)})
    scopes = [Scope([name]) for name in table.partitions]
    expected = sorted(keys, reverse=descending)
    assert walk(table, scopes, Span(descending=descending), limit) == expected


@given(KEYS, st.text("abcdef", min_size=1, max_size=3), st.text("abcdef", min_size=1, max_size=3))
def test_bounds_are_inclusive_and_an_empty_span_is_an_empty_page(keys: set[str], low: str, high: str) -> None:
    table = SortedTable({"p": sorted(keys)})
    expected = sorted(key for key in keys if low <= key <= high)
    assert walk(table, [Scope(["p"])], Span(low, high, descending=False), 7) == expected


@settings(max_examples=30)
@given(st.integers(1, 20), st.booleans(), st.randoms(use_true_random=False))
def test_every_key_comes_exactly_once_while_others_come_and_go(
    limit: int,
    descending: bool,
    rng: random.Random,
) -> None:
    stable = {f"{number:04}" for number in range(0, 300, 3)}
    names = ["0", "1", "2"]
    homes = {key: rng.choice(names) for key in stable}
    table = SortedTable({name: [key for key in stable if homes[key] == name] for name in names})
    span: Span | None = Span(descending=descending)
    seen: list[str] = []
    while span:
        page = list_page(table, [Scope([name]) for name in names], span, limit=limit)
        seen += page.keys
        span = span.starting_at(page.next_key) if page.next_key else None
        for name in names:
            table.partitions[name] = [key for key in table.partitions[name] if key in stable]
            table.partitions[name] += [f"{rng.randrange(300):04}x" for _ in range(5)]
    assert [key for key in seen if key in stable] == sorted(stable, reverse=descending)
    assert len(seen) == len(set(seen))


def test_intersection_of_interleaved_partitions_stops_reading_and_goes_on_later() -> None:
    common = f"{3_000:06}"
    table = SortedTable(
        {
            "even": [f"{number:06}" for number in range(0, 5_000, 2)],
            "odd": [f"{number:06}" for number in range(1, 5_000, 2)] + [common],
        }
    )
    span = Span(descending=False)
    page = list_page(table, [Scope(["even", "odd"])], span, limit=10)
    assert page.next_key is not None
    assert table.reads <= MAX_INTERSECTION_READS + 2
    assert walk(table, [Scope(["even", "odd"])], span, limit=10) == [common]


def test_page_goes_on_to_the_end_of_what_it_has_read() -> None:
    """Every key is missing in one of the partitions, so each of them leads a step further only."""
    names = "abcde"
    partitions = {name: [f"{number:06}" for number in range(1, 600)] for name in names}
    for number, name in enumerate(names):
        del partitions[name][number :: len(names)]
    table = SortedTable(partitions)
    assert walk(table, [Scope(list(names))], Span(descending=False), limit=20) == []
    assert table.reads <= 600 * len(names) / ENTRIES_PER_READ


def test_key_in_two_scopes_at_once_ends_no_stream_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of visibility between two reads shows an image twice."""
    monkeypatch.setattr("shared.listing.ENTRIES_PER_READ", 2)
    monkeypatch.setattr("shared.listing.MAX_INTERSECTION_READS", 2)
    table = SortedTable({"a": list("258"), "b": list("258"), "c": list("13459"), "d": [*list("13459"), "2"]})
    scopes = [Scope(["a", "b"]), Scope(["c", "d"])]
    for descending in (False, True):
        assert walk(table, scopes, Span(descending=descending), limit=20) == sorted(
            "1234589", reverse=descending
        )


def test_intersection_leaps_over_what_cannot_match() -> None:
    table = SortedTable({"many": [f"{number:06}" for number in range(50_000)], "few": ["000005", "049990"]})
    page = list_page(table, [Scope(["many", "few"])], Span(descending=False), limit=10)
    assert (page.keys, page.next_key) == (["000005", "049990"], None)
    assert table.reads <= 4


@pytest.mark.parametrize("size", [50, 5_000])
def test_page_of_a_partition_takes_one_read(size: int) -> None:
    table = SortedTable({"p": [f"{number:06}" for number in range(size)]})
    page = list_page(table, [Scope(["p"])], Span(), limit=20)
    assert len(page.keys) == 20
    assert table.reads == 1
    assert ENTRIES_PER_READ > 20


def test_created_after_and_before_leave_their_own_moment_out() -> None:
    moments = [START + timedelta(microseconds=number) for number in range(5)]
    table = SortedTable({"p": [make_sort_key(moment, "id") for moment in moments]})
    span = Span.between(moments[0], moments[4], descending=False)
    assert list_page(table, [Scope(["p"])], span, limit=9).keys == table.partitions["p"][1:4]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(), st.text())
def test_cursor_is_good_for_its_own_query_only(key: str, binding: str, other: str) -> None:
    cursor = encode_cursor(key, binding, b"old")
    assert decode_cursor(cursor, binding, [b"new", b"old"]) == key
    with pytest.raises(InvalidFields):
        decode_cursor(cursor, binding, [b"new"])
    if other != binding:
        with pytest.raises(InvalidFields):
            decode_cursor(cursor, other, [b"old"])


@given(st.integers(0, 200), st.integers(1, 255))
def test_cursor_that_was_changed_is_refused(at: int, change: int) -> None:
    cursor = encode_cursor("2026-01-01T00:00:00.000000Z#id", "query", b"key")
    raw = bytearray(urlsafe_b64decode(cursor + "=="))
    raw[at % len(raw)] ^= change
    with pytest.raises(InvalidFields):
        decode_cursor(urlsafe_b64encode(raw).decode(), "query", [b"key"])


@given(st.text())
def test_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidFields):
        decode_cursor(cursor, "query", [b"key"])
