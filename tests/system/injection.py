"""A fault at one AWS call: every client goes through here, so that no call can be forgotten."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from shared.aws import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest


class Fault(StrEnum):
    """What can happen to a call."""

    THROTTLED = "throttled"
    FAILED = "failed"
    NO_CONNECTION = "connect timeout"
    NO_ANSWER = "read timeout before the work"
    LOST_ANSWER = "work done and answer lost"
    KILLED = "killed right after"


class Extent(StrEnum):
    """Whether the tries that botocore makes after the first one meet the fault, too."""

    ONCE = "once"
    ALWAYS = "always"


EXTENTS = {
    Fault.THROTTLED: [*Extent],  # stands for all that botocore's next try finds mended, and nothing done
    Fault.LOST_ANSWER: [*Extent],
    Fault.KILLED: [Extent.ONCE],
}


class Killed(BaseException):
    """The process has ended: nothing of it runs any more."""


@dataclass(frozen=True)
class Injection:
    """A fault, and the call that meets it, counted from 0."""

    call: int
    fault: Fault
    extent: Extent


ERRORS: dict[tuple[str, Fault], tuple[int, str]] = {
    ("dynamodb", Fault.THROTTLED): (400, "ProvisionedThroughputExceededException"),
    ("dynamodb", Fault.FAILED): (500, "InternalServerError"),
    ("s3", Fault.THROTTLED): (503, "SlowDown"),
    ("s3", Fault.FAILED): (500, "InternalError"),
    ("secrets-manager", Fault.THROTTLED): (400, "ThrottlingException"),
    ("secrets-manager", Fault.FAILED): (500, "InternalServiceError"),
}


@dataclass
class Wire:
    """The HTTP layer of all clients."""

    calls: list[str] = field(default_factory=list)
    """The calls since the last `begin`, by their names."""
    written: list[str] = field(default_factory=list)
    """Keys of the objects that S3 has told of since."""
    _pass_time: Callable[[float], object] | None = None
    _injection: Injection | None = None
    _tries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _current: threading.local = field(default_factory=threading.local)
    _transactions: dict[str, bytes] = field(default_factory=dict)

    def install(self, monkeypatch: Any) -> None:  # noqa: ANN401 - pytest's
        """Have every client that is made from now on go through here."""
        make = boto3.client

        def make_client(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - of boto3
            client = make(*args, **options)
            client.meta.events.unregister("before-send", botocore_stubber)  # would answer beside it
            client.meta.events.register("before-send", self._send)
            client.meta.events.register_first("before-call", self._count)
            return client

        monkeypatch.setattr(boto3, "client", make_client)

    def begin(self, injection: Injection | None = None) -> None:
        self.calls.clear()
        self._injection, self._tries = injection, 0

    def slow_down(self, pass_time: Callable[[float], object]) -> None:
        """Have every try take as long as it may from now on, and none but the last one of a call end well."""
        self._pass_time = pass_time

    def _count(self, **_: object) -> None:
        with self._lock:
            self._current.call, self._current.tries = len(self.calls), 0
            self.calls.append("")

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        service, operation = event_name.split(".")[1:]
        call = self._current.call
        self.calls[call] = f"{service}.{operation}"
        if self._pass_time:
            self._pass_time(CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS[service.replace("-", "")])
            self._current.tries += 1
            if self._current.tries < MAX_ATTEMPTS:
                raise ReadTimeoutError(endpoint_url="")
        injection = self._injection
        if injection is None or injection.call != call or (self._tries and injection.extent is Extent.ONCE):
            return self._work(event_name, operation, request)
        self._tries += 1
        match injection.fault:
            case Fault.NO_CONNECTION:
                raise ConnectTimeoutError(endpoint_url="")
            case Fault.NO_ANSWER:
                raise ReadTimeoutError(endpoint_url="")
            case Fault.LOST_ANSWER:
                self._work(event_name, operation, request)
                raise ReadTimeoutError(endpoint_url="")
            case Fault.KILLED:
                self._work(event_name, operation, request)
                raise Killed
            case _:
                return _refuse(service, *ERRORS[service, injection.fault])

    def _work(self, event_name: str, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        """DynamoDB knows a transaction again by its token, which moto does not look at."""
        token = _read_token(request) if operation == "TransactWriteItems" else None
        if token in self._transactions:
            return _answer(200, self._transactions[token])
        response = botocore_stubber(event_name=event_name, request=request)
        assert response
        if response.status_code < 300:
            if token:
                content = response.raw.read()
                self._transactions[token] = content
                response = _answer(200, content)
            if operation in {"PutObject", "CopyObject"}:
                self.written.append(unquote(urlsplit(request.url).path).lstrip("/").removeprefix("bucket/"))
        return response


def _refuse(service: str, status: int, code: str) -> AWSResponse:
    if service == "s3":
        return _answer(status, f"<Error><Code>{code}</Code><Message/></Error>".encode())
    return _answer(status, json.dumps({"__type": code, "message": ""}).encode())


def _answer(status: int, content: bytes) -> AWSResponse:
    return AWSResponse("", status, HTTPHeaders(), MockRawResponse(content))


def _read_token(request: AWSPreparedRequest) -> str:
    assert isinstance(request.body, bytes)
    token: str = json.loads(request.body)["ClientRequestToken"]
    return token


def list_injections(calls: list[str]) -> list[Injection]:
    """Every fault at every one of these calls."""
    return [
        Injection(call, fault, extent)
        for call in range(len(calls))
        for fault in Fault
        for extent in EXTENTS.get(fault, [Extent.ALWAYS])
    ]
