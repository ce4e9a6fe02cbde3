"""The deployment that the tests of operations break and repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.world import LATER, World

if TYPE_CHECKING:
    from processor.erasing import Eraser
    from processor.processing import Processor
    from shared.files import FileRepository
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.dynamodb.engine import Engine


@pytest.fixture
def world(  # noqa: PLR0913, PLR0917 - its parts
    images: ImageRepository,
    usages: UsageRepository,
    files: FileRepository,
    items: ItemRepository,
    storage: ImageStorage,
    processor: Processor,
    eraser: Eraser,
    engine: Engine,
) -> World:
    world = World(images, usages, files, items, storage, processor, eraser, engine)
    world.pass_time(LATER.total_seconds())
    return world
