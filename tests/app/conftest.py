"""The API on moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.dependencies import get_images, get_items, get_storage
from app.main import create_app
from tests.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.storage import ImageStorage


@pytest.fixture
def api(images: ImageRepository, items: ItemRepository, storage: ImageStorage) -> Iterator[Api]:
    overrides = create_app().dependency_overrides
    overrides[get_images] = lambda: images
    overrides[get_items] = lambda: items
    overrides[get_storage] = lambda: storage
    yield Api()
    overrides.clear()
