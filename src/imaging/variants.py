"""A stored rendition becomes a variant: another size, another format or both, without metadata."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from PIL import Image

from imaging.colour import convert_to_srgb, simplify_mode
from imaging.parsing import open_image, refusing_damage
from imaging.transforms import cover, resize
from shared.renditions import Fit
from shared.variants import MAX_VARIANT_BYTES, Variant, VariantFormat

OPTIONS: dict[VariantFormat, dict[str, Any]] = {
    VariantFormat.AVIF: {"quality": 60, "speed": 9, "max_threads": 1},
    VariantFormat.WEBP: {"quality": 75, "method": 2},
    VariantFormat.JPEG: {"quality": 80, "optimize": True, "progressive": True},
    VariantFormat.PNG: {"compress_level": 6},
}
"""How each format is encoded, by its options in Pillow."""
LOWER_QUALITIES = (50, 30, 15, 5)
"""What would be too large for a response is encoded with these, one after the other."""
PNG_COLORS = 256
"""Of a PNG that would be too large. Then a pixel takes a byte at most, and 2000 x 2000 of them fit."""


def make_variant(data: bytes, variant: Variant) -> bytes:
    """Raises UnacceptableImage, and nothing else, for bytes that are not a whole image within the limits."""
    with open_image(data) as (opened, _):
        with refusing_damage():
            opened.load()
            image = simplify_mode(opened)
        image = convert_to_srgb(image, opened.info.get("icc_profile"))
    size = (variant.width, variant.height)
    image = cover(image, size) if variant.fit is Fit.COVER else resize(image, size)
    if variant.format is VariantFormat.JPEG:
        image = _put_on_white(image)
    image.info = {}  # the encoders would write some of it
    return _encode(image, variant.format)


def _encode(image: Image.Image, variant_format: VariantFormat) -> bytes:
    """Encode a picture, with less quality if it would be too large for a response."""
    for picture, options in _list_attempts(image, variant_format):
        file = BytesIO()
        picture.save(file, variant_format, **options)
        if file.tell() <= MAX_VARIANT_BYTES:
            break
    return file.getvalue()


def _list_attempts(
    image: Image.Image, variant_format: VariantFormat
) -> Iterator[tuple[Image.Image, dict[str, Any]]]:
    options = OPTIONS[variant_format]
    yield image, options
    if variant_format is VariantFormat.PNG:
        yield image.quantize(PNG_COLORS, Image.Quantize.FASTOCTREE), options
        return
    for quality in LOWER_QUALITIES:
        yield image, options | {"quality": quality}


def _put_on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
