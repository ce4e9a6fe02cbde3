"""The header of a JPEG: the segments in front of its first scan.

A small file made of thousands of tiny pieces keeps a parser busy for minutes, and a progressive JPEG may ask
for thousands of passes over its pixels. Both are found from the pieces alone.
"""

import re
from collections.abc import Iterator
from itertools import islice
from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.exif import PREFIX, read_orientation
from shared.headers.header import DamagedImage, Header

SIGNATURE = b"\xff\xd8\xff"
MAX_SEGMENTS = 1000
"""More than an upload of the largest size holds, if each is full."""
MAX_SCANS = 100
MAX_EXIF_BYTES = 1_000_000
MAX_FILL_BYTES = 65_536
"""Bytes between segments. Decoders skip them."""

_MARKER = re.compile(rb"\xff([\x01-\xfe])")
_MARKER_BYTES = 2
_FIRST_MARKER = 0xC0  # those below are reserved
_WITHOUT_CONTENT = frozenset([0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)])
START_OF_FRAME = frozenset([*range(0xC0, 0xD0), 0xDE]) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN, APPLICATION_1 = 0xDA, 0xE1
SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
"""Decoders accept no other headers of scans, so other data hardly ever matches by chance."""
_SAMPLE_BITS = 8
_COMPONENTS = (1, 3, 4)
FRAME_BYTES, COMPONENT_BYTES = 6, 3


def read_header(data: bytes) -> Header:
    """Read a JPEG. One that carries further pictures, such as a depth map, does not move."""
    frame = None
    exif = bytearray()
    for marker, start, end in walk_segments(data):
        content = data[start:end]
        if marker in START_OF_FRAME:
            frame = content
        elif marker == APPLICATION_1 and content.startswith(PREFIX):
            exif += content[len(PREFIX) : len(PREFIX) + MAX_EXIF_BYTES - len(exif)]
    if sum(1 for _ in islice(SCAN.finditer(data), MAX_SCANS + 1)) > MAX_SCANS:
        raise UnsupportedImage(f"The JPEG has more than {MAX_SCANS:,} scans.")
    if frame is None:
        raise DamagedImage
    width, height = _read_size(frame)
    return Header(width, height, orientation=read_orientation(bytes(exif)))


def walk_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment, and where its content starts and ends, up to the head of a scan."""
    position, fill_bytes = 2, 0
    for _ in range(MAX_SEGMENTS):
        furthest = position + MAX_FILL_BYTES - fill_bytes + _MARKER_BYTES
        match = _MARKER.search(data, position, furthest)
        if not match and furthest < len(data):
            raise UnsupportedImage("The JPEG has too much in front of its picture.")
        if not match or match[1][0] < _FIRST_MARKER:
            raise DamagedImage
        fill_bytes += match.start() - position
        marker, position = match[1][0], match.end()
        if marker in _WITHOUT_CONTENT:
            continue
        (length,) = unpack_from(">H", data, position)
        end = position + max(2, length)
        if end > len(data):
            raise DamagedImage
        yield marker, position + 2, end
        if marker == START_OF_SCAN:
            return
        position = end
    raise UnsupportedImage(f"The JPEG has more than {MAX_SEGMENTS:,} segments in front of its picture.")


def _read_size(frame: bytes) -> tuple[int, int]:
    bits, height, width, components = unpack_from(">BHHB", frame)
    is_whole = (len(frame) - FRAME_BYTES) % COMPONENT_BYTES == 0
    if bits != _SAMPLE_BITS or components not in _COMPONENTS or not is_whole:
        raise DamagedImage
    return width, height
