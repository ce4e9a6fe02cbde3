from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.bases import format_timestamp

TIMES = st.datetimes(min_value=datetime(1000, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds it


@given(TIMES, TIMES)
def test_texts_sort_as_times_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (format_timestamp(one) < format_timestamp(other))


def test_timestamp_is_utc_with_six_digits() -> None:
    at = datetime(2026, 11, 23, 22, 55, 28, tzinfo=timezone(timedelta(hours=2)))
    assert format_timestamp(at) == "2026-11-23T20:55:28.000000Z"
