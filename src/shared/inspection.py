"""Finds out what kind of image some bytes are. It looks at the bytes, never at their name or type."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from shared.errors import TooManyPixels, UnsupportedImage
from shared.headers import avif, gif, heic, jpeg, png, webp
from shared.headers.header import DamagedImage, Header, require_few_frames
from shared.headers.others import explain_refusal

MAX_IMAGE_PIXELS = 100_000_000
TOO_MANY_PIXELS = f"The image has more than {MAX_IMAGE_PIXELS / 1e6:g} megapixels."
MAX_SIDE_PX = 30_000
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "HEIC": "image/heic",
    "HEIF": "image/heif",
}
"""The accepted formats: the name of each, and its media type."""
if not find_spec("pillow_heif"):  # a build may leave it out
    del CONTENT_TYPES["HEIC"], CONTENT_TYPES["HEIF"]

_READERS: dict[str, Callable[[bytes], Header]] = {
    "JPEG": jpeg.read_header,
    "PNG": png.read_header,
    "GIF": gif.read_header,
    "WEBP": webp.read_header,
    "AVIF": avif.read_header,
    "HEIC": heic.read_header,
    "HEIF": heic.read_header,
}
_MAX_BRANDS_BYTES = 256


@dataclass(frozen=True)
class Inspection:
    """The facts in a file's header. Width and height are those that a viewer sees."""

    content_type: str
    width: int
    height: int
    animated: bool


def inspect(data: bytes) -> Inspection:
    """Read the header only: the pixels behind it may still be damaged. Raises UnacceptableImage."""
    image_format = detect_format(data)
    header = read_header(data, image_format)
    width, height = header.upright_size
    return Inspection(CONTENT_TYPES[image_format], width, height, header.frames > 1)


def detect_format(data: bytes) -> str:
    """Return the name of the format, by the first bytes."""
    if data.startswith(jpeg.SIGNATURE):
        return "JPEG"
    if data.startswith(png.SIGNATURE):
        return "PNG"
    if data.startswith(gif.SIGNATURES):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    image_format = _detect_brand(data) if data[4:8] == b"ftyp" else None
    if image_format in CONTENT_TYPES:
        return image_format
    *names, last = CONTENT_TYPES
    raise UnsupportedImage(explain_refusal(data, f"a {', '.join(names)} or {last}"))


def _detect_brand(data: bytes) -> str | None:
    """Return the name of the format by the brands. The first one is the major brand."""
    end = min(int.from_bytes(data[:4]), _MAX_BRANDS_BYTES)
    brands = [data[at : at + 4] for at in range(8, end, 4)]
    if not heic.BRANDS.isdisjoint(brands[:1]):
        return "HEIC"
    if not {b"avif", b"avis"}.isdisjoint(brands):
        return "AVIF"
    return None if heic.BRANDS.isdisjoint(brands) else "HEIF"


def read_header(data: bytes, image_format: str) -> Header:
    """Read the header of an image that can be afforded. Raises UnacceptableImage for others."""
    try:
        header = _READERS[image_format](data)
    except (struct.error, IndexError) as error:
        raise DamagedImage from error
    _require_size(header.width, header.height)
    require_few_frames(header.frames)
    return header


def _require_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UnsupportedImage("The image has no pixels.")
    if width * height > MAX_IMAGE_PIXELS:
        raise TooManyPixels(TOO_MANY_PIXELS)
    if max(width, height) > MAX_SIDE_PX:
        raise TooManyPixels(f"The image is {width} x {height}. A side has at most {MAX_SIDE_PX:,} pixels.")
