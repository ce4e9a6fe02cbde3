"""A run of the whole service in one process, through everything that has a metric.

The lines of its log become data points. AWS adds its own metrics of API Gateway, Lambda, SQS and DynamoDB. No
emulator makes them, so `Cloud` derives them from the same run.
"""

from __future__ import annotations

import io
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from app import dependencies
from imaging.decoder import Decoder
from processor import changes, main
from processor.accepting import LATE_AGE
from shared.aws import create_client
from shared.keys import make_upload_key
from tests.support.api import make_context, make_form, make_upload
from tests.support.changes import make_change
from tests.support.costs.meter import list_event_prefixes
from tests.support.costs.world import run_deployment
from tests.support.faults import Extent, Fault, Injection
from tests.support.images import make_image, new_id
from tests.support.monitoring.datapoints import Datapoints, Series
from tests.support.monitoring.stack import STACK
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.api import ApiResponse
    from tests.support.deployment import Deployment
    from tests.support.dynamodb.engine import Engine

PICTURE = make_picture("JPEG", 400, 300)
ANN = "ann"
RAW: dict[str, Any] = {"body": PICTURE, "headers": {"Content-Type": "image/jpeg"}}
REAL = {name: vars(Decoder)[name] for name in ("start", "render", "make_variant")}
FUNCTIONS = {"api": "ApiFunction", "processor": "ProcessorFunction", "changes": "ChangesFunction"}
MS_PER_SECOND = 1000


@dataclass
class Cloud:
    """The metrics that AWS makes by itself."""

    datapoints: Datapoints = field(default_factory=Datapoints)

    def note(self, namespace: str, metric: str, value: float, **dimensions: str) -> None:
        self.datapoints.add(Series.of(namespace, metric, dimensions), value, time.time())

    def note_run(self, service: str, seconds: float, *, failed: bool = False) -> None:
        values = {
            "Invocations": 1,
            "Errors": int(failed),
            "Throttles": 0,
            "Duration": seconds * MS_PER_SECOND,
        }
        if service == "processor":
            values["AsyncEventAge"] = 50
        if service == "changes":
            values["IteratorAge"] = 200
        for metric, value in values.items():
            self.note("AWS/Lambda", metric, value, FunctionName=FUNCTIONS[service])

    def note_response(self, status: int, seconds: float) -> None:
        values = {
            "Count": 1,
            "4XXError": int(400 <= status < 500),
            "5XXError": int(status >= 500),
            "Latency": seconds * MS_PER_SECOND,
        }
        for metric, value in values.items():
            self.note("AWS/ApiGateway", metric, value, ApiName=STACK, Stage="prod")

    def note_queue(self, messages: int, age_seconds: float) -> None:
        values = {
            "ApproximateNumberOfMessagesVisible": messages,
            "ApproximateAgeOfOldestMessage": age_seconds,
        }
        for metric, value in values.items():
            self.note("AWS/SQS", metric, value, QueueName="FailureQueue")

    def note_tables(self, write_units: float, read_units: float, *, throttled: int) -> None:
        values = {
            "ConsumedWriteCapacityUnits": write_units,
            "ConsumedReadCapacityUnits": read_units,
            "WriteThrottleEvents": throttled,
            "ReadThrottleEvents": throttled,
        }
        for metric, value in values.items():
            self.note("AWS/DynamoDB", metric, value, TableName="ImagesTable")


