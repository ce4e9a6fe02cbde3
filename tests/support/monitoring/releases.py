"""A release by canary as CodeDeploy does it: with the traffic, the time and the alarms of the template."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.monitoring.alarms import Alarm, State
from tests.support.monitoring.datapoints import Datapoints, Series
from tests.support.monitoring.stack import STACK, list_alarms
from tests.support.template import get_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

START = 1_800_000_000
SECONDS_PER_MINUTE = 60
DELAY_SECONDS = 120
"""Metrics come late, and an alarm is judged once a minute."""
CANARY = re.compile(r"Canary(\d+)Percent(\d+)Minutes")
GATEWAY = {"ApiName": STACK, "Stage": "prod"}


class Canary(NamedTuple):
    """The steps in which CodeDeploy moves the traffic."""

    share: float
    """The part of the requests that goes to the new version first."""
    seconds: int
    """The time before all the others follow."""


class Version(NamedTuple):
    """A version, by its errors."""

    error_rate: float = 0
    """The part of the requests that it answers with a 5XX."""
    processor_error_rate: float = 0
    """The part of the uploads that its processor fails at."""


def read_preference() -> Any:  # noqa: ANN401 - a part of the template
    return get_properties("ApiFunction", Deployment="canary")["DeploymentPreference"]


def read_canary() -> Canary:
    found = CANARY.fullmatch(read_preference()["Type"])
    assert found
    return Canary(int(found[1]) / 100, int(found[2]) * SECONDS_PER_MINUTE)


def list_release_alarms() -> Mapping[str, Alarm]:
    """Return the alarms that CodeDeploy watches."""
    named = {each["Ref"] for each in read_preference()["Alarms"]}
    return {name: alarm for name, alarm in list_alarms(Deployment="canary").items() if name in named}


@dataclass
class Release:
    """A release on its way. `run` tells when it is rolled back."""

    old: Version
    new: Version
    requests_a_minute: float
    uploads_a_minute: float = 0
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - traffic
    datapoints: Datapoints = field(default_factory=Datapoints)

    def run(self) -> int | None:
        """Return the seconds after which an alarm stops the release. None: all traffic has moved."""
        canary, alarms = read_canary(), list_release_alarms()
        for seconds in range(-10 * SECONDS_PER_MINUTE, 0, SECONDS_PER_MINUTE):
            self._live(seconds, share=0, processor=self.old)
        for seconds in range(0, canary.seconds, SECONDS_PER_MINUTE):
            self._live(seconds, share=canary.share, processor=self.new)
            now = START + seconds + SECONDS_PER_MINUTE
            seen = self._see(now - DELAY_SECONDS)
            if any(alarm.judge(seen, now - DELAY_SECONDS) is State.ALARM for alarm in alarms.values()):
                return seconds + SECONDS_PER_MINUTE
        return None

    def _see(self, until: float) -> Datapoints:
        """Return the part that CloudWatch has of the metrics."""
        seen = Datapoints()
        for series, points in self.datapoints.series.items():
            seen.series[series] = [(at, value) for at, value in points if at < until]
        return seen

    def _live(self, seconds: int, *, share: float, processor: Version) -> None:
        """Let a minute pass."""
        for _ in range(self._count(self.requests_a_minute)):
            version = self.new if self.random.random() < share else self.old
            is_error = self.random.random() < version.error_rate
            self._note("AWS/ApiGateway", "Count", 1, seconds, GATEWAY)
            self._note("AWS/ApiGateway", "5XXError", int(is_error), seconds, GATEWAY)
        for _ in range(self._count(self.uploads_a_minute)):
            is_error = self.random.random() < processor.processor_error_rate
            function = {"FunctionName": "ProcessorFunction"}
            self._note("AWS/Lambda", "Errors", int(is_error), seconds, function)

    def _count(self, rate: float) -> int:
        whole, part = divmod(rate, 1)
        return int(whole) + (self.random.random() < part)

    def _note(
        self, namespace: str, name: str, value: float, seconds: int, dimensions: Mapping[str, str]
    ) -> None:
        at = START + seconds + self.random.random() * SECONDS_PER_MINUTE
        self.datapoints.add(Series.of(namespace, name, dimensions), value, at)
