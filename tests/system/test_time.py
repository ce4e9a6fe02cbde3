from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.dependencies import get_deadline
from processor import cleanup, main
from shared.aws import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS
from tests.support.scenarios import OPERATIONS, STEPS
from tests.system.test_faults import begin, send

if TYPE_CHECKING:
    from tests.support.deployment import Deployment
    from tests.support.scenarios import Operation, Step

GATEWAY_TIMEOUT_SECONDS = 29


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_slowest_services_that_still_answer_are_answered_for_before_the_gateway_gives_up(
    deployment: Deployment, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call times out, but its last try, which takes as long."""
    clock = Clock()
    target = begin(deployment, operation.prepare)
    monkeypatch.setattr(get_deadline(), "_clock", clock)
    monkeypatch.setattr("time.sleep", clock.pass_by)
    deployment.wire.slow_down(clock.pass_by)
    begun = clock.now
    response = send(deployment, operation, target, None)
    assert response
    assert response.status in operation.statuses | {503}
    assert clock.now - begun < GATEWAY_TIMEOUT_SECONDS
    assert clock.now - begun > min(READ_TIMEOUT_SECONDS.values()) + CONNECT_TIMEOUT_SECONDS * MAX_ATTEMPTS


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_processor_stops_before_it_is_killed_and_does_its_work_when_it_comes_again(
    deployment: Deployment, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    target = begin(deployment, step.prepare)
    for module in (main, cleanup):
        monkeypatch.setattr(module.get_deadline(), "_clock", clock)
    monkeypatch.setattr("time.sleep", clock.pass_by)
    deployment.wire.slow_down(clock.pass_by)
    begun = clock.now
    done = step.deliver(deployment, target, None)
    assert clock.now - begun < GATEWAY_TIMEOUT_SECONDS
    deployment.wire.slow_down(lambda _: None)
    assert done or step.deliver(deployment, target, None)
    deployment.settle()
    step.check(deployment, target)
