"""The ends of uploads: the service may still refuse the bytes of an image after it has taken them."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from images.answers import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from images.answers import Image
    from images.client import Client

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 5.0
MAX_IDLE_SECONDS = 120.0
"""How long it waits while no image comes to an end."""


def await_ends[T](
    client: Client,
    images: Mapping[T, Image],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[tuple[T, str]]:
    """Wait until these images are ready. Yield the name of each one that is not, and the reason."""
    waiting = {name: image for name, image in images.items() if not image.is_ready}
    pause, ended_at = FIRST_PAUSE_SECONDS, clock()
    while waiting:
        found = {image.id: image for image in _read(client, [*waiting.values()])}
        for name, image in [*waiting.items()]:
            now = found.get(image.id)
            if now and now.is_under_way:
                continue
            del waiting[name]
            pause, ended_at = FIRST_PAUSE_SECONDS, clock()
            if now is None:
                yield name, "its image was deleted meanwhile"
            elif not now.is_ready:
                yield name, f"its image is {now.status}. {now.reason}".strip()
        if waiting and clock() - ended_at >= MAX_IDLE_SECONDS:
            yield from ((name, "its image is not ready yet. Run it again to see.") for name in waiting)
            return
        if waiting:
            sleep(pause)
            pause = min(MAX_PAUSE_SECONDS, 2 * pause)


def _read(client: Client, images: list[Image]) -> Iterator[Image]:
    """Read these images as they are now, without those that are gone.

    The newest pages of the listing hold most of them. What still waits for its bytes is in no listing.
    """
    missing = {image.id for image in images}
    oldest = min(image.created_at for image in images)
    for image in client.list_images(userId="me"):
        if image.created_at < oldest:
            break
        if image.id in missing:
            missing.discard(image.id)
            yield image
        if not missing:
            return
    for image_id in sorted(missing):
        try:
            yield client.get_image(image_id)
        except RefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
