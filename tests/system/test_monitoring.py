"""A run of the whole service shows a figure in every widget of the dashboard, of metrics that are real."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from shared.metrics import Metric, UploadPath, Verdict
from tests.support.costs.prices import PRICES, Part
from tests.support.monitoring.alarms import State
from tests.support.monitoring.dashboard import list_widgets
from tests.support.monitoring.datapoints import Datapoints, Frame, Series
from tests.support.monitoring.expressions import evaluate
from tests.support.monitoring.smoke import run_smoke
from tests.support.monitoring.stack import STACK, list_alarms, read_dashboard
from tests.support.template import get_properties

if TYPE_CHECKING:
    from tests.support.dynamodb.engine import Engine
    from tests.support.monitoring.dashboard import Widget

HOUR = 3600
WIDGETS = list_widgets()
ALARMED = {"FailureQueueAlarm"}
"""One period is enough for them. The others see a run of a few seconds as one bad period."""


@pytest.fixture(scope="module")
def datapoints(engine: Engine) -> Datapoints:
    return run_smoke(engine)


@pytest.fixture(autouse=True)
def aws() -> None:
    """The run has an AWS of its own."""


def get_total(datapoints: Datapoints, metric: Metric, service: str, **dimensions: str) -> float:
    series = Series.of(STACK, metric.value.title, {"service": service, **dimensions})
    return sum(value for _, value in datapoints.series.get(series, []))


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: widget.title)
def test_every_line_of_a_widget_shows_a_figure(widget: Widget, datapoints: Datapoints) -> None:
    frame = Frame(time.time() - HOUR, HOUR, 2)
    shown = widget.show(datapoints, frame)
    assert shown
    assert {label for label, values in shown.items() if not any(v is not None for v in values)} == set()


def test_every_metric_of_the_functions_is_measured_in_the_run(datapoints: Datapoints) -> None:
    measured = {series.name for series in datapoints.series if series.namespace == STACK}
    assert measured == {metric.value.title for metric in Metric}


def test_dashboard_and_alarms_name_only_metrics_that_the_run_has_measured(datapoints: Datapoints) -> None:
    named = {line.series for widget in WIDGETS for line in widget.lines if not line.expression}
    named |= {series for alarm in list_alarms().values() for series in alarm.series}
    unmeasured = {series for series in named if series not in datapoints.series}
    assert {series.namespace for series in unmeasured} <= {"AWS/DynamoDB", "AWS/Lambda", "AWS/SQS"}
    assert {dict(series.dimensions).popitem()[1] for series in unmeasured} == {
        "ItemsTable",
        "IdempotencyTable",
        "InvalidationFunction",
        "InvalidationQueue",
        "WebhookFunction",
        "WebhookQueue",
        "WebhookFailureQueue",
    }


def test_dimensions_are_closed_sets(datapoints: Datapoints) -> None:
    values: dict[str, set[str]] = {}
    for series in datapoints.series:
        if series.namespace == STACK:
            for name, value in series.dimensions:
                values.setdefault(name, set()).add(value)
    assert values["service"] == {"api", "processor", "changes"}
    assert values["path"] == {*UploadPath}
    assert values["verdict"] <= {*Verdict}
    assert all(reason.replace("_", "").isalpha() for reason in values["reason"])


def test_figures_are_those_of_the_run(datapoints: Datapoints) -> None:
    processed = {
        verdict: get_total(datapoints, Metric.PROCESSED, "processor", verdict=verdict)
        for verdict in ("ready", "rejected", "failed")
    }
    # A form, JSON, bytes, a direct upload, and one of them again. Two tries of that failed.
    assert processed == {"ready": 5, "rejected": 1, "failed": 2}
    assert get_total(datapoints, Metric.UPLOADS, "processor", path="direct", verdict="rejected") == 1
    assert get_total(datapoints, Metric.VARIANTS_MADE, "api") == 1
    assert get_total(datapoints, Metric.VARIANTS_SERVED, "api") == 2
    assert get_total(datapoints, Metric.NOT_MODIFIED, "api") == 1
    assert get_total(datapoints, Metric.PUT_ASIDE, "changes") == 1
    assert get_total(datapoints, Metric.LATE_TRIES, "processor") == 1
    assert get_total(datapoints, Metric.DECODER_SECONDS, "processor") > 0
    assert get_total(datapoints, Metric.DECODER_MEMORY, "api") > 20


def test_run_that_puts_a_change_aside_sets_off_its_alarm_alone(datapoints: Datapoints) -> None:
    now = time.time() + 1
    states = {name: alarm.judge(datapoints, now) for name, alarm in list_alarms().items()}
    assert {name for name, state in states.items() if state is State.ALARM} == ALARMED


def test_prices_of_the_dashboard_are_those_of_the_documents() -> None:
    (widget,) = [each for each in WIDGETS if each.title.startswith("USD an hour")]
    texts = {line.options["label"]: line.expression for line in widget.lines if line.expression}
    units = {
        "API Gateway": Part.GATEWAY,
        "writes of the images table": Part.WRITE_UNIT,
        "reads of the images table": Part.READ_UNIT,
    }
    for label, part in units.items():
        price = PRICES[part]
        name = (texts[label] or "").split(" ")[0]
        assert evaluate_once(texts[label], {name: price.amount}) == pytest.approx(price.usd)
    for service in ("api", "processor", "changes"):
        memory_gb = get_properties(f"{service.title()}Function")["MemorySize"] / 1024
        found = evaluate_once(
            texts[service if service != "api" else "API"], {f"{service}_runs": 1e6, f"{service}_ms": 1000.0}
        )
        assert found == pytest.approx(PRICES[Part.RUN].usd + memory_gb * PRICES[Part.GB_SECOND].usd)


def evaluate_once(expression: str | None, operands: dict[str, float]) -> float | None:
    (value,) = evaluate(expression or "", {name: [amount] for name, amount in operands.items()})
    return value


def test_widgets_lie_side_by_side_under_their_headings() -> None:
    widgets = read_dashboard()["widgets"]
    headings = [each["properties"]["markdown"] for each in widgets if each["type"] == "text"]
    assert headings == ["## Are uploads fine?", "## Is anyone waiting?", "## What does it cost?"]
    taken: set[tuple[int, int]] = set()
    for each in widgets:
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
