"""Alarms as CloudWatch evaluates them: the definitions of the template over data points."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tests.support.monitoring.datapoints import Frame, Series
from tests.support.monitoring.expressions import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.monitoring.datapoints import Datapoints, Values

EXTRA_PERIODS = 2
"""CloudWatch looks at more periods than it needs, in case some have no data."""
COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
NOT_BREACHING, BREACHING = "notBreaching", "breaching"


class State(StrEnum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class Alarm:
    """An alarm of the template. References in its properties are replaced by names."""

    properties: Mapping[str, Any]

    @property
    def period(self) -> int:
        """Seconds. All metrics of an expression have the same period."""
        if "Period" in self.properties:
            period: int = self.properties["Period"]
            return period
        (period,) = {each["MetricStat"]["Period"] for each in self._operands}
        return period

    @property
    def series(self) -> list[Series]:
        """Every series that it looks at."""
        if "Metrics" not in self.properties:
            return [_read_series(self.properties)]
        return [_read_series(each["MetricStat"]["Metric"]) for each in self._operands]

    @property
    def _operands(self) -> list[Any]:
        return [each for each in self.properties["Metrics"] if "MetricStat" in each]

    def read(self, datapoints: Datapoints, frame: Frame) -> Values:
        """Return what is compared with the threshold, for each period."""
        if "Metrics" not in self.properties:
            statistic = self.properties.get("Statistic") or self.properties["ExtendedStatistic"]
            return datapoints.read(self.series[0], statistic, frame)
        operands = {
            each["Id"]: datapoints.read(series, each["MetricStat"]["Stat"], frame)
            for each, series in zip(self._operands, self.series, strict=True)
        }
        (shown,) = [each for each in self.properties["Metrics"] if each.get("ReturnData", True)]
        return evaluate(shown["Expression"], operands)

    def judge(self, datapoints: Datapoints, now: float) -> State:
        """Return the state at a time, by the last periods before it."""
        needed: int = self.properties["EvaluationPeriods"]
        count = needed + EXTRA_PERIODS
        frame = Frame(now - count * self.period, self.period, count)
        found = [value for value in self.read(datapoints, frame) if value is not None]
        breaches = COMPARISONS[self.properties["ComparisonOperator"]]
        verdicts = [breaches(value, self.properties["Threshold"]) for value in found[-needed:]]
        missing = needed - len(verdicts)
        match self.properties["TreatMissingData"]:
            case treatment if treatment in {NOT_BREACHING, BREACHING}:
                verdicts += [treatment == BREACHING] * missing
            case _ if not verdicts:
                return State.INSUFFICIENT_DATA
        return State.ALARM if sum(verdicts) >= self.properties["DatapointsToAlarm"] else State.OK


def _read_series(metric: Mapping[str, Any]) -> Series:
    dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
    return Series.of(metric["Namespace"], metric["MetricName"], dimensions)
