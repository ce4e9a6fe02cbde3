"""A stored rendition becomes a variant: another size, another format or both, without metadata."""

from typing import Any

from PIL import Image

from imaging.colour import convert_to_srgb, simplify_mode
from imaging.encoding import encode
from imaging.parsing import open_image, refusing_damage
from imaging.renditions import WEBP_METHOD, WEBP_QUALITY
from imaging.transforms import cover, resize
from shared.renditions import Fit
from shared.variants import Variant, VariantFormat

# Chosen by `benchmarks/formats.py`. Numbers are means of photos of 320, 640 and 1280 pixels.
OPTIONS: dict[VariantFormat, dict[str, Any]] = {
    # 13 % smaller than WebP, for an SSIM that is lower by 0.012. Speed 9 takes a third of the processor time,
    # but then WebP of the same SSIM is smaller. Speed 6 saves 12 % at the same SSIM for three times the time.
    VariantFormat.AVIF: {"quality": 60, "speed": 8, "max_threads": 1},
    # As renditions: an SSIM of 0.954. Method 4 saves 3 % for 80 % more time.
    VariantFormat.WEBP: {"quality": WEBP_QUALITY, "method": WEBP_METHOD},
    # The SSIM of WebP, in 60 % more bytes. Both options together save 5 % and take 5 ms of 20. 4:4:4 takes
    # 18 % more bytes for the same SSIM.
    VariantFormat.JPEG: {"quality": 84, "optimize": True, "progressive": True},
    # Level 6 saves 3 % for twice the time, 9 saves 4 % for six times.
    VariantFormat.PNG: {"compress_level": 3},
}
"""The options of each format in Pillow."""


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
    return encode(image, variant.format, OPTIONS[variant.format])


def _put_on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
