"""The dashboard of the template: its widgets, their lines, and the figures that these show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.monitoring.datapoints import Frame, Series
from tests.support.monitoring.expressions import evaluate
from tests.support.monitoring.stack import read_dashboard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.monitoring.datapoints import Datapoints, Values

_SEARCH = re.compile(r"""SEARCH\('\{([^}]+)\} MetricName="(\w+)"', '(\w+)', \d+\)""")


@dataclass(frozen=True)
class Line:
    """A line of a widget: a series with a statistic, or an expression."""

    spec: Sequence[Any]
    options: Mapping[str, Any]
    default_statistic: str

    @property
    def expression(self) -> str | None:
        expression: str | None = self.options.get("expression")
        return expression

    @property
    def series(self) -> Series:
        namespace, metric, *rest = self.spec
        return Series.of(namespace, metric, dict(zip(rest[::2], rest[1::2], strict=True)))

    @property
    def statistic(self) -> str:
        return str(self.options.get("stat", self.default_statistic))

    @property
    def is_shown(self) -> bool:
        return bool(self.options.get("visible", True))


@dataclass(frozen=True)
class Widget:
    """A graph. Headings are no widgets here."""

    definition: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self.definition["properties"]
        return properties

    @property
    def title(self) -> str:
        return str(self.properties["title"])

    @property
    def lines(self) -> list[Line]:
        found = []
        for metric in self.properties["metrics"]:
            has_options = isinstance(metric[-1], dict)
            spec, options = (metric[:-1], metric[-1]) if has_options else (metric, {})
            found.append(Line(spec, options, self.properties["stat"]))
        return found

    def show(self, datapoints: Datapoints, frame: Frame) -> dict[str, Values]:
        """Return the values of each line that is drawn, by its label."""
        operands = {
            line.options["id"]: datapoints.read(line.series, line.statistic, frame)
            for line in self.lines
            if "id" in line.options and not line.expression
        }
        shown: dict[str, Values] = {}
        for line in self.lines:
            if line.expression and (search := _SEARCH.fullmatch(line.expression)):
                shown |= _search(datapoints, search, frame)
            elif line.expression:
                shown[line.options["label"]] = evaluate(line.expression, operands)
            elif line.is_shown:
                shown[line.options["label"]] = datapoints.read(line.series, line.statistic, frame)
        return shown


def _search(datapoints: Datapoints, search: re.Match[str], frame: Frame) -> dict[str, Values]:
    """Return every series of a namespace with exactly these dimensions, by the value of the last one."""
    namespace, *names = search[1].split(",")
    return {
        dict(series.dimensions)[names[-1]]: datapoints.read(series, search[3], frame)
        for series in sorted(datapoints.series, key=str)
        if series[:2] == (namespace, search[2]) and {key for key, _ in series.dimensions} == {*names}
    }


def list_widgets() -> list[Widget]:
    return [Widget(each) for each in read_dashboard()["widgets"] if each["type"] == "metric"]
