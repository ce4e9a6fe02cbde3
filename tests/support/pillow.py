"""The facts of an image as Pillow sees them: the peer of `shared.inspection`, which reads headers itself."""

from __future__ import annotations

import warnings
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from shared.errors import TooManyPixels, UnacceptableImage, UnsupportedImage
from shared.headers.header import DamagedImage
from shared.inspection import CONTENT_TYPES, MAX_IMAGE_PIXELS, Inspection, detect_format, inspect

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.ImageFile import ImageFile

ORIENTATION_TAG = 0x0112
PLUGINS = {"WEBP": "WebPImagePlugin", "AVIF": "AvifImagePlugin"}
"""Without these imports, Pillow imports the plugins of all formats."""
HEIF_FORMATS = frozenset({"HEIC", "HEIF"})


def inspect_with_pillow(data: bytes) -> Inspection:
    """Raises UnacceptableImage."""
    from PIL import Image  # noqa: PLC0415 - a benchmark measures this import

    image_format = detect_format(data)
    if image_format in PLUGINS:
        import_module(f"PIL.{PLUGINS[image_format]}")
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with _open(data, image_format) as image:
                width, height = image.size
                if read_orientation(image) in range(5, 9):
                    width, height = height, width
                animated = image.format not in {"MPO", "HEIF"} and bool(getattr(image, "is_animated", False))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise TooManyPixels from error
        except Exception as error:
            raise DamagedImage from error
    return Inspection(CONTENT_TYPES[image_format], width, height, animated)


def _open(data: bytes, image_format: str) -> ImageFile:
    if image_format in HEIF_FORMATS:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 - same

        return HeifImageFile(BytesIO(data))  # type: ignore[no-untyped-call] # pillow-heif's
    from PIL import Image  # noqa: PLC0415 - same

    return Image.open(BytesIO(data), formats=[image_format])


def read_orientation(image: ImageFile) -> int | None:
    from PIL.Image import Exif  # noqa: PLC0415 - same

    exif = Exif()
    with suppress(Exception):
        exif.load(image.info.get("exif") or b"")
        orientation = exif.get(ORIENTATION_TAG)
        return orientation if isinstance(orientation, int) else None
    return None


def judge(
    data: bytes, inspect_it: Callable[[bytes], Inspection] = inspect
) -> Inspection | type[UnacceptableImage]:
    """Return the facts of an image, or why the API refuses it."""
    try:
        return inspect_it(data)
    except TooManyPixels:
        return TooManyPixels
    except UnsupportedImage:
        return UnsupportedImage
