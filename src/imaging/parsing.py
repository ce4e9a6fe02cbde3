"""Pillow's parsers, kept within bounds. They see a file only after its header was read in Python."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from io import BytesIO

from PIL import AvifImagePlugin, Image
from PIL.ImageFile import ImageFile

from imaging.damage import refusing_damage
from imaging.sources import avif, heif, jpeg, png, webp
from imaging.sources.source import Source
from shared.errors import UnsupportedImage
from shared.headers.header import DamagedImage, Header
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, detect_format, read_header

MAX_EXIF_BYTES = 1_000_000

# Pillow imports the last one when it meets an EXIF block.
_PLUGINS = (
    "JpegImagePlugin",
    "PngImagePlugin",
    "GifImagePlugin",
    "WebPImagePlugin",
    "AvifImagePlugin",
    "TiffImagePlugin",
)
_HEIF_FORMATS = frozenset({"HEIC", "HEIF"})
_SOURCES: dict[str, Callable[[bytes], Source]] = {
    "JPEG": jpeg.read_source,
    "PNG": png.read_source,
    "WEBP": webp.read_source,
    "AVIF": avif.read_source,
    **dict.fromkeys(_HEIF_FORMATS, heif.read_source),
}


@contextmanager
def open_image(data: bytes) -> Iterator[tuple[ImageFile, Header, Source]]:
    """Open an image that is known to be affordable. It is not decoded: do that inside `refusing_damage`."""
    image_format = detect_format(data)
    header = read_header(data, image_format)
    source = _SOURCES.get(image_format, Source)(data)
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS  # Pillow warns above it, and fails above twice as many
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the process of an image can start none
    with refusing_damage():
        image = _open_file(source.data, image_format)
    with image:
        if image.size != (header.width, header.height):
            raise DamagedImage
        yield image, header, source


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


def read_exif(image: ImageFile, source: Source) -> Image.Exif:
    """Return the EXIF block in front of the image data. It is empty if there is none that can be read.

    Pillow's own `getexif` takes the orientation from XMP, as no viewer does.
    """
    exif = Image.Exif()
    with suppress(UnsupportedImage), refusing_damage():
        exif.load((source.exif or image.info.get("exif", b""))[:MAX_EXIF_BYTES])
    return exif
