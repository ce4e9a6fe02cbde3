"""The trash: images come there, leave it again, and get no links meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import Conflict
from shared.records import Unchanged

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from shared.images import ImageRepository
    from shared.models import Image

TRASHED_REASON = "The image is in the trash. Restore it first with POST /images/{id}/restore."


def trash_image(
    images: ImageRepository, image_id: str, lifetime: timedelta, guard: Callable[[Image], object]
) -> Image:
    """Put an image into the trash, where it ends after a time. `guard` is as in `RecordRepository.update`."""

    def change(image: Image) -> Image:
        if image.is_trashed:
            raise Unchanged
        return image.trashed(lifetime)

    return images.update(image_id, change, guard)


def restore_image(images: ImageRepository, image_id: str, guard: Callable[[Image], object]) -> Image:
    """Take an image out of the trash, if it is there."""

    def change(image: Image) -> Image:
        if not image.is_trashed:
            raise Unchanged
        return image.restored()

    return images.update(image_id, change, guard)


def require_linkable(image: Image) -> None:
    """Raises Conflict for an image in the trash: no link opens it."""
    if image.is_trashed:
        raise Conflict(TRASHED_REASON)
