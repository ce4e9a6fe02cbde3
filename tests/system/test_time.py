from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.dependencies import get_deadline
from processor import changes, main
from shared.aws import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS
from tests.support.clock import Clock
from tests.support.matrix import OPERATIONS, STEPS
from tests.system.test_faults import begin, send

if TYPE_CHECKING:
    from tests.support.deployment import Deployment
    from tests.support.scenarios import Operation, Step

GATEWAY_TIMEOUT_SECONDS = 29


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_request_ends_before_the_gateway_gives_up_however_slow_aws_is(
    deployment: Deployment, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every try of a call times out except the last one, which takes as long."""
    clock = Clock()
    target = begin(deployment, operation.prepare)
    monkeypatch.setattr(get_deadline(), "_clock", clock)
    monkeypatch.setattr("time.sleep", clock.advance)
    deployment.wire.slow_down(clock.advance)
    begun = clock.now
    response = send(deployment, operation, target, None)
    assert response
    assert response.status in operation.statuses | {503}
    assert clock.now - begun < GATEWAY_TIMEOUT_SECONDS
    assert clock.now - begun > min(READ_TIMEOUT_SECONDS.values()) + CONNECT_TIMEOUT_SECONDS * MAX_ATTEMPTS


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_event_ends_before_its_function_is_killed_and_a_retry_does_the_work(
    deployment: Deployment, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    target = begin(deployment, step.prepare)
    for module in (main, changes):
        monkeypatch.setattr(module.get_deadline(), "_clock", clock)
    monkeypatch.setattr("time.sleep", clock.advance)
    deployment.wire.slow_down(clock.advance)
    begun = clock.now
    done = step.deliver(deployment, target, None)
    assert clock.now - begun < GATEWAY_TIMEOUT_SECONDS
    deployment.wire.speed_up()
    assert done or step.deliver(deployment, target, None)
    deployment.settle()
    step.check(deployment, target)
