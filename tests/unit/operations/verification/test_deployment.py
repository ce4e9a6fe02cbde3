from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.verification.deployment import run_at_once
from operations.verification.verdicts import Refuted

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment
    from tests.unit.operations.verification.fakes import Fake


def test_waiting_ends_with_the_value(fake: Fake, deployment: Deployment) -> None:
    end = fake.now + 3
    assert deployment.await_value(lambda: "late" if fake.now > end else None, 10, "nothing") == "late"


def test_waiting_ends_with_the_complaint(fake: Fake, deployment: Deployment) -> None:
    started = fake.now
    with pytest.raises(Refuted, match="nothing after 10 s"):
        deployment.await_value(lambda: None, 10, "nothing")
    assert 10 <= fake.now - started < 11


def test_direct_uploads_are_noted_for_the_cleanup(deployment: Deployment) -> None:
    begun = deployment.begin_upload(100)
    assert deployment.made == [begun["id"]]


def test_calls_run_at_once_in_order() -> None:
    assert run_at_once(lambda number: 2 * number, 5) == [0, 2, 4, 6, 8]
