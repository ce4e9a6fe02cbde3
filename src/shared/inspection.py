"""Bytes -> what image this is, within which limits. Judges what the bytes are, never what they are called."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from shared.errors import TooManyPixels, UnsupportedImage
from shared.structure import MAX_FRAMES, check_structure

if TYPE_CHECKING:
    from PIL.Image import Exif
    from PIL.ImageFile import ImageFile

MAX_IMAGE_PIXELS = 100_000_000
MAX_SIDE_PX = 30_000
MAX_EXIF_BYTES = 1_000_000
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
"""What is accepted: Pillow's name of each format, and its media type."""

_PLUGINS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "GIF": "GifImagePlugin",
    "WEBP": "WebPImagePlugin",
    "AVIF": "AvifImagePlugin",
}
_ORIENTATION_TAG = 0x0112
_MAX_BRANDS_BYTES = 256


@dataclass(frozen=True)
class Inspection:
    """What a file's header says of its image. Width and height are those that a viewer sees."""

    content_type: str
    width: int
    height: int
    animated: bool


def inspect(data: bytes) -> Inspection:
    """Reads the header only: what is behind it may still be damaged."""
    with open_image(data) as image:
        return describe(image)


def describe(image: "ImageFile") -> Inspection:
    """The facts of an image from `open_image`, which must not be decoded yet."""
    width, height = image.size
    if read_orientation(read_exif(image)) in range(5, 9):
        width, height = height, width
    # An MPO is a JPEG that carries further pictures, such as a depth map: nothing moves.
    is_mpo = image.format == "MPO"
    with refusing_damage():
        animated = not is_mpo and bool(getattr(image, "is_animated", False))
    return Inspection(CONTENT_TYPES["JPEG" if is_mpo else image.format or ""], width, height, animated)


@contextmanager
def open_image(data: bytes) -> "Iterator[ImageFile]":
    """The image, known to be affordable and not yet decoded. Decode it inside `refusing_damage`."""
    from PIL import Image  # noqa: PLC0415 - takes 38 ms, which only an upload should pay

    image_format = detect_format(data)
    check_structure(data, image_format)
    # Without its plugin at hand, Pillow imports those of all formats: another 100 ms.
    import_module(f"PIL.{_PLUGINS[image_format]}")
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS  # Pillow warns above it, and fails above twice as many
    with refusing_damage():
        image = Image.open(BytesIO(data), formats=[image_format])
    with image:
        _check_size(image.width, image.height)
        _check_frames(image)
        yield image


def load_plugins() -> None:
    """Import what any image needs, so that processes which are forked later have it at hand."""
    from PIL import Image  # noqa: PLC0415 - see `open_image`

    Image.preinit()
    for plugin in _PLUGINS.values():
        import_module(f"PIL.{plugin}")


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turns what Pillow raises of bad bytes into `UnacceptableImage`.

    Hold it around Pillow's parsers and nothing else: they raise nearly every class there is, and a mistake of
    our own must not look like a bad image.
    """
    from PIL.Image import DecompressionBombError, DecompressionBombWarning  # noqa: PLC0415 - see `open_image`

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DecompressionBombWarning)
        try:
            yield
        except (DecompressionBombError, DecompressionBombWarning) as error:
            raise TooManyPixels(f"The image has more than {MAX_IMAGE_PIXELS / 1e6:g} megapixels.") from error
        except MemoryError:
            # The image was found affordable: if it does not fit, the machine is in trouble, not the image.
            raise
        except Exception as error:
            raise UnsupportedImage("The image is truncated or damaged.") from error


def detect_format(data: bytes) -> str:
    """Pillow's name of the format, by its first bytes."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = data[8 : min(int.from_bytes(data[:4]), _MAX_BRANDS_BYTES)]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
    raise UnsupportedImage("The file is none of the accepted images: JPEG, PNG, GIF, WebP or AVIF.")


def read_exif(image: "ImageFile") -> "Exif":
    """The EXIF block in front of the image data; empty where there is none that can be read.

    Pillow's own `getexif` decodes a PNG to find one, and believes an orientation in XMP, as no viewer does.
    """
    from PIL.Image import Exif  # noqa: PLC0415 - see `open_image`

    exif = Exif()
    with suppress(UnsupportedImage), refusing_damage():
        exif.load((image.info.get("exif") or b"")[:MAX_EXIF_BYTES])
    return exif


def read_orientation(exif: "Exif") -> int | None:
    """1 to 8, as EXIF counts them; None where there is none, or none that makes sense."""
    with suppress(UnsupportedImage), refusing_damage():
        orientation = exif.get(_ORIENTATION_TAG)
        if isinstance(orientation, int) and orientation in range(1, 9):
            return orientation
    return None


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UnsupportedImage("The image has no pixels.")
    if max(width, height) > MAX_SIDE_PX:
        raise TooManyPixels(f"The image is {width} x {height}; a side has at most {MAX_SIDE_PX:,} pixels.")


def _check_frames(image: "ImageFile") -> None:
    # Pillow finds the frames of a GIF by walking through them: `check_structure` has counted those.
    if image.format == "GIF":
        return
    with refusing_damage():
        frames = getattr(image, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise UnsupportedImage(f"The image has more than {MAX_FRAMES:,} frames.")
