"""Pictures become bytes, never more of them than a response holds."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from PIL import Image

from shared.renditions import MAX_DELIVERED_BYTES
from shared.variants import VariantFormat

LOWER_QUALITIES = ((50, 50), (30, 10), (5, 0))
"""Of the colours and of the alpha channel in WebP, one pair after the other. Only noise needs them."""
PNG_COLORS = 256
"""Of a PNG that would be too large. Then a pixel takes a byte at most, and 2000 x 2000 of them fit."""


def encode(image: Image.Image, picture_format: VariantFormat, options: Mapping[str, Any]) -> bytes:
    """Encode a picture, with less quality if it would be too large for a response."""
    for picture, chosen in _list_attempts(image, picture_format, options):
        file = BytesIO()
        picture.save(file, picture_format, **chosen)
        if file.tell() <= MAX_DELIVERED_BYTES:
            break
    return file.getvalue()


def _list_attempts(
    image: Image.Image, picture_format: VariantFormat, options: Mapping[str, Any]
) -> Iterator[tuple[Image.Image, dict[str, Any]]]:
    yield image, {**options}
    if picture_format is VariantFormat.PNG:
        yield image.quantize(PNG_COLORS, Image.Quantize.FASTOCTREE), {**options}
        return
    for quality, alpha_quality in LOWER_QUALITIES:
        yield image, {**options, "quality": quality, "alpha_quality": alpha_quality}
