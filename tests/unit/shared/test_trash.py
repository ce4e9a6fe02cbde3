"""Images in the trash: when they end, and where they are listed."""

from __future__ import annotations

import time
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from shared import lifecycle
from shared.lifecycle import Event, Status
from shared.models import Image, Visibility
from tests.support.images import FAR_FUTURE, make_image, make_pending, make_ready, reject

if TYPE_CHECKING:
    from shared.images import ImageRepository

DAY_SECONDS = 24 * 3600


def test_image_ends_with_the_first_of_its_two_ends(images: ImageRepository) -> None:
    image = images.add(make_image())
    images.update(image.id, lambda old: old.trashed(2 * lifecycle.REJECTED_LIFETIME))
    rejected = reject(images, image.id)
    assert rejected.trash
    assert rejected.expires_at == rejected.trash.state_ends_at
    assert rejected.expires_at == pytest.approx(time.time() + DAY_SECONDS, abs=60)
    assert images.update(image.id, Image.restored).expires_at == rejected.expires_at


def test_trash_hides_no_end_of_an_upload_that_stalled(images: ImageRepository) -> None:
    image = images.add(make_pending(expires_at=FAR_FUTURE))
    images.update(image.id, lambda old: old.trashed(lifecycle.REJECTED_LIFETIME))
    stalled = images.apply(image.id, Event.STALL)
    assert stalled
    assert stalled.expires_at == pytest.approx(time.time() + DAY_SECONDS, abs=60)
    restored = images.update(image.id, Image.restored)
    assert restored.expires_at == pytest.approx(time.time() + 14 * DAY_SECONDS, abs=60)


def test_public_image_may_be_made_private_in_the_trash(images: ImageRepository) -> None:
    image = images.add(make_ready(tags=("a",)))
    images.update(image.id, lambda old: old.trashed(lifecycle.REJECTED_LIFETIME))
    private: dict[str, Any] = {"visibility": Visibility.PRIVATE}
    hidden = images.update(image.id, lambda old: old.model_copy(update=private))
    assert {key[0].partition("#TAG")[0] for key in images.get_entries(hidden)} == {
        "USER#ann#TRASHED-PRIVATE",
        "ALL#0#TRASHED-PRIVATE",
        f"USER#ann#TRASHED-SHA256#{image.sha256}",
    }


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize(("status", "is_trashed"), [*product(Status, (False, True))])
def test_erasure_finds_every_image_in_the_listings_of_its_user(
    images: ImageRepository, visibility: Visibility, status: Status, is_trashed: bool
) -> None:
    image = make_ready(status=status, visibility=visibility)
    image = image.trashed(lifecycle.REJECTED_LIFETIME) if is_trashed else image
    found = set(images.get_partitions(image)) & {*images.list_partitions_of("ann")}
    assert len(found) == lifecycle.is_listed(image.state)
