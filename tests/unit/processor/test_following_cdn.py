"""Images that everyone could see leave the CDN when they become private, get other bytes or are deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from processor.following import Follower
from shared.errors import Unavailable
from shared.lifecycle import Status
from shared.models import Visibility
from shared.tag_counts import TagRepository
from shared.trash import Trash
from tests.support.changes import make_change
from tests.support.images import FAR_FUTURE, START, make_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.erasing import Eraser
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

PUBLIC = {"visibility": Visibility.PUBLIC, "status": Status.READY}
PRIVATE = {"visibility": Visibility.PRIVATE, "status": Status.READY}
TRASHED = {"trash": Trash(at=START, ends_at=FAR_FUTURE), "expires_at": FAR_FUTURE}
OTHER_BYTES = {"revision": 2, "latest_revision": 2}


@dataclass
class Cdn:
    """The queue of images that the CDN has to forget. It can be out of order."""

    withdrawn: list[list[str]] = field(default_factory=list)
    error: Exception | None = None

    def withdraw(self, image_ids: Sequence[str]) -> None:
        if self.error:
            raise self.error
        self.withdrawn.append([*image_ids])


@pytest.fixture
def cdn() -> Cdn:
    return Cdn()


@pytest.fixture
def follower(usages: UsageRepository, storage: ImageStorage, eraser: Eraser, cdn: Cdn) -> Follower:
    def send(message: str) -> None:
        raise AssertionError(message)

    return Follower(usages, TagRepository(usages.table), storage, eraser, send=send, withdraw=cdn.withdraw)


@pytest.mark.parametrize(
    ("before", "after", "is_withdrawn"),
    [
        (PUBLIC, PRIVATE, True),
        (PUBLIC, None, True),
        (PUBLIC, PUBLIC | TRASHED, True),
        (PUBLIC | TRASHED, PRIVATE, False),
        (PUBLIC | TRASHED, None, False),
        (PUBLIC, PUBLIC | OTHER_BYTES, True),
        (PUBLIC, PUBLIC | {"description": "new"}, False),
        (PUBLIC | {"status": Status.PROCESSING}, None, False),
        (PRIVATE, PUBLIC, False),
        (PRIVATE, None, False),
        (PRIVATE, PRIVATE | OTHER_BYTES, False),
    ],
)
def test_image_that_everyone_could_see_is_withdrawn(
    follower: Follower, cdn: Cdn, before: dict[str, Any], after: dict[str, Any] | None, is_withdrawn: bool
) -> None:
    old = make_image(**before)
    new = None if after is None else make_image(id=old.id, version=old.version + 1, **after)
    assert follower.follow([make_change(old, new)]) == {}
    assert cdn.withdrawn == ([[old.id]] if is_withdrawn else [])


def test_images_of_a_batch_are_withdrawn_together(follower: Follower, cdn: Cdn) -> None:
    images = [make_image(**PUBLIC) for _ in range(20)]
    assert follower.follow([make_change(image) for image in images]) == {}
    assert cdn.withdrawn == [[image.id for image in images]]


def test_change_comes_again_until_the_queue_has_it(
    follower: Follower, cdn: Cdn, usages: UsageRepository
) -> None:
    hidden, other = make_change(make_image(**PUBLIC)), make_change(make_image(**PRIVATE))
    cdn.error = Unavailable()
    assert [*follower.follow([hidden, other])] == [hidden["dynamodb"]["SequenceNumber"]]
    cdn.error = None
    assert follower.follow([hidden]) == {}
    assert len(cdn.withdrawn) == 1
    assert usages.get("ann").images == 0


def test_without_invalidation_nothing_is_sent(
    usages: UsageRepository, storage: ImageStorage, eraser: Eraser
) -> None:
    follower = Follower(usages, TagRepository(usages.table), storage, eraser, send=lambda _: None)
    assert follower.follow([make_change(make_image(**PUBLIC))]) == {}
