"""Listings are walked completely, in order, and at a cost that the size of the table does not change."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import listing
from shared.listing import ENTRIES_PER_READ, MAX_EXTRA_READS, Span, list_page
from shared.records import make_sort_key
from shared.table import Table
from tests.support.images import START

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

KEYS = st.sets(st.text("abcdef", min_size=1, max_size=3), max_size=120)


@dataclass
class SortedTable(Table):
    """Partitions in memory, read as DynamoDB reads them."""

    partitions: dict[str, list[str]]
    ended: set[str] = field(default_factory=set)
    reads: int = field(default=0, init=False)

    def query_entries(  # noqa: PLR0913 - the signature of Table
        self, partition: str, low: str, high: str, *, descending: bool, limit: int, after: str | None = None
    ) -> tuple[list[tuple[str, int | None]], bool]:
        self.reads += 1
        keys = sorted(self.partitions.get(partition, []), reverse=descending)
        if after is not None:
            keys = [key for key in keys if (key < after if descending else key > after)]
        keys = [key for key in keys if low <= key <= high]
        return [(key, 1 if key in self.ended else None) for key in keys[:limit]], len(keys) >= limit


def walk(table: SortedTable, intersections: Sequence[Sequence[str]], span: Span, limit: int) -> list[str]:
    keys: list[str] = []
    start: Span | None = span
    while start:
        page = list_page(table, intersections, start, limit=limit)
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
    names = list(table.partitions)
    intersections = [names] if match_all else [[name] for name in names]
    assert walk(table, intersections, Span(descending=descending), limit) == expected


@given(KEYS, st.integers(1, 4), st.integers(1, 50), st.booleans())
def test_intersections_are_merged_in_order(
    keys: set[str],
    shards: int,
    limit: int,
    descending: bool,
) -> None:
    table = SortedTable({str(i): sorted(keys)[i::shards] for i in range(shards)})
    intersections = [[name] for name in table.partitions]
    expected = sorted(keys, reverse=descending)
    assert walk(table, intersections, Span(descending=descending), limit) == expected


@given(KEYS, st.text("abcdef", min_size=1, max_size=3), st.text("abcdef", min_size=1, max_size=3))
def test_bounds_are_inclusive_and_an_empty_span_is_an_empty_page(keys: set[str], low: str, high: str) -> None:
    table = SortedTable({"p": sorted(keys)})
    expected = sorted(key for key in keys if low <= key <= high)
    assert walk(table, [["p"]], Span(low, high, descending=False), 7) == expected


@settings(max_examples=15)
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
        page = list_page(table, [[name] for name in names], span, limit=limit)
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
    page = list_page(table, [["even", "odd"]], span, limit=10)
    assert page.next_key is not None
    assert table.reads <= MAX_EXTRA_READS + 2
    assert walk(table, [["even", "odd"]], span, limit=10) == [common]


def test_page_goes_on_to_the_end_of_what_it_has_read() -> None:
    """Every key is missing in one of the partitions, so each of them leads a step further only."""
    names = "abcde"
    partitions = {name: [f"{number:06}" for number in range(1, 600)] for name in names}
    for number, name in enumerate(names):
        del partitions[name][number :: len(names)]
    table = SortedTable(partitions)
    assert walk(table, [list(names)], Span(descending=False), limit=20) == []
    assert table.reads <= 600 * len(names) / ENTRIES_PER_READ


def test_key_in_two_intersections_at_once_ends_no_stream_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of visibility between two reads shows an image twice."""
    monkeypatch.setattr("shared.listing.ENTRIES_PER_READ", 2)
    monkeypatch.setattr("shared.listing.MAX_EXTRA_READS", 2)
    table = SortedTable({"a": list("258"), "b": list("258"), "c": list("13459"), "d": [*list("13459"), "2"]})
    intersections = [["a", "b"], ["c", "d"]]
    for descending in (False, True):
        assert walk(table, intersections, Span(descending=descending), limit=20) == sorted(
            "1234589", reverse=descending
        )


def test_intersection_skips_what_cannot_match() -> None:
    table = SortedTable({"many": [f"{number:06}" for number in range(50_000)], "few": ["000005", "049990"]})
    page = list_page(table, [["many", "few"]], Span(descending=False), limit=10)
    assert (page.keys, page.next_key) == (["000005", "049990"], None)
    assert table.reads <= 4


@pytest.mark.parametrize("size", [50, 5_000])
def test_page_of_a_partition_takes_one_read(size: int) -> None:
    table = SortedTable({"p": [f"{number:06}" for number in range(size)]})
    page = list_page(table, [["p"]], Span(), limit=20)
    assert len(page.keys) == 20
    assert table.reads == 1


def test_created_after_and_before_leave_their_own_moment_out() -> None:
    moments = [START + timedelta(microseconds=number) for number in range(5)]
    table = SortedTable({"p": [make_sort_key(moment, "id") for moment in moments]})
    span = Span.between(moments[0], moments[4], descending=False)
    assert list_page(table, [["p"]], span, limit=9).keys == table.partitions["p"][1:4]


