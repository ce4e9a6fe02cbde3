"""A stored rendition becomes a variant: another size, another format or both, without metadata."""

from typing import Any

from PIL import Image

from imaging.colour import convert_to_srgb, simplify_mode
from imaging.damage import refusing_damage
from imaging.encoding import encode
from imaging.parsing import open_image
from imaging.renditions import WEBP_QUALITY
from imaging.transforms import cover, resize
from shared.renditions import Fit
from shared.variants import Variant, VariantFormat

# Chosen by `benchmarks/formats.py`. Numbers are means of real photos, made in 320, 640 and 1280 pixels.
# SSIMULACRA 2 is closer to what people see than SSIM. It was measured beside it, in 640 pixels.
OPTIONS: dict[VariantFormat, dict[str, Any]] = {
    # The SSIM of WebP in as many bytes, but 10 % fewer for the same SSIMULACRA 2. "tune": "ssim" takes 16 %
    # fewer bytes for the same SSIM, and 15 % more for the same SSIMULACRA 2. Speed 6 saves 12 % by both, in
    # three times the time. Speed 9 takes a third of the time and 15 % more bytes.
    VariantFormat.AVIF: {"quality": 60, "speed": 8, "max_threads": 1},
    # An SSIM of 0.957. Method 2, as in renditions, takes 9 % more bytes for the same SSIM. It saves 14 ms of
    # 45, which count more where four renditions are made while an upload waits.
    VariantFormat.WEBP: {"quality": WEBP_QUALITY, "method": 4},
    # The SSIM of WebP, and its SSIMULACRA 2, in 50 % more bytes. Both options together save 5 % and take 3 ms
    # of 40. 4:4:4 takes 18 % more bytes for the same SSIM.
    VariantFormat.JPEG: {"quality": 70, "optimize": True, "progressive": True},
    # Level 6 saves 3 % for twice the time, 9 saves 4 % for six times.
    VariantFormat.PNG: {"compress_level": 3},
}
"""The options of each format in Pillow."""


def make_variant(data: bytes, variant: Variant) -> bytes:
    """Raises UnacceptableImage, and nothing else, for bytes that are not a whole image within the limits."""
    with open_image(data) as (opened, _, source):
        with refusing_damage():
            opened.load()
            image = simplify_mode(opened)
        image = convert_to_srgb(image, source.profiles)
    size = (variant.width, variant.height)
    image = cover(image, size) if variant.fit is Fit.COVER else resize(image, size)
    if variant.format is VariantFormat.JPEG:
        image = _put_on_white(image)
    image.info = {}  # the encoders would write some of it
    return encode(image, variant.format, OPTIONS[variant.format])


def _put_on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
