from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RateExceeded
from shared.rates import Rate

NOW = 1_800_000_000_000


@pytest.mark.parametrize(("per_minute", "interval_ms"), [(1, 60_000), (60, 1000), (7, 8572), (600, 100)])
def test_token_takes_its_share_of_a_minute(per_minute: int, interval_ms: int) -> None:
    assert Rate(per_minute, 5).interval_ms == interval_ms


def test_rate_without_a_bound_takes_no_token() -> None:
    assert Rate().interval_ms == 0
    Rate().require_tokens(1, NOW + 10**9, NOW)


@pytest.mark.parametrize(
    ("full_in_ms", "retry_after"), [(-1, None), (0, None), (4000, None), (4001, 1), (5000, 1), (5001, 2)]
)
def test_error_says_when_the_next_token_comes(full_in_ms: int, retry_after: int | None) -> None:
    rate = Rate(per_minute=60, burst=5)
    if retry_after is None:
        rate.require_tokens(1, NOW + full_in_ms, NOW)
        return
    with pytest.raises(RateExceeded, match="60 times a minute, and 5 times at once") as caught:
        rate.require_tokens(1, NOW + full_in_ms, NOW)
    assert caught.value.retry_after_seconds == retry_after


@given(
    per_minute=st.integers(1, 6000),
    burst=st.integers(1, 50),
    pauses=st.lists(st.integers(0, 5000), max_size=200),
)
def test_no_more_tokens_are_taken_than_a_bucket_holds_and_gets(
    per_minute: int, burst: int, pauses: list[int]
) -> None:
    rate = Rate(per_minute, burst)
    now, full_at, taken = NOW, 0, 0
    for pause in pauses:
        now += pause
        try:
            rate.require_tokens(1, full_at, now)
        except RateExceeded as error:
            rate.require_tokens(1, full_at, now + 1000 * (error.retry_after_seconds or 0))
        else:
            full_at = max(full_at, now) + rate.interval_ms
            taken += 1
    assert taken <= burst + (now - NOW) // rate.interval_ms


@given(
    per_minute=st.integers(1, 6000),
    burst=st.integers(1, 50),
    steps=st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 100)), max_size=100),
)
def test_many_tokens_at_once_cost_as_much_as_one_by_one(
    per_minute: int, burst: int, steps: list[tuple[int, int]]
) -> None:
    """More than the bucket holds are there when it is full, and then they leave a debt."""
    rate = Rate(per_minute, burst)
    now, full_at, taken = NOW, 0, 0
    for pause, count in steps:
        now += pause
        try:
            rate.require_tokens(count, full_at, now)
        except RateExceeded as error:
            rate.require_tokens(count, full_at, now + 1000 * (error.retry_after_seconds or 0))
            continue
        taken += count
        full_at = max(full_at, now) + count * rate.interval_ms
        assert full_at <= now + max(burst, count) * rate.interval_ms
    assert taken <= burst + 100 + (now - NOW) / rate.interval_ms