class Smoke:
    """The steps of the run. Afterwards `cloud` has the metrics of AWS."""

    def __init__(self, deployment: Deployment, cloud: Cloud) -> None:
        self._deployment = deployment
        self._cloud = cloud

    def run(self) -> None:
        image_id = self._upload_by_every_path()
        self._settle()
        self._refuse()
        self._view(image_id)
        self._meet_faults(image_id)
        self._request("DELETE", f"/images/{image_id}", status=204)
        self._settle()
        self._put_aside()
        consumed = self._deployment.engine.consumed
        self._cloud.note_tables(
            sum(each.write_units for each in consumed), sum(each.read_units for each in consumed), throttled=1
        )

    def _request(
        self,
        method: str,
        url: str,
        injection: Injection | None = None,
        *,
        status: int,
        **options: Any,  # noqa: ANN401 - of `request`
    ) -> ApiResponse:
        start = time.perf_counter()
        response = self._deployment.request(method, url, injection, **{"user": ANN, **options})
        seconds = time.perf_counter() - start
        assert response
        assert response.status == status, response.body
        self._cloud.note_run("api", seconds)
        self._cloud.note_response(status, seconds)
        return response

    def _settle(self) -> None:
        """Deliver the events of the bucket, then those of the table, until there are no more."""
        deployment = self._deployment
        while deployment.wire.written or deployment.take_changes():
            for key in self._take_written():
                self._deliver(key)
            start = time.perf_counter()
            assert deployment.follow()
            self._cloud.note_run("changes", time.perf_counter() - start)

    def _take_written(self) -> list[str]:
        """Return the keys of new objects whose events the bucket sends."""
        written, self._deployment.wire.written = self._deployment.wire.written, []
        return [key for key in written if key.startswith(tuple(list_event_prefixes()))]

    def _deliver(self, key: str, injection: Injection | None = None) -> None:
        start = time.perf_counter()
        is_done = self._deployment.deliver(key, injection)
        assert is_done == (injection is None)
        self._cloud.note_run("processor", time.perf_counter() - start, failed=not is_done)

    def _upload_by_every_path(self) -> str:
        self._request("POST", "/images/upload", status=201, **make_form(file=PICTURE))
        self._request("POST", "/images/upload", status=201, json=make_upload(PICTURE))
        self._request("POST", "/upload", status=201, **make_form(file=b"x"))
        for content in (PICTURE, b"no image"):
            announced = {"contentType": "image/jpeg", "size": len(content)}
            form = self._request("POST", "/images/uploads", status=201, json=announced)
            self._deployment.storage.add(make_upload_key(form.json["id"]), content, "image/jpeg")
        damaged = RAW | {"body": PICTURE[: len(PICTURE) // 4]}
        self._request("POST", "/images/upload", status=201, **damaged)
        image_id: str = self._request("POST", "/images/upload", status=201, **RAW).json["id"]
        return image_id

    def _refuse(self) -> None:
        self._request("POST", "/images/upload", status=415, body=b"no image")
        self._request("GET", f"/images/{uuid4()}", status=404)

    def _view(self, image_id: str) -> None:
        for _ in range(2):
            self._request("GET", f"/images/{image_id}/content?width=64&format=jpeg", status=200)
        seen = self._request("GET", f"/images/{image_id}/content/small", status=200)
        known = {"If-None-Match": seen.headers["ETag"]}
        self._request("GET", f"/images/{image_id}/content/small", status=304, headers=known)

    def _meet_faults(self, image_id: str) -> None:
        """Calls are throttled, once and always, and refused because a transaction holds the row."""
        deployment = self._deployment
        for extent, status in ((Extent.ONCE, 200), (Extent.ALWAYS, 503)):
            throttled = Injection(Fault.THROTTLED, extent, operation="GetItem")
            self._request("GET", f"/images/{image_id}", throttled, status=status)
        with hold(deployment.engine, image_id):
            self._request("PATCH", f"/images/{image_id}", status=503, json={"description": "later"})
        self._request("POST", f"/images/{image_id}/reprocess", status=202)
        (copied,) = self._take_written()
        self._deliver(copied, Injection(Fault.THROTTLED, Extent.ALWAYS, operation="GetItem"))
        with hold(deployment.engine, image_id):
            self._deliver(copied, Injection(Fault.THROTTLED, Extent.ONCE, operation="GetItem"))
        late = (datetime.now(UTC) - 2 * LATE_AGE).isoformat()
        record = {"eventTime": late, "s3": {"object": {"key": copied}}}
        deployment.wire.begin()
        main.lambda_handler({"Records": [record]}, make_context())

    def _put_aside(self) -> None:
        """Follow a change that is of another table. It goes into the failure queue."""
        foreign = make_change(make_image(id=new_id()), table="other")
        assert changes.lambda_handler({"Records": [foreign]}, make_context()) == {"batchItemFailures": []}
        self._cloud.note_queue(1, 30)


@contextmanager
def hold(engine: Engine, image_id: str) -> Iterator[None]:
    """Let a transaction of somebody else hold the record of an image."""
    held = vars(engine)["_database"].held
    key = ("images", f"IMAGE#{image_id}", "IMAGE")
    held.add(key)
    try:
        yield
    finally:
        held.discard(key)


@contextmanager
def report(patch: pytest.MonkeyPatch, log: io.StringIO, engine: Engine | None) -> Iterator[Deployment]:
    """Deploy with metrics, and with the decoder in a process of its own. The functions write into `log`."""
    patch.setenv("METRICS_NAMESPACE", STACK)
    patch.setenv("EVENT_BUS", "default")
    patch.setenv("STACK_ID", STACK)
    with run_deployment(engine) as deployment, redirect_stdout(log):
        for name, method in REAL.items():
            patch.setattr(Decoder, name, method)
        client = create_client("sqs")
        patch.setenv("FAILURE_QUEUE", client.create_queue(QueueName="failures")["QueueUrl"])
        patch.setenv("REPORTS_BATCH_FAILURES", "true")
        # All run in one process, so each makes its metrics while its name is in the environment.
        for service, module in (("api", dependencies), ("processor", main), ("changes", changes)):
            patch.setenv("POWERTOOLS_SERVICE_NAME", service)
            for factory in ("get_settings", "get_metrics"):
                if hasattr(module, factory):
                    getattr(module, factory).cache_clear()
            module.get_metrics()
        try:
            yield deployment
        finally:
            main.get_decoder().stop()
            stop_variants()


def stop_variants() -> None:
    make: Any = dependencies.get_make_variant()
    if decoder := vars(make.__self__)["_decoder"]:
        decoder.stop()


def run_smoke(engine: Engine | None = None) -> Datapoints:
    """Return the data points of a run: those of the log, and those of AWS.

    `engine` is as in `run_deployment`.
    """
    cloud, log = Cloud(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, report(patch, log, engine) as deployment:
        Smoke(deployment, cloud).run()
    assert cloud.datapoints.read_log(log.getvalue().splitlines())
    return cloud.datapoints
