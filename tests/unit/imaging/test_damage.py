import struct

import pytest
from PIL import Image

from imaging.damage import refusing_damage
from shared.errors import TooManyPixels, UnacceptableImage


@pytest.mark.parametrize(
    "error", [OSError, ValueError, SyntaxError, RuntimeError, KeyError, struct.error, EOFError]
)
def test_any_error_of_a_parser_means_a_damaged_image(error: type[Exception]) -> None:
    with pytest.raises(UnacceptableImage, match="truncated or damaged"), refusing_damage():
        raise error


def test_missing_memory_is_no_fault_of_the_image() -> None:
    with pytest.raises(MemoryError), refusing_damage():
        raise MemoryError


@pytest.mark.parametrize("error", [Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_too_many_pixels_are_told_where_the_decoder_notices_them(error: type[Exception]) -> None:
    with pytest.raises(TooManyPixels, match="more than 100 megapixels"), refusing_damage():
        raise error
