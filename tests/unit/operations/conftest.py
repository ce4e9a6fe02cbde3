"""The deployment that the tests of operations break and repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.world import World

if TYPE_CHECKING:
    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.storage import ImageStorage


@pytest.fixture
def world(
    images: ImageRepository, items: ItemRepository, storage: ImageStorage, processor: Processor
) -> World:
    return World(images, items, storage, processor)
