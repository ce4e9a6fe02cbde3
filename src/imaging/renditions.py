"""Bytes become renditions and facts. Renditions are upright, sRGB, without metadata, and of one frame."""

from PIL import Image
from PIL.ImageFile import ImageFile

from imaging.colour import convert_to_srgb
from imaging.damage import refusing_damage
from imaging.encoding import encode
from imaging.exif import read_facts
from imaging.parsing import open_image, read_exif
from imaging.pixels import load_pixels
from imaging.placeholder import make_placeholder
from imaging.reports import EncodedRendition, Rendered
from imaging.sources.source import Source
from imaging.transforms import fit, get_scale, make_upright, resize
from shared.renditions import STILLS, Fit, RenditionName
from shared.variants import VariantFormat

# Chosen by `benchmarks/quality.py`.
WEBP_QUALITY = 75
"""The lowest with an SSIM of 0.95 in photos of 640 pixels: a fifth smaller than 80, and text as legible."""
WEBP_METHOD = 2
"""0 is fastest, 6 smallest: 4 saves 5 % for 60 % more CPU time, 6 may take 30 s for alpha."""


def render(data: bytes) -> Rendered:
    """Raises UnacceptableImage, and nothing else, for bytes that are not a whole image within the limits."""
    with open_image(data) as (opened, header, source):
        size = header.upright_size
        exif = read_exif(opened, source)
        image = _decode(opened, source, max(get_scale(size, name) for name in STILLS))
    image = make_upright(convert_to_srgb(image, source.profiles), header.orientation)
    renditions: dict[RenditionName, EncodedRendition] = {}
    encoded = None
    # Each picture that is whole is the source of the next smaller one.
    for name in sorted(STILLS, key=lambda name: -get_scale(size, name)):
        picture = fit(image, size, name)
        renditions[name] = encoded if encoded and picture is image else _encode(picture)
        if name.fit is Fit.INSIDE:
            image, encoded = picture, renditions[name]
    return Rendered(renditions, make_placeholder(image), read_facts(exif, header.orientation))


def _decode(opened: ImageFile, source: Source, scale: float) -> Image.Image:
    """Decode the first frame at this part of its size."""
    width, height = opened.size
    size = max(1, round(width * scale)), max(1, round(height * scale))
    with refusing_damage():
        # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size: the smallest that is not below the one here.
        opened.draft(None, size)
        image = load_pixels(opened, source)
    return resize(image, size)


def _encode(image: Image.Image) -> EncodedRendition:
    options = {"quality": WEBP_QUALITY, "method": WEBP_METHOD}
    return EncodedRendition(encode(image, VariantFormat.WEBP, options), *image.size)
