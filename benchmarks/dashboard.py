"""Uses a running stack for some minutes, and draws the dashboard of what it has measured.

make start, then: PYTHONPATH=src:. python benchmarks/dashboard.py --minutes 5 docs/dashboard.svg

The lines of the functions' logs are read as CloudWatch reads them. The stack has no metrics of API Gateway,
so these come from the log of the API, and the durations of runs from Lambda's own lines. Of DynamoDB, and of
the time that events wait, the stack measures nothing: those lines stay empty.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.pictures import make_photo
from operations.targets import find_target
from tests.support.monitoring.datapoints import Datapoints, Series
from tests.support.monitoring.picture import draw
from tests.support.monitoring.stack import STACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CLIENTS = 3
PERIOD_SECONDS = 10
PAUSE_SECONDS = 0.6
OVERLAP_SECONDS = 5
KEPT_IMAGES = 3
REPORT = re.compile(r"REPORT RequestId: \S+\tDuration: (\d+) ms")
FUNCTIONS = {"api": "ApiFunction", "processor": "ProcessorFunction", "changes": "ChangesFunction"}
LOCAL_STACK = "images-local"


class Visitor:
    """A client that does everything that users do, and some things wrong."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._headers = {"X-User-Id": name}
        self._photos = [make_photo(640, 480, grain=grain) for grain in (1.0, 3.0)]
        self._ids: list[str] = []
        self._random = random.Random(name)  # noqa: S311 - no secret

    def act(self) -> None:
        acts: list[Callable[[], object]] = [
            self._upload_form,
            self._upload_bytes,
            self._upload_direct,
            *[self._view] * 4,
            *[self._vary] * 2,
            self._ask_again,
            self._fail,
            self._delete,
        ]
        self._random.choice(acts)()

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
        headers = self._headers | options.pop("headers", {})
        return self._client.request(method, url, headers=headers, **options)

    def _upload_form(self) -> None:
        self._note(self._send("POST", "/images/upload", files={"file": self._random.choice(self._photos)}))

    def _upload_bytes(self) -> None:
        headers = {"Content-Type": "image/jpeg"}
        photo = self._random.choice(self._photos)
        self._note(self._send("POST", "/images/upload", content=photo, headers=headers))

    def _upload_direct(self) -> None:
        photo = self._random.choice(self._photos)
        announced = {"contentType": "image/jpeg", "size": len(photo)}
        form = self._send("POST", "/images/uploads", json=announced).json()
        httpx.post(form["upload"]["url"], data=form["upload"]["fields"], files={"file": photo})
        self._ids.append(form["id"])

    def _note(self, response: httpx.Response) -> None:
        self._ids.append(response.json()["id"])

    def _choose(self) -> str:
        return self._random.choice(self._ids) if self._ids else "missing"

    def _view(self) -> None:
        self._send("GET", f"/images/{self._choose()}/content/small")

    def _vary(self) -> None:
        width = self._random.choice((64, 128, 256))
        self._send("GET", f"/images/{self._choose()}/content?width={width}&format=jpeg")

    def _ask_again(self) -> None:
        url = f"/images/{self._choose()}"
        etag = self._send("GET", url).headers.get("ETag", "")
        self._send("GET", url, headers={"If-None-Match": etag})

    def _fail(self) -> None:
        damaged = self._photos[0][: len(self._photos[0]) // 4]
        for content in (b"no image", damaged):
            self._send("POST", "/images/upload", content=content, headers={"Content-Type": "image/jpeg"})
        self._send("PATCH", f"/images/{self._choose()}", json={"visibility": "secret"})

    def _delete(self) -> None:
        if len(self._ids) > KEPT_IMAGES:
            self._send("DELETE", f"/images/{self._ids.pop(0)}")


def use(client: httpx.Client, seconds: float) -> None:
    end = time.monotonic() + seconds

    def visit(name: str) -> None:
        visitor = Visitor(client, name)
        while time.monotonic() < end:
            visitor.act()
            time.sleep(PAUSE_SECONDS)

    with ThreadPoolExecutor(CLIENTS) as executor:
        list(executor.map(visit, (f"visitor-{number}" for number in range(CLIENTS))))


class Watcher:
    """Looks at the stack every few seconds: the emulator keeps only the last lines of each log."""

    def __init__(self, client: Callable[[str], Any], queue_url: str) -> None:
        self.datapoints = Datapoints()
        self._logs, self._sqs, self._queue_url = client("logs"), client("sqs"), queue_url
        self._since = time.time()
        self._events: dict[str, set[tuple[int, str]]] = {service: set() for service in FUNCTIONS}
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(PERIOD_SECONDS / 2):
            self.look()

    def look(self) -> None:
        begun = time.time()
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["All"])["Attributes"]
        values = {
            "ApproximateNumberOfMessagesVisible": int(found["ApproximateNumberOfMessages"]),
            "ApproximateAgeOfOldestMessage": 0,  # the queue stays empty
        }
        note(self.datapoints, "AWS/SQS", values, begun, QueueName="FailureQueue")
        pages = self._logs.get_paginator("filter_log_events")
        for service, events in self._events.items():
            group = f"/aws/lambda/{LOCAL_STACK}/{service}"
            for page in pages.paginate(logGroupName=group, startTime=int(self._since * 1000)):
                events |= {(event["timestamp"], event["message"]) for event in page["events"]}
        self._since = begun - OVERLAP_SECONDS

    def end(self) -> Datapoints:
        self._done.set()
        for service, events in self._events.items():
            lines = [message for _, message in sorted(events)]
            self.datapoints.read_log(line.replace(LOCAL_STACK, STACK) for line in lines)
            read_runs(FUNCTIONS[service], events, self.datapoints)
            if service == "api":
                read_responses(lines, self.datapoints)
        return self.datapoints


