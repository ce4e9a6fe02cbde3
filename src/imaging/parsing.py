"""Pillow's parsers, kept within bounds. They see a file only after its header was read in Python."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from io import BytesIO

from PIL import AvifImagePlugin, Image
from PIL.ImageFile import ImageFile

from shared.errors import UnsupportedImage
from shared.headers.exif import ORIENTATIONS
from shared.headers.header import DamagedImage, Header
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, detect_format, read_header

MAX_EXIF_BYTES = 1_000_000

# Pillow imports the last two when it meets an EXIF block or a JPEG of several pictures.
_PLUGINS = (
    "JpegImagePlugin",
    "PngImagePlugin",
    "GifImagePlugin",
    "WebPImagePlugin",
    "AvifImagePlugin",
    "TiffImagePlugin",
    "MpoImagePlugin",
)
_HEIF_FORMATS = frozenset({"HEIC", "HEIF"})
_ORIENTATION_TAG = 0x0112


@contextmanager
def open_image(data: bytes) -> Iterator[tuple[ImageFile, Header]]:
    """Open an image that is known to be affordable. It is not decoded: do that inside `refusing_damage`."""
    image_format = detect_format(data)
    header = read_header(data, image_format)
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS  # Pillow warns above it, and fails above twice as many
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the process of an image can start none
    with refusing_damage():
        image = _open_file(data, image_format)
    with image:
        if image.size != (header.width, header.height):
            raise DamagedImage
        yield image, header


def _open_file(data: bytes, image_format: str) -> ImageFile:
    if image_format in _HEIF_FORMATS:
        from imaging.heif import open_heif  # noqa: PLC0415 - a build may leave its package out

        return open_heif(data)
    return Image.open(BytesIO(data), formats=[image_format])


def load_plugins() -> None:
    """Import everything that any image needs: a process that is forked later can open no file."""
    Image.preinit()
    for plugin in _PLUGINS:
        import_module(f"PIL.{plugin}")
    if not _HEIF_FORMATS.isdisjoint(CONTENT_TYPES):
        from imaging.heif import load_libheif  # noqa: PLC0415 - as above

        load_libheif()


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn any error that Pillow raises for bad bytes into UnacceptableImage.

    Use it around Pillow's parsers and nothing else. They raise nearly every class of error, and a mistake in
    our own code must not look like a bad image.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except MemoryError:
            # The image was found affordable. If it does not fit, the fault is the machine's.
            raise
        except Exception as error:
            raise DamagedImage from error


def read_exif(image: ImageFile) -> Image.Exif:
    """Return the EXIF block in front of the image data. It is empty if there is none that can be read.

    Pillow's own `getexif` decodes a PNG to find one, and takes the orientation from XMP, as no viewer does.
    """
    exif = Image.Exif()
    with suppress(UnsupportedImage), refusing_damage():
        exif.load((image.info.get("exif") or b"")[:MAX_EXIF_BYTES])
    return exif


def read_orientation(exif: Image.Exif) -> int | None:
    """Return 1 to 8, as EXIF counts them. None if there is no valid one."""
    with suppress(UnsupportedImage), refusing_damage():
        orientation = exif.get(_ORIENTATION_TAG)
        if isinstance(orientation, int) and orientation in ORIENTATIONS:
            return orientation
    return None