@given(st.lists(KEYS, min_size=1, max_size=3), KEYS, st.integers(1, 20), st.booleans(), st.booleans())
def test_entries_that_have_ended_are_passed_over(
    partitions: list[set[str]], ended: set[str], limit: int, match_all: bool, descending: bool
) -> None:
    table = SortedTable({str(i): sorted(keys) for i, keys in enumerate(partitions)}, ended)
    combine = set.intersection if match_all else set.union
    expected = sorted(combine(*partitions) - ended, reverse=descending)
    names = list(table.partitions)
    intersections = [names] if match_all else [[name] for name in names]
    assert walk(table, intersections, Span(descending=descending), limit) == expected


@pytest.mark.parametrize("descending", [True, False])
def test_page_over_many_ended_entries_is_bounded_and_the_walk_goes_on(descending: bool) -> None:
    keys = [f"{number:06}" for number in range(5_000)]
    alive = {keys[2_500]}
    table = SortedTable({"p": keys}, {*keys} - alive)
    span: Span | None = Span(descending=descending)
    pages = 0
    seen: list[str] = []
    while span:
        before, pages = table.reads, pages + 1
        page = list_page(table, [["p"]], span, limit=10)
        assert table.reads - before <= MAX_EXTRA_READS
        seen += page.keys
        span = span.starting_at(page.next_key) if page.next_key else None
    assert seen == [*alive]
    assert pages <= 5_000 / ((MAX_EXTRA_READS - 1) * ENTRIES_PER_READ) + 1


def test_reads_are_as_large_and_as_many_as_they_should_be() -> None:
    assert (listing.ENTRIES_PER_READ, listing.MAX_EXTRA_READS, listing.MAX_CONCURRENT_READS) == (30, 24, 8)


@pytest.mark.parametrize(
    ("span", "key", "expected"),
    [
        (Span("b", "y"), "m", Span("b", "m")),
        (Span("b", "y"), "z", Span("b", "y")),
        (Span("b", "y", descending=False), "m", Span("m", "y", descending=False)),
        (Span("b", "y", descending=False), "a", Span("b", "y", descending=False)),
    ],
)
def test_span_starts_at_a_key_and_never_grows(span: Span, key: str, expected: Span) -> None:
    assert span.starting_at(key) == expected


@pytest.mark.parametrize(
    ("low", "high", "is_empty"), [("a", "b", False), ("a", "a", False), ("b", "a", True)]
)
def test_span_is_empty_if_its_bounds_have_crossed(low: str, high: str, is_empty: bool) -> None:
    assert Span(low, high).is_empty is is_empty


def test_span_without_bounds_holds_every_key_of_a_record() -> None:
    assert Span.between(None, None, descending=True) == Span("!", "~", descending=True) == Span()
    only_after = Span.between(START, None, descending=False)
    assert (only_after.low, only_after.high) == ("2026-01-01T00:00:00.000000Z$", "~")
    only_before = Span.between(None, START, descending=False)
    assert (only_before.low, only_before.high) == ("!", "2026-01-01T00:00:00.000000Z")


def test_empty_span_reads_nothing() -> None:
    table = SortedTable({"p": list("abc")})
    page = list_page(table, [["p"]], Span("b", "a"), limit=9)
    assert (page.keys, page.next_key, table.reads) == ([], None, 0)


@pytest.mark.parametrize(
    ("limit", "keys", "next_key"),
    [(2, ["a", "b"], "c"), (3, ["a", "b", "c"], None), (9, ["a", "b", "c"], None)],
)
def test_next_page_begins_with_the_first_key_that_did_not_fit(
    limit: int, keys: list[str], next_key: str | None
) -> None:
    table = SortedTable({"p": list("abc")})
    page = list_page(table, [["p"]], Span(descending=False), limit=limit)
    assert (page.keys, page.next_key) == (keys, next_key)


def test_partition_that_has_come_to_its_end_is_read_no_more() -> None:
    table = SortedTable({"long": list("abcd"), "short": ["a"]})
    page = list_page(table, [["long", "short"]], Span(descending=False), limit=9)
    assert (page.keys, page.next_key, table.reads) == (["a"], None, 2)


def test_first_reads_of_many_partitions_are_made_at_once() -> None:
    """Each read waits until another one has begun. One by one, they would wait in vain."""
    barrier = threading.Barrier(2, timeout=20)

    class MeetingTable(SortedTable):
        def query_entries(self, *args: Any, **options: Any) -> tuple[list[tuple[str, int | None]], bool]:  # noqa: ANN401 - of the table
            barrier.wait()
            return super().query_entries(*args, **options)

    table = MeetingTable({"p": ["a"], "q": ["b"]})
    page = list_page(table, [["p"], ["q"]], Span(descending=False), limit=9)
    assert page.keys == ["a", "b"]
