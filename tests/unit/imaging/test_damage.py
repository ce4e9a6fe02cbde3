import struct

import pytest

from imaging.damage import refusing_damage
from shared.errors import UnacceptableImage


@pytest.mark.parametrize(
    "error", [OSError, ValueError, SyntaxError, RuntimeError, KeyError, struct.error, EOFError]
)
def test_any_error_of_a_parser_means_a_damaged_image(error: type[Exception]) -> None:
    with pytest.raises(UnacceptableImage, match="truncated or damaged"), refusing_damage():
        raise error


def test_missing_memory_is_no_fault_of_the_image() -> None:
    with pytest.raises(MemoryError), refusing_damage():
        raise MemoryError
