"""The embedded stack writes metrics and makes the dashboard."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx

from local.deployment import STACK_NAME
from shared.metrics import Metric
from tests.support.monitoring.datapoints import Datapoints, Series
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from local.stack import Stack

PATIENCE_SECONDS = 60
OF_AN_UPLOAD = (
    (Metric.UPLOADS, {"service": "api", "path": "bytes", "verdict": "accepted"}),
    (Metric.PROCESSED, {"service": "processor", "verdict": "ready"}),
    (Metric.SECONDS_TO_READY, {"service": "processor"}),
    (Metric.UPLOADED_BYTES, {"service": "processor"}),
    (Metric.DECODER_SECONDS, {"service": "processor"}),
    (Metric.DECODER_MEMORY, {"service": "processor"}),
)


def read_metrics(stack: Stack, since: float) -> Datapoints:
    datapoints = Datapoints()
    pages = stack.client("logs").get_paginator("filter_log_events")
    for service in ("api", "processor", "changes"):
        group = f"/aws/lambda/{STACK_NAME}/{service}"
        for page in pages.paginate(logGroupName=group, startTime=int(since * 1000)):
            datapoints.read_log(event["message"] for event in page["events"])
    return datapoints


def test_upload_is_in_the_metrics_of_its_functions(stack: Stack) -> None:
    since, picture = time.time() - 1, make_picture("PNG", 300, 200)
    headers = {"Content-Type": "image/png", "X-User-Id": "observed"}
    response = httpx.post(f"{stack.api_url}/images/upload", content=picture, headers=headers)
    assert response.status_code == 201
    expected = {Series.of(STACK_NAME, metric.value.title, names) for metric, names in OF_AN_UPLOAD}
    end = time.monotonic() + PATIENCE_SECONDS
    size = Series.of(STACK_NAME, Metric.UPLOADED_BYTES.value.title, {"service": "processor"})
    while time.monotonic() < end:
        found = read_metrics(stack, since).series
        sizes = {value for _, value in found.get(size, ())}
        if len(picture) in sizes and not expected - found.keys():
            break
        time.sleep(0.5)
    assert expected - found.keys() == set()
    assert len(picture) in sizes  # others may be of tests before this one


def test_dashboard_is_deployed_with_the_names_of_the_stack(stack: Stack) -> None:
    cloudwatch = stack.client("cloudwatch")
    (entry,) = cloudwatch.list_dashboards()["DashboardEntries"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"])
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])]
    text = json.dumps(metrics)
    assert entry["DashboardName"].startswith(STACK_NAME)
    assert "${" not in text
    assert f'"{stack.outputs["ProcessorFunctionName"]}"' in text
    assert f'"{stack.outputs["ImagesTableName"]}"' in text
