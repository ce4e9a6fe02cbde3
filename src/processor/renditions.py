"""Bytes -> renditions and facts. What comes out is upright, sRGB, without metadata, and of one frame."""

from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms
from PIL.ImageFile import ImageFile

from processor.exif import read_facts
from processor.placeholder import make_placeholder
from shared.inspection import Inspection, describe, open_image, read_exif, read_orientation, refusing_damage
from shared.models import RENDITION_EDGES_PX, Exif, Placeholder, RenditionName

# Chosen by `benchmarks/quality.py`.
WEBP_QUALITY = 75
"""The least with an SSIM of 0.95 in photos of 640 pixels: a fifth smaller than at 80, and text as legible."""
WEBP_METHOD = 2
"""0 is fastest, 6 smallest: 4 saves 5 % for 60 % more processor time, 6 may take 30 s for alpha."""
RESAMPLING = Image.Resampling.BICUBIC
"""As like the original as Lanczos at the same bytes, in a fifth less processor time for 12 megapixels."""
REDUCING_GAP = 1.5
"""How far above its final size an image is first reduced by plain averaging: 2 takes a fifth longer for 48
megapixels, and photos look the same. JPEGs hardly need it, for they are decoded reduced."""
MAX_ICC_PROFILE_BYTES = 4_000_000

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PROFILE_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}


@dataclass(frozen=True)
class EncodedRendition:
    """One size of an image, as WebP."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Rendered:
    """All that is made and learnt of an image."""

    inspection: Inspection
    renditions: dict[RenditionName, EncodedRendition]
    placeholder: Placeholder
    exif: Exif | None


def render(data: bytes) -> Rendered:
    """Raises `UnacceptableImage`, and nothing else, of bytes that are no whole image within the limits."""
    with open_image(data) as opened:
        inspection = describe(opened)
        exif = read_exif(opened)
        orientation = read_orientation(exif)
        profile = opened.info.get("icc_profile")
        image = _decode(opened)
    image = _convert_to_srgb(image, profile)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    encoded = _encode(image)
    renditions: dict[RenditionName, EncodedRendition] = {}
    for name, edge_px in sorted(RENDITION_EDGES_PX.items(), key=lambda item: -item[1]):
        size = _fit(inspection.width, inspection.height, edge_px)
        if size != image.size:
            image = _resize(image, size)
            encoded = _encode(image)
        renditions[name] = encoded
    return Rendered(inspection, renditions, make_placeholder(image), read_facts(exif))


def _fit(width: int, height: int, edge_px: int) -> tuple[int, int]:
    scale = min(1, edge_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _decode(opened: ImageFile) -> Image.Image:
    """The first frame, no larger than the largest rendition."""
    size = _fit(*opened.size, max(RENDITION_EDGES_PX.values()))
    with refusing_damage():
        # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size: the least that is not below the one asked for.
        opened.draft(None, size)
        opened.load()
        image = _simplify_mode(opened)
    return _resize(image, size)


def _simplify_mode(image: Image.Image) -> Image.Image:
    """The same pixels in one of the modes that shrink well: L, LA, RGB, RGBA and CMYK."""
    if image.mode in ("LA", "RGBA", "CMYK"):
        return image
    if image.mode == "I;16":
        # Pillow's own conversion clips 16 bits to 8, a transparent shade with them: that one is dropped.
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, RESAMPLING, reducing_gap=REDUCING_GAP)


def _convert_to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """RGB, or RGBA where something shows through."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    opaque = image.convert(image.mode.removesuffix("A"))
    color = _apply_profile(opaque, profile).convert("RGB")
    if alpha and alpha.getextrema() != (255, 255):
        color.putalpha(alpha)
    return color


def _apply_profile(image: Image.Image, profile: object) -> Image.Image:
    """Unchanged where the profile cannot be read or is none for such an image."""
    # A text chunk of a PNG may pose as its profile: then it is a str.
    if not isinstance(profile, bytes) or len(profile) > MAX_ICC_PROFILE_BYTES:
        return image
    with suppress(OSError, ImageCms.PyCMSError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _PROFILE_MODES.get(source.profile.xcolor_space)
        if mode == "RGB" and image.mode == "L":
            image = image.convert("RGB")
        if mode == image.mode:
            srgb = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, source, srgb, outputMode="RGB") or image
    return image


def _encode(image: Image.Image) -> EncodedRendition:
    file = BytesIO()
    image.save(file, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    return EncodedRendition(file.getvalue(), *image.size)
