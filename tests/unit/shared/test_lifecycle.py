from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import lifecycle
from shared.lifecycle import Event, ImpossibleChange, State, Status

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
MINUTE, DAY = 60, 24 * 3600
FORM_ENDS = SECONDS + 35 * MINUTE
LEASE_ENDS = SECONDS + 15 * MINUTE

PENDING = State(Status.PENDING, has_original=False, expires_at=FORM_ENDS)
STALLED = State(Status.FAILED, has_original=False, expires_at=SECONDS + 14 * DAY)
PROCESSING = State(Status.PROCESSING, has_original=True, leased_until=LEASE_ENDS)
AGAIN = replace(PROCESSING, has_renditions=True)
READY = State(Status.READY, has_original=True, has_renditions=True)
FAILED = State(Status.FAILED, has_original=True)
FAILED_AGAIN = replace(FAILED, has_renditions=True)
REJECTED = State(Status.REJECTED, has_original=True)
DISCARDED = State(Status.REJECTED, has_original=False, expires_at=SECONDS + DAY)

TABLE = {
    # state: (owner lists it, others see it, counts, original can be downloaded, awaits bytes, has its result)
    "pending": (PENDING, (False, False, False, False, True, False)),
    "failed before it was verified": (STALLED, (True, False, False, False, True, False)),
    "processing": (PROCESSING, (True, False, True, True, False, False)),
    "processing again": (AGAIN, (True, True, True, True, False, False)),
    "ready": (READY, (True, True, True, True, False, True)),
    "failed": (FAILED, (True, False, True, True, False, False)),
    "failed again": (FAILED_AGAIN, (True, True, True, True, False, False)),
    "rejected with its bytes": (REJECTED, (True, False, True, False, False, True)),
    "rejected": (DISCARDED, (True, False, False, False, False, True)),
}
EVENTS = ("verify", "refuse", "stall", "finish", "reject", "discard", "delay", "fail", "retry")
CHANGES = {
    # Each row is a state of the table above, each column an event in this order. None changes nothing.
    "pending": (PROCESSING, DISCARDED, STALLED, None, None, None, None, None, None),
    "failed before it was verified": (
        PROCESSING,
        DISCARDED,
        STALLED,
        None,
        None,
        None,
        None,
        None,
        "pending",
    ),
    "processing": (None, None, None, READY, REJECTED, None, PROCESSING, FAILED, None),
    "processing again": (None, None, None, READY, READY, None, AGAIN, FAILED_AGAIN, None),
    "ready": (None, None, None, None, None, None, None, None, AGAIN),
    "failed": (None, None, None, READY, REJECTED, None, PROCESSING, FAILED, PROCESSING),
    "failed again": (None, None, None, READY, READY, None, AGAIN, FAILED_AGAIN, AGAIN),
    "rejected with its bytes": (None, None, None, None, None, DISCARDED, None, None, None),
    "rejected": (None, None, None, None, None, None, None, None, None),
}


def test_table_names_every_status_and_every_event() -> None:
    assert {state.status for state, _ in TABLE.values()} == {*Status}
    assert tuple(Event) == EVENTS
    assert CHANGES.keys() == TABLE.keys()
    assert {len(row) for row in CHANGES.values()} == {len(Event)}


@pytest.mark.parametrize("name", TABLE)
def test_each_state_implies_what_the_table_says(name: str) -> None:
    state, expected = TABLE[name]
    assert expected == (
        lifecycle.is_listed(state),
        lifecycle.is_shown(state),
        lifecycle.counts(state),
        lifecycle.serves_original(state),
        lifecycle.awaits_upload(state),
        lifecycle.is_final(state),
    )


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("event", Event)
def test_each_event_changes_each_state_as_the_table_says(name: str, event: Event) -> None:
    expected = CHANGES[name][EVENTS.index(event)]
    state = TABLE[name][0]
    if expected is None:
        with pytest.raises(ImpossibleChange):
            lifecycle.change(state, event, NOW)
    else:
        # A stalled upload keeps its own end when it is pending again.
        outcome = replace(PENDING, expires_at=STALLED.expires_at) if expected == "pending" else expected
        assert lifecycle.change(state, event, NOW) == outcome


def test_image_begins_as_processing_or_as_pending() -> None:
    assert lifecycle.start_processing(NOW) == PROCESSING
    assert lifecycle.await_upload(FORM_ENDS) == PENDING


@pytest.mark.parametrize(("seconds", "has_failed"), [(-1, False), (0, True), (DAY, True)])
@pytest.mark.parametrize("state", [PROCESSING, AGAIN])
def test_run_whose_lease_has_ended_reads_as_failed(state: State, seconds: int, has_failed: bool) -> None:
    at = datetime.fromtimestamp(LEASE_ENDS + seconds, UTC)
    seen = lifecycle.resolve(state, at)
    assert (seen.status is Status.FAILED) is has_failed
    assert lifecycle.is_overdue(seen) is has_failed
    assert lifecycle.is_shown(seen) is lifecycle.is_shown(state)
    assert lifecycle.counts(seen)


@pytest.mark.parametrize("state", [state for state, _ in TABLE.values() if state.leased_until is None])
def test_only_processing_has_a_lease_that_can_end(state: State) -> None:
    assert lifecycle.resolve(state, NOW + timedelta(days=900)) == state
    assert not lifecycle.is_overdue(state)


