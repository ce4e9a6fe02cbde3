"""The colours in the corners of renditions, which show how a picture was turned and converted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.pictures import open_rendition

if TYPE_CHECKING:
    from imaging.reports import EncodedRendition, Rendered

TOLERANCE = 40


def get_corners(rendition: EncodedRendition) -> list[tuple[int, ...]]:
    image = open_rendition(rendition).convert("RGBA")
    x, y = image.width // 8, image.height // 8
    places = [
        (x, y),
        (image.width - 1 - x, y),
        (x, image.height - 1 - y),
        (image.width - 1 - x, image.height - 1 - y),
    ]
    pixels = (image.getpixel(place) for place in places)
    return [pixel for pixel in pixels if isinstance(pixel, tuple)]


def assert_corners(rendered: Rendered, *expected: tuple[int, ...]) -> None:
    for rendition in rendered.renditions.values():
        for pixel, color in zip(get_corners(rendition), expected, strict=True):
            assert pixel[: len(color)] == pytest.approx(color, abs=TOLERANCE)
