from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from operations.findings import Flaw

if TYPE_CHECKING:
    from shared.models import Image
    from tests.support.world import World

MONTH = timedelta(days=30)
OVER = MONTH + timedelta(hours=1)


@pytest.fixture
def trashed(world: World) -> Image:
    image = world.images.update(world.image.id, lambda image: image.trashed(MONTH))
    world.follow()
    return image


def test_image_in_the_trash_agrees_before_and_after_its_end(world: World, trashed: Image) -> None:
    assert trashed.is_trashed
    assert world.find() == []
    # DynamoDB may delete its row up to two days late. The user is charged until then.
    assert [flaw for flaw, name in world.find(later=OVER) if trashed.id in name] == []


@pytest.mark.parametrize("is_restored", [False, True])
def test_lost_entry_of_the_trash_and_a_stray_one_are_mended(
    world: World, trashed: Image, is_restored: bool
) -> None:
    entries = world.list_entries(trashed)
    if is_restored:
        world.images.update(trashed.id, type(trashed).restored)
        world.put_row("images", *entries[0])
    else:
        world.delete_row("images", *entries[0])
    expected = Flaw.STRAY_ENTRY if is_restored else Flaw.MISSING_ENTRY
    check = world.make_check()
    findings = [*check.find()]
    assert [finding.flaw for finding in findings] == [expected]
    for finding in findings:
        assert finding.repair
        finding.repair()
    assert world.find() == []


def test_end_of_the_trash_deletes_the_bytes_and_gives_back_once(world: World, trashed: Image) -> None:
    images, used = world.count("ann")
    assert trashed.expires_at
    world.sweep(trashed.expires_at + 1)
    world.follow()
    assert world.count("ann") == (images - 1, used - trashed.size)
    assert not [key for page in world.storage.list_keys() for key, _ in page if trashed.id in key]
    assert world.find() == []
