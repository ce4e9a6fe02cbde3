"""Errors of Pillow become errors that a client may read."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from shared.errors import TooManyPixels
from shared.headers.header import DamagedImage
from shared.inspection import TOO_MANY_PIXELS


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
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise TooManyPixels(TOO_MANY_PIXELS) from error
        except MemoryError:
            # The image was found affordable. If it does not fit, the fault is the machine's.
            raise
        except Exception as error:
            raise DamagedImage from error
