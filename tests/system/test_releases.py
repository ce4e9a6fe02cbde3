"""Releases by canary: the alarms of the template stop one that fails while few requests reach it."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.monitoring.alarms import State
from tests.support.monitoring.datapoints import Datapoints
from tests.support.monitoring.releases import (
    DELAY_SECONDS,
    START,
    Release,
    Version,
    list_release_alarms,
    read_canary,
    read_preference,
)

GOOD = Version()
BROKEN = Version(error_rate=1)
RUNS = 100


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing calls AWS."""


def run(seed: int, new: Version, requests: float, uploads: float = 0, old: Version = GOOD) -> int | None:
    return Release(old, new, requests, uploads, Random(seed)).run()  # noqa: S311 - traffic


def count_stopped(new: Version, requests: float, uploads: float = 0, old: Version = GOOD) -> int:
    return sum(run(seed, new, requests, uploads, old) is not None for seed in range(RUNS))


def test_canary_lasts_longer_than_its_alarms_need() -> None:
    alarms = list_release_alarms()
    assert len(alarms) == len(read_preference()["Alarms"]) == 3
    for alarm in alarms.values():
        assert alarm.period * alarm.properties["EvaluationPeriods"] + DELAY_SECONDS < read_canary().seconds


def test_version_that_only_answers_5xx_is_rolled_back_within_minutes() -> None:
    ends = [run(seed, BROKEN, requests=600) for seed in range(RUNS)]
    assert {*ends} == {4 * 60}


@pytest.mark.parametrize(
    ("error_rate", "requests", "least"),
    [
        (1, 100, 100),
        (1, 20, 97),
        (1, 10, 85),
        (0.2, 600, 95),
        (0.5, 100, 95),
    ],
)
def test_most_versions_with_a_bug_are_rolled_back(error_rate: float, requests: float, least: int) -> None:
    assert count_stopped(Version(error_rate), requests) >= least


def test_bug_that_few_requests_meet_is_not_always_seen() -> None:
    """docs/releases.md says so."""
    assert count_stopped(BROKEN, requests=1) < RUNS / 2


def test_good_version_is_not_rolled_back() -> None:
    assert count_stopped(GOOD, requests=600) == 0
    rare = Version(error_rate=0.001)
    assert count_stopped(rare, requests=600, old=rare) == 0


def test_release_with_a_processor_that_fails_is_rolled_back_too() -> None:
    assert count_stopped(Version(processor_error_rate=1), requests=10, uploads=5) == RUNS
    assert count_stopped(Version(), requests=10, uploads=5) == 0


def test_alarms_do_not_hold_up_a_release_of_a_quiet_service() -> None:
    for alarm in list_release_alarms().values():
        assert alarm.judge(Datapoints(), START) is State.OK


def test_alarm_is_over_soon_after_the_rollback_so_that_the_next_release_can_start() -> None:
    release = Release(GOOD, BROKEN, 600)
    stopped = release.run()
    assert stopped is not None
    alarm = list_release_alarms()["ReleaseServerErrorAlarm"]
    later = START + stopped + alarm.period * (alarm.properties["EvaluationPeriods"] + 3)
    assert alarm.judge(release.datapoints, later) is State.OK
