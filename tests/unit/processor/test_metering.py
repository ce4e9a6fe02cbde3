from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from processor.accepting import LATE_AGE
from processor.metering import COPIED, Meter
from shared.metrics import Metrics
from tests.support.monitoring.datapoints import Datapoints

if TYPE_CHECKING:
    from collections.abc import Callable

type Count = Callable[[Meter], object]


def measure(
    capsys: pytest.CaptureFixture[str], count: Count, *, age: timedelta = timedelta(), **record: str
) -> dict[str, float]:
    """Return the sums of what an event counts, by names with the values of dimensions."""
    entry = {
        "eventName": "ObjectCreated:Put",
        "eventTime": (datetime.now(UTC) - age).isoformat(),
        "s3": {"object": {"key": "originals/1/1", "size": 2500}},
    }
    metrics = Metrics("a", "processor")
    with metrics.collect():
        count(Meter(metrics, entry | record))
    datapoints = Datapoints()
    datapoints.read_log(capsys.readouterr().out.splitlines())
    return {
        " ".join(
            [series.name, *(value for name, value in sorted(series.dimensions) if name != "service")]
        ): sum(value for _, value in points)
        for series, points in datapoints.series.items()
    }


@pytest.mark.parametrize("outcome", ["accepted", "rejected", "failed"])
def test_bytes_of_a_direct_upload_count_by_their_verdict(
    capsys: pytest.CaptureFixture[str], outcome: str
) -> None:
    assert measure(capsys, lambda meter: meter.count_upload(outcome)) == {f"Uploads direct {outcome}": 1}


@pytest.mark.parametrize("outcome", ["rejected", "failed"])
def test_original_counts_by_its_verdict(capsys: pytest.CaptureFixture[str], outcome: str) -> None:
    counted = measure(capsys, lambda meter: meter.count_original(outcome))
    size = {"UploadedBytes": 2500} if outcome == "rejected" else {}
    assert counted == {f"Processed {outcome}": 1} | size


def test_time_to_ready_runs_from_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    counted = measure(capsys, lambda meter: meter.count_original("ready"), age=timedelta(seconds=7))
    assert counted["Processed ready"] == 1
    assert counted["SecondsToReady"] == pytest.approx(7, abs=2)
    assert counted["UploadedBytes"] == 2500


def test_clock_of_s3_that_is_ahead_makes_no_negative_time(capsys: pytest.CaptureFixture[str]) -> None:
    counted = measure(capsys, lambda meter: meter.count_original("ready"), age=timedelta(seconds=-9))
    assert counted["SecondsToReady"] == 0


def test_copy_of_an_original_is_no_upload(capsys: pytest.CaptureFixture[str]) -> None:
    counted = measure(capsys, lambda meter: meter.count_original("ready"), eventName=COPIED)
    assert "UploadedBytes" not in counted


@pytest.mark.parametrize("outcome", ["ready before", "accepted before", "deleted", "replaced", "not awaited"])
def test_event_that_ends_nothing_counts_nothing(capsys: pytest.CaptureFixture[str], outcome: str) -> None:
    assert measure(capsys, lambda meter: meter.count_upload(outcome)) == {}
    assert measure(capsys, lambda meter: meter.count_original(outcome)) == {}


@pytest.mark.parametrize(("age", "late"), [(timedelta(), {}), (2 * LATE_AGE, {"LateTries": 1})])
def test_only_a_late_try_counts_as_one(
    capsys: pytest.CaptureFixture[str], age: timedelta, late: dict[str, float]
) -> None:
    assert measure(capsys, Meter.count_try, age=age) == late
