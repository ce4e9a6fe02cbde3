"""CloudWatch's store of metrics: data points by series, read as statistics of periods."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    type Values = list[float | None]
    """One value for each period. None: there is none."""

MAX_VALUES = 100
MAX_DIMENSIONS = 30
UNITS = {"Count", "Seconds", "Bytes", "Megabytes"}
MS_PER_SECOND = 1000


class Series(NamedTuple):
    """A metric with the values of its dimensions: what CloudWatch charges for."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Series:
        return cls(namespace, name, frozenset(dimensions.items()))


class Frame(NamedTuple):
    """Periods of the same length, one after the other. Times are in seconds since 1970."""

    start: float
    period: int
    periods: int


@dataclass
class Datapoints:
    """Data points as CloudWatch keeps them."""

    series: defaultdict[Series, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, series: Series, value: float, at: float) -> None:
        self.series[series].append((at, value))

    def read_log(self, lines: Iterable[str]) -> int:
        """Take the metrics out of lines of a log, as CloudWatch does. Returns the number of these lines."""
        reported = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
        for line in reported:
            self._read(line)
        return len(reported)

    def _read(self, line: Mapping[str, Any]) -> None:
        """Read a line, strictly: CloudWatch drops what breaks its rules without a word."""
        at = line["_aws"]["Timestamp"] / MS_PER_SECOND
        named = {"_aws"}
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                assert len(names) <= MAX_DIMENSIONS
                assert all(isinstance(line[name], str) and line[name] for name in names)
                dimensions = {name: line[name] for name in names}
                for metric in directive["Metrics"]:
                    assert metric["Unit"] in UNITS
                    values = line[metric["Name"]]
                    assert 0 < len(values) <= MAX_VALUES
                    for value in values:
                        self.add(Series.of(directive["Namespace"], metric["Name"], dimensions), value, at)
            named |= {name for names in directive["Dimensions"] for name in names}
            named |= {metric["Name"] for metric in directive["Metrics"]}
        assert line.keys() == named

    def read(self, series: Series, statistic: str, frame: Frame) -> Values:
        """Return the statistic of each period."""
        found: list[list[float]] = [[] for _ in range(frame.periods)]
        for at, value in self.series.get(series, []):
            place = math.floor((at - frame.start) / frame.period)
            if 0 <= place < frame.periods:
                found[place].append(value)
        return [compute(statistic, values) if values else None for values in found]


STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
}


def compute(statistic: str, values: Sequence[float]) -> float:
    """Return a statistic of values, for example `p95`, the value that 95 % are not above."""
    if statistic.startswith("p"):
        rank = math.ceil(float(statistic[1:]) / 100 * len(values))
        return sorted(values)[max(0, rank - 1)]
    return STATISTICS[statistic](values)
