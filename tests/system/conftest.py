"""A deployment for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch, dynamodb: object, s3: object) -> Iterator[Deployment]:
    del dynamodb, s3  # their tables and bucket are there
    monkeypatch.setenv("MAX_USER_IMAGES", "50")
    deployment = Deployment(monkeypatch)
    yield deployment
    deployment.close()
