from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.injection import list_injections
from tests.system.operations import MAX_RETRIES, OPERATIONS, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.api import Answer
    from tests.system.deployment import Deployment
    from tests.system.injection import Injection
    from tests.system.operations import Operation, Step

PASSING = {409, 429, 503}
"""What a client may be told that does nothing wrong, and is to try again."""


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
    record_property("cells", try_all(deployment, run))


def test_event_survives_every_fault_at_every_call(
    deployment: Deployment, step: Step, record_property: Callable[[str, object], None]
) -> None:
    """What fails comes again, as from Lambda."""

    def run(injection: Injection | None) -> None:
        target = begin(deployment, step.prepare)
        if not step.deliver(deployment, target, injection):
            assert step.deliver(deployment, target, None)
        deployment.settle()
        step.check(deployment, target)

    target = begin(deployment, step.prepare)
    step.deliver(deployment, target, None)
    record_property("cells", try_all(deployment, run))


def begin(deployment: Deployment, prepare: Callable[[Deployment], str]) -> str:
    deployment.empty()
    deployment.wire.begin()
    return prepare(deployment)


def try_all(deployment: Deployment, run: Callable[[Injection], None]) -> int:
    """Run with each fault at each of the calls that were just made. Return how many that were."""
    calls = [*deployment.wire.calls]
    assert all(calls)
    injections = list_injections(calls)
    for injection in injections:
        try:
            run(injection)
            assert deployment.find_flaws() == []
        except Exception as error:
            error.add_note(f"{injection.fault}, {injection.extent}, at call {injection.call} of {calls}")
            raise
    return len(injections)


def send(
    deployment: Deployment, operation: Operation, target: str, injection: Injection | None
) -> Answer | None:
    url = operation.url.format(target)
    return deployment.request(operation.method, url, injection, user="ann", **operation.options)


def send_until_done(
    deployment: Deployment, operation: Operation, target: str, injection: Injection | None
) -> None:
    """As a client does that wants it done: it tries again where it is told to, or told nothing."""
    answer = send(deployment, operation, target, injection)
    for _ in range(MAX_RETRIES):
        if answer and answer.status in operation.statuses:
            return
        if answer:
            assert answer.status in PASSING, answer.body
            assert answer.status == 409 or answer.headers["Retry-After"]
        deployment.pass_time()
        answer = send(deployment, operation, target, None)
    assert answer
    assert answer.status in operation.statuses, answer.body


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, values in (("operation", OPERATIONS), ("step", STEPS)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=[value.name for value in values])
