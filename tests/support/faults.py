"""Faults of AWS calls: every client goes through a wire, and the wire makes single calls fail.

Unit tests break the calls of one client with `break_calls`. The fault matrix puts all clients on one wire.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from shared.aws import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS
from tests.support.handlers import listen, remove_handlers

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient


class Fault(StrEnum):
    """Something that can happen to a call."""

    THROTTLED = "throttled"
    FAILED = "failed"
    NO_CONNECTION = "connect timeout"
    NO_RESPONSE = "read timeout before the work"
    LOST_RESPONSE = "work done and response lost"
    KILLED = "killed right after"


class Extent(StrEnum):
    """Tells if the further tries of botocore meet the fault too."""

    ONCE = "once"
    ALWAYS = "always"


EXTENTS = {
    Fault.THROTTLED: [*Extent],  # stands for every fault that does nothing and that the next try finds gone
    Fault.LOST_RESPONSE: [*Extent],
    Fault.KILLED: [Extent.ONCE],
}
ERRORS: dict[tuple[str, Fault], tuple[int, str]] = {
    ("dynamodb", Fault.THROTTLED): (400, "ProvisionedThroughputExceededException"),
    ("dynamodb", Fault.FAILED): (500, "InternalServerError"),
    ("s3", Fault.THROTTLED): (503, "SlowDown"),
    ("s3", Fault.FAILED): (500, "InternalError"),
    ("secrets-manager", Fault.THROTTLED): (400, "ThrottlingException"),
    ("secrets-manager", Fault.FAILED): (500, "InternalServiceError"),
}


_wires: WeakKeyDictionary[BaseClient, Wire] = WeakKeyDictionary()
"""The wire of each client."""


class Killed(BaseException):
    """The process has ended. None of its code runs any more."""


class HarnessError(BaseException):
    """The harness itself has failed. The code under test cannot catch this, so it ends the test."""


@dataclass
class Injection:
    """A fault, and the calls that meet it: one by its number, counted from 0, or all of an operation."""

    fault: Fault
    extent: Extent = Extent.ALWAYS
    call: int | None = None
    operation: str | None = None
    bodies: list[Any] = field(default_factory=list)
    """Of every try of a call that it names."""
    delivered: int = 0
    """How often the fault happened."""
    has_ended: bool = False

    @property
    def tries(self) -> int:
        return len(self.bodies)

    def end(self) -> None:
        self.has_ended = True

    def names(self, call: int, operation: str) -> bool:
        return call == self.call if self.operation is None else operation == self.operation

    def strikes(self) -> bool:
        return not self.has_ended and (self.extent is Extent.ALWAYS or not self.delivered)


@dataclass
class Wire:
    """The HTTP layer of clients."""

    calls: list[str] = field(default_factory=list)
    """The calls since the last `begin`, by their names."""
    written: list[str] = field(default_factory=list)
    """Keys of the objects whose events S3 has sent since."""
    _pass_time: Callable[[float], object] | None = None
    _injections: list[Injection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _current: threading.local = field(default_factory=threading.local)

    def install(self, monkeypatch: Any) -> None:  # noqa: ANN401 - pytest's
        """Attach every client that is made from now on."""
        make = boto3.client

        def make_client(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - of boto3
            client = make(*args, **options)
            self.attach(client)
            return client

        monkeypatch.setattr(boto3, "client", make_client)

    def attach(self, client: BaseClient) -> None:
        _wires[client] = self
        events: Any = client.meta.events  # its types know no handler that responds
        events.unregister("before-send", botocore_stubber)  # it would respond beside the wire
        listen(client, "before-send", self._send, first=False)  # the deadline of a client comes first
        listen(client, "before-call", self._count)

    def begin(self, injection: Injection | None = None) -> None:
        self.calls.clear()
        self._injections = [injection] if injection else []

    def inject(self, injection: Injection) -> Injection:
        self._injections.append(injection)
        return injection

    def slow_down(self, pass_time: Callable[[float], object]) -> None:
        """From now on every try takes as long as it may, and only the last try of a call succeeds."""
        self._pass_time = pass_time

    def speed_up(self) -> None:
        """From now on the first try succeeds again."""
        self._pass_time = None

    def _count(self, **_: object) -> None:
        with self._lock:
            self._current.call, self._current.tries = len(self.calls), 0
            self.calls.append("")

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        try:
            outcome = self._handle(event_name, request)
        except Exception as error:
            raise HarnessError from error
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _handle(self, event_name: str, request: AWSPreparedRequest) -> AWSResponse | BaseException:
        service, operation = event_name.split(".")[1:]
        if not hasattr(self._current, "call"):  # the call began before the wire was attached
            self._count()
        call = self._current.call
        self.calls[call] = f"{service}.{operation}"
        if self._pass_time:
            self._pass_time(CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS[service.replace("-", "")])
            self._current.tries += 1
            if self._current.tries < MAX_ATTEMPTS:
                return ReadTimeoutError(endpoint_url="")
        for injection in self._injections:
            if injection.names(call, operation):
                injection.bodies.append(request.body)
                if injection.strikes():
                    injection.delivered += 1
                    return self._fail(injection.fault, event_name, request)
        return self._work(event_name, request)

    def _fail(
        self, fault: Fault, event_name: str, request: AWSPreparedRequest
    ) -> AWSResponse | BaseException:
        service = event_name.split(".")[1]
        match fault:
            case Fault.NO_CONNECTION:
                return ConnectTimeoutError(endpoint_url="")
            case Fault.NO_RESPONSE:
                return ReadTimeoutError(endpoint_url="")
            case Fault.LOST_RESPONSE:
                self._work(event_name, request)
                return ReadTimeoutError(endpoint_url="")
            case Fault.KILLED:
                self._work(event_name, request)
                return Killed()
            case _:
                return _refuse(service, *ERRORS[service, fault])

    def _work(self, event_name: str, request: AWSPreparedRequest) -> AWSResponse:
        response = botocore_stubber(event_name=event_name, request=request)
        assert response
        if response.status_code < 300 and event_name.split(".")[2] in {"PutObject", "CopyObject"}:
            self.written.append(unquote(urlsplit(request.url).path).lstrip("/").removeprefix("bucket/"))
        return response


def break_calls(
    client: BaseClient,
    operation: str,
    fault: Fault = Fault.NO_RESPONSE,
    extent: Extent = Extent.ALWAYS,
) -> Injection:
    """Make the calls of one operation fail, until `Injection.end`."""
    if client not in _wires:
        Wire().attach(client)
    return _wires[client].inject(Injection(fault, extent, operation=operation))


def detach(client: BaseClient) -> None:
    """Take a client off its wire, and remove the handlers of its events."""
    remove_handlers(client)
    if _wires.pop(client, None):
        events: Any = client.meta.events  # its types know no handler that responds
        events.register("before-send", botocore_stubber)


def lose_response(client: BaseClient, operation: str) -> Injection:
    """Let the first call of an operation do its work, and lose its response. botocore tries again."""
    return break_calls(client, operation, Fault.LOST_RESPONSE, Extent.ONCE)


def list_injections(calls: list[str]) -> list[Injection]:
    """Every fault at every one of these calls."""
    return [
        Injection(fault, extent, call)
        for call in range(len(calls))
        for fault in Fault
        for extent in EXTENTS.get(fault, [Extent.ALWAYS])
    ]


def _refuse(service: str, status: int, code: str) -> AWSResponse:
    if service == "s3":
        return _respond(status, f"<Error><Code>{code}</Code><Message/></Error>".encode())
    return _respond(status, json.dumps({"__type": code, "message": ""}).encode())


def _respond(status: int, content: bytes) -> AWSResponse:
    return AWSResponse("", status, HTTPHeaders(), MockRawResponse(content))
