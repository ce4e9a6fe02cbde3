"""Here AWS is a fake, and the clients of a session speak to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.operations.verification.fakes import Fake

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment


@pytest.fixture(autouse=True)
def aws() -> None:
    """No emulated AWS runs."""


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def deployment(fake: Fake) -> Deployment:
    return fake.deploy()
