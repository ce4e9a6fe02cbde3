"""Finds out what kind of image some bytes are. It looks at the bytes, never at their name or type."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from shared.errors import TooManyPixels, UnsupportedImage
from shared.structure import MAX_FRAMES, require_structure

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
"""The accepted formats: Pillow's name of each, and its media type."""

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
    """The facts in a file's header. Width and height are those that a viewer sees."""

    content_type: str
    width: int
    height: int
    animated: bool


def inspect(data: bytes) -> Inspection:
    """Read the header only: the pixels behind it may still be damaged. Raises UnacceptableImage."""
    with open_image(data) as image:
        return describe(image)


def describe(image: "ImageFile") -> Inspection:
    """Return the facts of an image from `open_image`, which must not be decoded yet."""
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
    """Open an image that is known to be affordable. It is not decoded: do that inside `refusing_damage`."""
    from PIL import Image  # noqa: PLC0415 - only an upload should pay its 38 ms

    image_format = detect_format(data)
    require_structure(data, image_format)
    # If the plugin is not imported yet, Pillow imports those of all formats: another 100 ms.
    import_module(f"PIL.{_PLUGINS[image_format]}")
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS  # Pillow warns above it, and fails above twice as many
    with refusing_damage():
        image = Image.open(BytesIO(data), formats=[image_format])
    with image:
        _require_size(image.width, image.height)
        _require_few_frames(image)
        yield image


def load_plugins() -> None:
    """Import everything that any image needs: a process that is forked later can open no file."""
    from PIL import Image  # noqa: PLC0415 - see `open_image`

    Image.preinit()
    # Pillow imports the last two when it meets an EXIF block or a JPEG of several pictures.
    for plugin in (*_PLUGINS.values(), "TiffImagePlugin", "MpoImagePlugin"):
        import_module(f"PIL.{plugin}")


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn any error that Pillow raises for bad bytes into UnacceptableImage.

    Use it around Pillow's parsers and nothing else. They raise nearly every class of error, and a mistake in
    our own code must not look like a bad image.
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
            # The image was found affordable. If it does not fit, the fault is the machine's.
            raise
        except Exception as error:
            raise UnsupportedImage("The image is truncated or damaged.") from error


def detect_format(data: bytes) -> str:
    """Return Pillow's name of the format, by the first bytes."""
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
    raise UnsupportedImage("The file is not an accepted image. Send a JPEG, PNG, GIF, WebP or AVIF.")


def read_exif(image: "ImageFile") -> "Exif":
    """Return the EXIF block in front of the image data. It is empty if there is none that can be read.

    Pillow's own `getexif` decodes a PNG to find one, and takes the orientation from XMP, as no viewer does.
    """
    from PIL.Image import Exif  # noqa: PLC0415 - see `open_image`

    exif = Exif()
    with suppress(UnsupportedImage), refusing_damage():
        exif.load((image.info.get("exif") or b"")[:MAX_EXIF_BYTES])
    return exif


def read_orientation(exif: "Exif") -> int | None:
    """Return 1 to 8, as EXIF counts them. None if there is no valid one."""
    with suppress(UnsupportedImage), refusing_damage():
        orientation = exif.get(_ORIENTATION_TAG)
        if isinstance(orientation, int) and orientation in range(1, 9):
            return orientation
    return None


def _require_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UnsupportedImage("The image has no pixels.")
    if max(width, height) > MAX_SIDE_PX:
        raise TooManyPixels(f"The image is {width} x {height}. A side has at most {MAX_SIDE_PX:,} pixels.")


def _require_few_frames(image: "ImageFile") -> None:
    # Pillow finds the frames of a GIF by walking through them. `require_structure` has counted those.
    if image.format == "GIF":
        return
    with refusing_damage():
        frames = getattr(image, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise UnsupportedImage(f"The image has more than {MAX_FRAMES:,} frames.")
