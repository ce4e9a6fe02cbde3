"""Alarms of the template: each fires when its metric is fed, ends afterwards, and names its runbook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from local.layout import ROOT
from shared.metrics import Metric
from tests.support.documents import list_anchors
from tests.support.monitoring.alarms import Alarm, State
from tests.support.monitoring.datapoints import Datapoints, Series
from tests.support.monitoring.stack import STACK, list_alarms
from tests.support.template import get_resources

if TYPE_CHECKING:
    from collections.abc import Sequence

PERIOD = 300
START = 1_800_000_000
DAY = 24 * 3600
ALARMS = list_alarms()
RUNBOOK = re.compile(r"Runbook: (docs/[\w/-]+\.md)#(\S+)$")


class Feed(NamedTuple):
    """Values of one series in a period."""

    good: Sequence[float]
    bad: Sequence[float]


QUIET: Sequence[float] = ()
"""AWS sends no data point."""
FEEDS: dict[str, list[Feed]] = {
    "FailureQueueAlarm": [Feed([0], [1])],
    "FailureQueueAgeAlarm": [Feed([2 * DAY], [3 * DAY + 1])],
    "ServerErrorAlarm": [Feed([0] * 100, [1] * 5 + [0] * 95), Feed([1] * 100, [1] * 100)],
    "ApiErrorAlarm": [Feed([0, 0], [0, 1])],
    "ApiThrottleAlarm": [Feed([0], [1])],
    "ProcessorErrorAlarm": [Feed([0], [1])],
    "ProcessorThrottleAlarm": [Feed([0], [1])],
    "ChangesErrorAlarm": [Feed([0], [1])],
    "ChangesThrottleAlarm": [Feed([0], [1])],
    "InvalidationErrorAlarm": [Feed([0], [1])],
    "InvalidationThrottleAlarm": [Feed([0], [1])],
    "WaitingUploadsAlarm": [Feed([90_000], [100, 300_001])],
    "TimeToReadyAlarm": [Feed([2] * 95 + [90] * 5, [2] * 94 + [61] * 6)],
    "IteratorAgeAlarm": [Feed([3000], [600_001])],
    "InvalidationAgeAlarm": [Feed([120], [601])],
    "WebhookErrorAlarm": [Feed([0], [1])],
    "WebhookThrottleAlarm": [Feed([0], [1])],
    "WebhookAgeAlarm": [Feed([7200], [21_601])],
    "WebhookFailureQueueAlarm": [Feed([0], [1])],
    "ImagesTableReadAlarm": [Feed(QUIET, [1])],
    "ImagesTableWriteAlarm": [Feed(QUIET, [1])],
    "ItemsTableReadAlarm": [Feed(QUIET, [1])],
    "ItemsTableWriteAlarm": [Feed(QUIET, [1])],
    "IdempotencyTableReadAlarm": [Feed(QUIET, [1])],
    "IdempotencyTableWriteAlarm": [Feed(QUIET, [1])],
}
"""A period of each series of an alarm in which all is well, and one in which it is not."""


class Story:
    """Periods that an alarm lives through, one after the other."""

    def __init__(self, name: str) -> None:
        self.alarm = ALARMS[name]
        self.feeds = FEEDS[name]
        self.datapoints = Datapoints()
        self.now = START

    def live(self, *, is_good: bool, periods: int) -> list[State]:
        """Return the state after each period."""
        return [self._pass(is_good=is_good) for _ in range(periods)]

    def _pass(self, *, is_good: bool) -> State:
        for series, feed in zip(self.alarm.series, self.feeds, strict=True):
            for value in feed.good if is_good else feed.bad:
                self.datapoints.add(series, value, self.now)
        self.now += self.alarm.period
        return self.alarm.judge(self.datapoints, self.now)

    def fall_silent(self, periods: int) -> list[State]:
        """Nothing is sent at all."""
        states = []
        for _ in range(periods):
            self.now += self.alarm.period
            states.append(self.alarm.judge(self.datapoints, self.now))
        return states


def test_every_alarm_is_fed() -> None:
    assert FEEDS.keys() == ALARMS.keys()


@pytest.mark.parametrize("name", FEEDS)
def test_alarm_fires_and_ends_with_its_metric(name: str) -> None:
    story = Story(name)
    needed = story.alarm.properties["DatapointsToAlarm"]
    assert {*story.live(is_good=True, periods=5)} == {State.OK}
    states = story.live(is_good=False, periods=needed)
    assert states == [State.OK] * (needed - 1) + [State.ALARM]
    assert {*story.live(is_good=False, periods=3)} == {State.ALARM}
    assert story.live(is_good=True, periods=6)[-1] is State.OK


@pytest.mark.parametrize("name", FEEDS)
def test_alarm_is_quiet_without_data_and_ends_in_silence(name: str) -> None:
    story = Story(name)
    assert story.fall_silent(2) == [State.OK] * 2
    story.live(is_good=False, periods=4)
    assert story.fall_silent(6)[-1] is State.OK


def test_few_errors_or_a_small_share_of_them_are_no_alarm() -> None:
    alarm = ALARMS["ServerErrorAlarm"]
    assert judge_errors(alarm, errors=4, requests=4) is State.OK
    assert judge_errors(alarm, errors=5, requests=5) is State.ALARM
    assert judge_errors(alarm, errors=5, requests=500) is State.OK
    assert judge_errors(alarm, errors=6, requests=500) is State.ALARM


def judge_errors(alarm: Alarm, *, errors: int, requests: int) -> State:
    datapoints = Datapoints()
    for period in range(3):
        for number in range(requests):
            values = 1.0 if number < errors else 0.0, 1.0
            for series, value in zip(alarm.series, values, strict=True):
                datapoints.add(series, value, START + period * PERIOD)
    return alarm.judge(datapoints, START + 3 * PERIOD)


def test_one_bad_period_among_good_ones_is_no_alarm_of_errors() -> None:
    story = Story("ProcessorErrorAlarm")
    states = [story.live(is_good=number != 2, periods=1)[0] for number in range(6)]
    assert {*states} == {State.OK}


def test_alarms_look_at_metrics_that_exist() -> None:
    own = {series for alarm in ALARMS.values() for series in alarm.series if series.namespace == STACK}
    service = frozenset({("service", "processor")})
    assert own == {Series(STACK, Metric.SECONDS_TO_READY.value.title, service)}
    assert ALARMS.keys() - list_alarms(Metrics="disabled").keys() == {"TimeToReadyAlarm"}


def test_alarms_tell_the_topic_when_they_fire_and_when_they_end() -> None:
    for alarm in ALARMS.values():
        assert alarm.properties["AlarmActions"] == alarm.properties["OKActions"] == ["AlarmTopic"]
        assert alarm.properties["AlarmName"].startswith(f"{STACK}-")
    assert len({alarm.properties["AlarmName"] for alarm in ALARMS.values()}) == len(ALARMS)


@pytest.mark.parametrize("name", FEEDS)
def test_alarm_names_a_runbook_that_exists(name: str) -> None:
    found = RUNBOOK.search(ALARMS[name].properties["AlarmDescription"])
    assert found
    assert found[2] in list_anchors(ROOT / found[1])


def test_every_function_table_and_queue_has_its_alarms() -> None:
    watched = {value for alarm in ALARMS.values() for each in alarm.series for _, value in each.dimensions}
    kinds = ("AWS::Serverless::Function", "AWS::DynamoDB::Table", "AWS::SQS::Queue")
    assert {name for kind in kinds for name in get_resources(kind)} <= watched
