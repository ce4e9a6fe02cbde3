"""Colour: pictures of any mode and profile become sRGB."""

from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageCms

from imaging.sources.source import MAX_ICC_PROFILE_BYTES

_PROFILE_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}


def simplify_mode(image: Image.Image) -> Image.Image:
    """Return the same pixels in one of the modes that shrink well: L, LA, RGB, RGBA or CMYK."""
    if image.mode in ("LA", "RGBA", "CMYK"):
        return image
    if image.mode == "I;16":
        # Pillow's own conversion clips 16 bits to 8, and a transparent shade with them. That one is dropped.
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def convert_to_srgb(image: Image.Image, profiles: Iterable[bytes]) -> Image.Image:
    """Return RGB, or RGBA if a part is transparent. The first of the ICC profiles that fits is applied."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    opaque = _convert(image, image.mode.removesuffix("A"))
    applied = next(filter(None, (_apply_profile(opaque, profile) for profile in profiles)), opaque)
    color = _convert(applied, "RGB")
    if alpha and alpha.getextrema() != (255, 255):
        color.putalpha(alpha)
    return color


def _convert(image: Image.Image, mode: str) -> Image.Image:
    """Returns the same object if it has that mode already: Pillow would copy it."""
    return image if image.mode == mode else image.convert(mode)


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return None if the profile cannot be read, or is for another kind of image."""
    if len(profile) > MAX_ICC_PROFILE_BYTES:
        return None
    with suppress(OSError, UnicodeDecodeError, ImageCms.PyCMSError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _PROFILE_MODES.get(source.profile.xcolor_space)
        if mode == "RGB" and image.mode == "L":
            image = image.convert("RGB")
        if mode == image.mode:
            srgb = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    return None
