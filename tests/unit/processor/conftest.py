"""The image that is processed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.keys import make_original_key
from tests.support.images import make_image
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage


@pytest.fixture
def image(images: ImageRepository, storage: ImageStorage) -> Image:
    stored = make_image()
    storage.add(make_original_key(stored.id), make_photo(6, width=800, height=400), "image/jpeg")
    images.add(stored)
    return stored
