"""Every fault at every AWS call of every operation, and a harness that cannot pass by mistake."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from operations.findings import Flaw
from shared.quotas import Usage
from tests.support.calls import CALLS
from tests.support.faults import ERRORS, Extent, Fault, HarnessError, list_injections
from tests.support.matrix import OPERATIONS, STEPS
from tests.support.scenarios import MAX_RETRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.api import ApiResponse
    from tests.support.deployment import Deployment
    from tests.support.faults import Injection
    from tests.support.scenarios import Operation, Step

TEMPORARY = {409, 429, 503}
"""Statuses that ask a client to try again."""


def test_operation_survives_every_fault_at_every_call(
    deployment: Deployment, operation: Operation, record_property: Callable[[str, object], None]
) -> None:
    def run(injection: Injection | None) -> None:
        target = begin(deployment, operation.prepare)
        send_until_done(deployment, operation, target, injection)
        deployment.settle()
        operation.check(deployment, target)

    target = begin(deployment, operation.prepare)
    send(deployment, operation, target, None)
    assert len(deployment.wire.calls) == CALLS[operation.name]
    record_property("cells", try_all(deployment, run))


def test_event_survives_every_fault_at_every_call(
    deployment: Deployment, step: Step, record_property: Callable[[str, object], None]
) -> None:
    """An event that fails comes again, as from Lambda."""

    def run(injection: Injection | None) -> None:
        target = begin(deployment, step.prepare)
        if not step.deliver(deployment, target, injection):
            assert step.deliver(deployment, target, None)
        deployment.settle()
        step.check(deployment, target)

    target = begin(deployment, step.prepare)
    step.deliver(deployment, target, None)
    assert len(deployment.wire.calls) == CALLS[step.name]
    record_property("cells", try_all(deployment, run))


def begin(deployment: Deployment, prepare: Callable[[Deployment], str]) -> str:
    deployment.empty()
    deployment.wire.begin()
    return prepare(deployment)


def try_all(deployment: Deployment, run: Callable[[Injection], None]) -> int:
    """Run with each fault at each of the calls that were just made. Return the number of runs."""
    calls = [*deployment.wire.calls]
    assert calls
    assert all(calls)
    injections = list_injections(calls)
    for injection in injections:
        try:
            run(injection)
            assert injection.delivered, "the fault did not happen"
            mend(deployment, injection)
            assert deployment.find_flaws() == []
        except BaseException as error:
            error.add_note(f"{injection.fault}, {injection.extent}, at call {injection.call} of {calls}")
            raise
    return len(injections)


def mend(deployment: Deployment, injection: Injection) -> None:
    """A user may be charged for what is not there if the function ended in between. Nothing else is wrong."""
    for finding in deployment.find_flaws():
        assert injection.fault is Fault.KILLED or injection.extent is Extent.ALWAYS, finding
        assert finding.flaw is Flaw.WRONG_USAGE
        charged = deployment.usages.get("ann")
        assert finding.repair
        finding.repair()
        corrected = deployment.usages.get("ann")
        left = Usage(**charged.amounts) + -Usage(**corrected.amounts)
        assert min(left.amounts.values()) >= 0
        assert not left.is_zero


def send(
    deployment: Deployment, operation: Operation, target: str, injection: Injection | None
) -> ApiResponse | None:
    url = operation.url.format(target)
    return deployment.request(operation.method, url, injection, user="ann", **operation.options)


def send_until_done(
    deployment: Deployment, operation: Operation, target: str, injection: Injection | None
) -> None:
    """Act as a client that wants it done: it tries again if it is asked to, or if no response came."""
    response = send(deployment, operation, target, injection)
    for _ in range(MAX_RETRIES):
        if is_done(operation, response):
            return
        if response and response.status not in operation.statuses:
            assert response.status in TEMPORARY, response.body
            assert response.status == 409 or response.headers["Retry-After"]
        if response and response.status == HTTPStatus.CONFLICT and "Retry-After" in response.headers:
            deployment.settle()
        deployment.pass_time()
        response = send(deployment, operation, target, None)
    assert response
    assert is_done(operation, response), response.body


def is_done(operation: Operation, response: ApiResponse | None) -> bool:
    return bool(response and response.status in operation.statuses and operation.is_whole(response))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, values in (("operation", OPERATIONS), ("step", STEPS)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=[value.name for value in values])


@pytest.mark.parametrize(
    ("service", "name"),
    [("dynamodb", "read"), ("s3", "upload by JSON with key"), ("secrets-manager", "make a link")],
)
def test_matrix_goes_red_without_a_service_in_the_table_of_errors(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, service: str, name: str
) -> None:
    for key in [key for key in ERRORS if key[0] == service]:
        monkeypatch.delitem(ERRORS, key)
    (operation,) = (operation for operation in OPERATIONS if operation.name == name)
    with pytest.raises(HarnessError):
        test_operation_survives_every_fault_at_every_call(deployment, operation, lambda *_: None)


def test_fault_that_does_not_happen_fails_its_cell(deployment: Deployment) -> None:
    begin(deployment, OPERATIONS[0].prepare)
    send(deployment, OPERATIONS[0], "", None)
    with pytest.raises(AssertionError, match="did not happen"):
        try_all(deployment, lambda _: None)