def note(
    datapoints: Datapoints, namespace: str, values: Mapping[str, float], at: float, **dimensions: str
) -> None:
    for name, value in values.items():
        datapoints.add(Series.of(namespace, name, dimensions), value, at)


def read_runs(function: str, events: Iterable[tuple[int, str]], datapoints: Datapoints) -> None:
    for timestamp, message in events:
        if found := REPORT.match(message):
            values = {"Invocations": 1, "Errors": 0, "Throttles": 0, "Duration": int(found[1])}
            note(datapoints, "AWS/Lambda", values, timestamp / 1000, FunctionName=function)


def read_responses(lines: Iterable[str], datapoints: Datapoints) -> None:
    for line in (json.loads(text) for text in lines if '"message":"responded"' in text):
        status = HTTPStatus(line["status"])
        values = {
            "Count": 1,
            "4XXError": int(status.is_client_error),
            "5XXError": int(status.is_server_error),
            "Latency": line["milliseconds"],
        }
        at = datetime.strptime(line["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z").timestamp()
        note(datapoints, "AWS/ApiGateway", values, at, ApiName=STACK, Stage="prod")


def main(url: str, aws_port: int, minutes: float, picture: Path) -> None:
    client, outputs = find_target(aws_port, "")
    watcher, start = Watcher(client, outputs["FailureQueueUrl"]), time.time()
    thread = threading.Thread(target=watcher.run)
    thread.start()
    with httpx.Client(base_url=url, timeout=60) as api:
        use(api, minutes * 60)
    time.sleep(PERIOD_SECONDS)  # the last uploads
    datapoints = watcher.end()
    thread.join()
    seconds = int(time.time() - start)
    picture.write_text(draw(datapoints, start, seconds, PERIOD_SECONDS), encoding="utf-8")
    print(f"{len(datapoints.series)} metrics of {seconds} seconds, drawn in {picture}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://localhost:3000")
    parser.add_argument("--aws-port", type=int, default=4566)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    main(options.url, options.aws_port, options.minutes, options.picture)
