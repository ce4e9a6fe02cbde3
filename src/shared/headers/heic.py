"""The header of a HEIC: its primary picture. What else the file holds does not count."""

from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.boxes import Box, BoxReader
from shared.headers.header import DamagedImage, Header
from shared.headers.heif import list_properties, read_size

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
"""Of pictures and sequences in HEVC."""


def read_header(data: bytes) -> Header:
    """Its size is that of the picture as its decoder returns it: cut out, turned and mirrored already."""
    reader = BoxReader(data)
    if not any(box.kind == b"meta" for box in reader.walk(reader.file)):
        if any(box.kind == b"moov" for box in reader.walk(reader.file)):
            raise UnsupportedImage("The HEIC is a sequence without a still picture.")
        raise DamagedImage
    properties = list_properties(reader)
    size = read_size(reader, properties)
    for box in properties:
        if box.kind == b"clap":
            size = _cut_out(reader, box, size)
        elif box.kind == b"irot" and reader.data[box.start] & 1:
            size = size[1], size[0]
    return Header(*size)


def _cut_out(reader: BoxReader, box: Box, size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the part that a viewer shows. It is a pair of fractions."""
    width, width_parts, height, height_parts = unpack_from(">4I", reader.data[box.start : box.end])
    if not width_parts or not height_parts:
        raise DamagedImage
    part = _divide(width, width_parts), _divide(height, height_parts)
    if part[0] > size[0] or part[1] > size[1]:
        raise DamagedImage
    return part


def _divide(number: int, parts: int) -> int:
    """Round to the nearest integer, and a half up."""
    return (2 * number + parts) // (2 * parts)
