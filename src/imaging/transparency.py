"""Transparency that Pillow does not see: a shade of 16 bits, and the part of a GIF that no frame covers."""

from collections.abc import Sequence
from functools import reduce
from io import BytesIO

from PIL import Image, ImageChops

from imaging.sources.source import Source

_NOTHING = (0, 0, 0, 0)

type Box = tuple[int, int, int, int]


def find_shade(image: Image.Image, source: Source) -> Image.Image | None:
    """Return a mask in which the pixels of the transparent shade are 0. None if there is no such shade."""
    if not source.transparent_shade:
        return None
    high, low = _split_gray(image) if image.mode == "I;16" else (image, _open_low_bytes(source.data))
    bands = [*zip(high.split(), low.split(), strict=True)]
    differences = [
        band.point([0 if value == byte else 255 for value in range(256)])
        for pair, sample in zip(bands, source.transparent_shade, strict=True)
        for band, byte in zip(pair, divmod(sample, 256), strict=True)
    ]
    return reduce(ImageChops.lighter, differences)


def _split_gray(image: Image.Image) -> Sequence[Image.Image]:
    """Return the high and the low bytes of 16 bits."""
    data = image.tobytes()
    return [Image.frombytes("L", image.size, data, "raw", mode) for mode in ("L;16", "L;16B")]


def _open_low_bytes(png: bytes) -> Image.Image:
    """Pillow keeps the high bytes of 16-bit colours. In the other byte order, those are the low ones."""
    image = Image.open(BytesIO(png), formats=["PNG"])
    image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]
    image.load()
    return image


def clear_outside(image: Image.Image, box: Box) -> Image.Image:
    """Make what lies outside a box transparent. Returns the same object if nothing does."""
    if box == (0, 0, *image.size):
        return image
    left, top, right, bottom = box
    width, height = image.size
    cleared = image.convert("RGBA")
    for strip in (
        (0, 0, width, top),
        (0, bottom, width, height),
        (0, top, left, bottom),
        (right, top, width, bottom),
    ):
        cleared.paste(_NOTHING, strip)
    return cleared
