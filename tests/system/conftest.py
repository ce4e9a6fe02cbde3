"""A deployment for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.following import Follower
from shared.tag_counts import TagRepository
from tests.support.changes import select_changes
from tests.support.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processor.erasing import Eraser
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.dynamodb.engine import Engine


@pytest.fixture
def deployment(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, dynamodb: object, s3: object
) -> Iterator[Deployment]:
    del dynamodb, s3  # their tables and bucket are there
    monkeypatch.setenv("MAX_USER_IMAGES", "50")
    deployment = Deployment(monkeypatch, engine)
    yield deployment
    deployment.close()


@pytest.fixture
def follow(
    engine: Engine, usages: UsageRepository, storage: ImageStorage, eraser: Eraser
) -> Callable[[], None]:
    """Let the function behind the table's stream follow all changes."""
    follower = Follower(usages, TagRepository(usages.table), storage, eraser, send=pytest.fail)

    def follow_all() -> None:
        assert follower.follow(select_changes(engine.take_records("images"))) == {}

    return follow_all