@pytest.mark.parametrize(("seconds", "has_ended"), [(-1, False), (0, True), (1, True)])
@pytest.mark.parametrize("state", [PENDING, STALLED, DISCARDED])
def test_state_with_an_end_has_ended_from_that_second_on(state: State, seconds: int, has_ended: bool) -> None:
    assert state.expires_at
    at = datetime.fromtimestamp(state.expires_at + seconds, UTC)
    assert lifecycle.has_ended(state, at) is has_ended


@pytest.mark.parametrize("state", [PROCESSING, AGAIN, READY, FAILED, REJECTED])
def test_state_without_an_end_never_ends(state: State) -> None:
    assert not lifecycle.has_ended(state, NOW + timedelta(days=900))


BEGINNINGS = st.sampled_from([lifecycle.start_processing(NOW), lifecycle.await_upload(FORM_ENDS)])
STATES = BEGINNINGS | st.sampled_from([state for state, _ in TABLE.values()])
STEPS = st.lists(st.tuples(st.sampled_from(Event), st.integers(0, 20 * DAY)), max_size=30)


def follow(state: State, steps: list[tuple[Event, int]]) -> list[State]:
    """The states through which events lead, each some seconds after the one before."""
    at, path = NOW, [state]
    for event, seconds in steps:
        at += timedelta(seconds=seconds)
        try:
            path.append(lifecycle.change(lifecycle.resolve(path[-1], at), event, at))
        except ImpossibleChange:
            continue
    return path


def name_state(state: State) -> str | None:
    """The name of a state in the table, whatever its times are. None if it is not there."""
    facts = (state.status, state.has_original, state.has_renditions)
    ends = (state.expires_at is None, state.leased_until is None)
    for name, (known, _) in TABLE.items():
        known_ends = (known.expires_at is None, known.leased_until is None)
        if (known.status, known.has_original, known.has_renditions, *known_ends) == (*facts, *ends):
            return name
    return None


@given(STATES, STEPS)
def test_any_events_in_any_order_and_late_lead_to_states_of_the_table(
    state: State, steps: list[tuple[Event, int]]
) -> None:
    assert all(name_state(reached) for reached in follow(state, steps))


@given(STATES, STEPS)
def test_event_that_comes_twice_has_the_effect_of_one(state: State, steps: list[tuple[Event, int]]) -> None:
    repeated = [step for event, seconds in steps for step in ((event, seconds), (event, 0))]
    results = {Event.FINISH, Event.REJECT, Event.VERIFY, Event.REFUSE, Event.DISCARD}
    steps = [step for step in steps if step[0] in results]
    repeated = [step for step in repeated if step[0] in results]
    assert follow(state, steps)[-1] == follow(state, repeated)[-1]


@given(STATES, STEPS)
def test_verdict_stays_and_what_is_gone_never_comes_back(
    state: State, steps: list[tuple[Event, int]]
) -> None:
    for before, after in pairwise(follow(state, steps)):
        if before.status is Status.REJECTED:
            assert after.status is Status.REJECTED
        if before.has_renditions:
            assert after.has_renditions
            assert lifecycle.is_shown(after)
        if before.has_original and not after.has_original:
            assert before.status is after.status is Status.REJECTED


@given(STATES, STEPS)
def test_every_state_ends_or_can_be_left_by_its_owner_or_is_kept(
    state: State, steps: list[tuple[Event, int]]
) -> None:
    """Nothing waits for ever: what is not ready ends, has a lease that ends, or takes a retry."""
    last = follow(state, steps)[-1]
    can_retry = last.phase in lifecycle.CHANGES[Event.RETRY]
    is_kept = last.status is Status.READY
    has_end = last.expires_at is not None or last.leased_until is not None
    assert is_kept or has_end or can_retry or last == REJECTED  # whose bytes are about to be deleted


TRASH_ENDS = SECONDS + 30 * DAY


@given(STATES, STEPS)
def test_trash_changes_no_event_and_hides_every_state(state: State, steps: list[tuple[Event, int]]) -> None:
    trashed = replace(state, trash_ends_at=TRASH_ENDS)
    paths = follow(state, steps), follow(trashed, steps)
    assert [replace(one, trash_ends_at=TRASH_ENDS) for one in paths[0]] == paths[1]
    for one, hidden in zip(*paths, strict=True):
        assert not lifecycle.is_shown(hidden)
        for implies in (lifecycle.is_listed, lifecycle.counts, lifecycle.serves_original):
            assert implies(hidden) is implies(one)


@pytest.mark.parametrize(
    ("state_ends", "trash_ends", "end"),
    [(None, None, None), (7, None, 7), (None, 9, 9), (7, 9, 7), (9, 7, 7)],
)
def test_image_ends_with_its_state_or_with_its_time_in_the_trash(
    state_ends: int | None, trash_ends: int | None, end: int | None
) -> None:
    state = replace(READY, expires_at=state_ends, trash_ends_at=trash_ends)
    assert lifecycle.get_end(state) == end
    for second in (6, 7, 8, 9, 10):
        has_ended = lifecycle.has_ended(state, datetime.fromtimestamp(second, UTC))
        assert has_ended is (end is not None and second >= end)
