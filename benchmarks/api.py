"""Compares the processor time of an upload by form, and of a cold start, with other frameworks.

PYTHONPATH=src:. python benchmarks/api.py ENVIRONMENT

ENVIRONMENT is the folder of a virtual environment as `benchmarks/frameworks.py` needs it. Every contender
runs there, in a process of its own, with compiled modules, as the functions have them.

The upload is a form of three parts with a photo of 1 MB, in the event of API Gateway. boto3's clients answer
at once, so that no contender spends time on AWS. The import ends when the clients of S3 and DynamoDB exist,
and the cold start with the answer to a first request, which lists images and needs DynamoDB alone. All take
turns. What counts is the best of many tries, because other programs can only make a try slower.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.frameworks import BASICS, CLIENTS, FRAMEWORKS, SERVICE
from benchmarks.multipart import CONTENT_TYPE, make_body
from benchmarks.pictures import make_photo
from tests.support.api import make_event

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUNDS = 60
UPLOADS_PER_ROUND = 10
STARTS = 18
PHOTO_PX = (1500, 1000)
PHOTO_GRAIN = 55
MS_PER_SECOND = 1000

BEGIN = """
import io, json, os, sys, time, types, uuid
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the log
started = time.process_time()
"""
STUB = """
from botocore.client import BaseClient
BaseClient._make_api_call = lambda client, operation, parameters: {"SecretString": "key", "Items": []}
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 29_000)
"""
UPLOAD = """
event = sys.stdin.readline()
for count in sys.stdin:
    times = []
    for _ in range(int(count)):
        fresh = json.loads(event)
        begun = time.process_time()
        response = handler(fresh, context)
        times.append(time.process_time() - begun)
        assert response["statusCode"] == 201, response
    print(min(times), file=answers, flush=True)
"""
IMPORT = """
print(time.process_time() - started, file=answers, flush=True)
"""
START = (
    STUB
    + """
response = handler(json.loads(sys.stdin.readline()), context)
assert response["statusCode"] == 200, response
"""
    + IMPORT
)
PEER = "boto3, Powertools and pydantic"
IMPORTS = {SERVICE: FRAMEWORKS[SERVICE] + CLIENTS, PEER: BASICS}
STARTERS = {SERVICE: FRAMEWORKS[SERVICE], PEER: BASICS}
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "IMAGES_TABLE": "images",
    "BUCKET": "bucket",
    "LINK_SECRET": "links",
    "AUTH_MODE": "open",
    "SIGNER_ROLE": "arn:aws:iam::123456789012:role/signer",
    "POWERTOOLS_SERVICE_NAME": "api",
}


class Server:
    """A process with a handler. It gets one event, and handles it as often as it is told."""

    def __init__(self, name: str, code: str, python: Path, event: str, modules: str) -> None:
        self.name = name
        variables = os.environ | VARIABLES | {"PYTHONPYCACHEPREFIX": modules, "PYTHONDONTWRITEBYTECODE": ""}
        self._process = subprocess.Popen(  # noqa: S603 - our own code
            [python, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, text=True
        )
        self._tell(event)

    def handle(self, count: int) -> float:
        """Return the processor seconds of the fastest of so many uploads."""
        self._tell(str(count))
        return self.read()

    def read(self) -> float:
        assert self._process.stdout  # noqa: S101 - for the type checker
        return float(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin  # noqa: S101 - for the type checker
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def make_upload() -> dict[str, Any]:
    body = make_body(make_photo(*PHOTO_PX, grain=PHOTO_GRAIN))
    headers = {"Content-Type": CONTENT_TYPE, "X-User-Id": "ana"}
    return add_route(make_event("POST", "/images/upload", headers, body, encode=True))


def make_listing() -> dict[str, Any]:
    return add_route(make_event("GET", "/images", {"X-User-Id": "ana"}, None, encode=False))


def add_route(event: dict[str, Any]) -> dict[str, Any]:
    """Name the route of an event, as Chalice asks for it."""
    context = event["requestContext"] | {"resourcePath": event["path"]}
    return event | {"requestContext": context, "pathParameters": None, "stageVariables": None}


def measure_uploads(python: Path, modules: str) -> dict[str, float]:
    event = json.dumps(make_upload())
    best = dict.fromkeys(FRAMEWORKS, float("inf"))
    with ExitStack() as ends:
        servers = [
            Server(name, BEGIN + code + STUB + UPLOAD, python, event, modules)
            for name, code in FRAMEWORKS.items()
        ]
        for server in servers:
            ends.callback(server.end)
        for _ in range(ROUNDS):
            for server in servers:
                best[server.name] = min(best[server.name], server.handle(UPLOADS_PER_ROUND))
    return best


def measure_starts(contenders: Mapping[str, str], end: str, python: Path, modules: str) -> dict[str, float]:
    event = json.dumps(make_listing())
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(STARTS):
        for name, code in contenders.items():
            server = Server(name, BEGIN + code + end, python, event, modules)
            best[name] = min(best[name], server.read())
            server.end()
    return best


def show(title: str, seconds: Mapping[str, float]) -> None:
    ours = seconds[SERVICE]
    rest = min(taken for name, taken in seconds.items() if name != SERVICE)
    print(f"{title}: {ours / rest:.2f} x the best of the others")
    for name, taken in seconds.items():
        print(f"  {name:32} {taken * MS_PER_SECOND:7.2f} ms   the service: {ours / taken:.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("environment", type=Path)
    python = parser.parse_args().environment / "bin" / "python"
    with TemporaryDirectory() as modules:
        show("an upload by form of 1 MB", measure_uploads(python, modules))
        show("an import with both clients", measure_starts(IMPORTS, IMPORT, python, modules))
        show("a cold start with its first listing", measure_starts(STARTERS, START, python, modules))


if __name__ == "__main__":
    main()
