from __future__ import annotations

import json
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.metrics import Metric, Metrics, Verdict
from tests.support.monitoring.datapoints import Datapoints, Series

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = ("service", "api")

type Read = Callable[[], list[Any]]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("images-prod", "api")


@pytest.fixture
def read(capsys: pytest.CaptureFixture[str]) -> Read:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_line_has_the_format_that_cloudwatch_reads(metrics: Metrics, read: Read) -> None:
    metrics.add(Metric.DECODER_SECONDS, 0.25)
    metrics.add(Metric.DECODER_SECONDS, 0.5)
    metrics.flush()
    (line,) = read()
    assert line.pop("_aws")["CloudWatchMetrics"] == [
        {
            "Namespace": "images-prod",
            "Dimensions": [["service"]],
            "Metrics": [{"Name": "DecoderSeconds", "Unit": "Seconds"}],
        }
    ]
    assert line == {"service": "api", "DecoderSeconds": [0.25, 0.5]}


def test_metrics_with_different_dimensions_share_a_line(metrics: Metrics, read: Read) -> None:
    metrics.add(Metric.UPLOADS, path="form", verdict="refused")
    metrics.add(Metric.REFUSALS, reason="too_large")
    metrics.add(Metric.CONFLICTS, 2)
    metrics.flush()
    (line,) = read()
    shown = [(*each["Dimensions"], each["Metrics"][0]["Name"]) for each in line["_aws"]["CloudWatchMetrics"]]
    assert [({*names}, name) for names, name in shown] == [
        ({"service", "path", "verdict"}, "Uploads"),
        ({"service", "reason"}, "Refusals"),
        ({"service"}, "Conflicts"),
    ]
    assert (line["path"], line["reason"], line["Conflicts"]) == ("form", "too_large", [2])


def test_values_of_one_dimension_need_a_line_each(metrics: Metrics, read: Read) -> None:
    for verdict in ("ready", "rejected", "ready"):
        metrics.add(Metric.PROCESSED, verdict=verdict)
    metrics.flush()
    assert [(line["verdict"], line["Processed"]) for line in read()] == [("ready", [2]), ("rejected", [1])]


def test_nothing_to_tell_writes_no_line(metrics: Metrics, read: Read) -> None:
    metrics.flush()
    with metrics.collect():
        pass
    assert read() == []


def test_invocation_that_fails_reports_all_the_same(metrics: Metrics, read: Read) -> None:
    def fail() -> None:
        with metrics.collect():
            metrics.add(Metric.RETRIES)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [line["Retries"] for line in read()] == [[1]]
    metrics.flush()
    assert read() == []


def test_metrics_that_are_switched_off_collect_nothing(read: Read) -> None:
    off = Metrics(None, "api")
    with off.collect():
        off.add(Metric.CHANGES, 5)
    assert read() == []


@pytest.mark.parametrize("dimensions", [{}, {"path": "form"}, {"path": "form", "verdict": "a", "user": "b"}])
@pytest.mark.parametrize("namespace", [None, "images-prod"])
def test_dimensions_are_exactly_those_of_the_metric(
    namespace: str | None, dimensions: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        Metrics(namespace, "api").add(Metric.UPLOADS, **dimensions)


def test_no_line_has_more_values_than_cloudwatch_reads(metrics: Metrics, read: Read) -> None:
    for number in range(250):
        metrics.add(Metric.DECODER_SECONDS, number)
        metrics.add(Metric.CHANGES)
    metrics.flush()
    (line,) = read()
    assert len(line["DecoderSeconds"]) == 99
    assert line["Changes"] == [250]


def test_threads_lose_no_count(metrics: Metrics, read: Read) -> None:
    def count() -> None:
        for _ in range(500):
            metrics.add(Metric.RETRIES)

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics.flush()
    assert read()[0]["Retries"] == [4000]


@given(st.lists(st.tuples(st.sampled_from([*Metric]), st.integers(1, 9), st.sampled_from([*Verdict]))))
def test_cloudwatch_reads_what_was_added(added: list[tuple[Metric, int, Verdict]]) -> None:
    metrics, expected, found = Metrics("a", "api"), Datapoints(), Datapoints()
    for metric, value, verdict in added:
        given_dimensions: dict[str, Any] = {
            name: "x" if name != "verdict" else str(verdict) for name in metric.value.dimensions
        }
        metrics.add(metric, float(value), **given_dimensions)
        series = Series.of("a", metric.value.title, dict([SERVICE]) | given_dimensions)
        expected.add(series, value, 0)
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("builtins.print", lambda line, **_: lines.append(line))
        metrics.flush()
    assert found.read_log(lines) == len(lines)
    totals = [
        {series: sum(v for _, v in points) for series, points in each.series.items()}
        for each in (found, expected)
    ]
    assert totals[0] == totals[1]


def test_names_are_distinct_and_dimensions_are_few() -> None:
    titles = [metric.value.title for metric in Metric]
    assert len({*titles}) == len(titles)
    assert {name for metric in Metric for name in metric.value.dimensions} == {"path", "verdict", "reason"}
