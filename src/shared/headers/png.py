"""The header of a PNG: the chunks in front of its pixels. Those behind are counted."""

import re
from collections.abc import Iterator
from struct import unpack_from
from zlib import crc32

from shared.errors import UnsupportedImage
from shared.headers.exif import read_orientation
from shared.headers.header import DamagedImage, Header

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 100_000
MAX_METADATA_CHUNKS = 300

_PICTURE = frozenset([b"IDAT", b"fcTL", b"fdAT"])
_PIXELS = frozenset([b"IDAT", b"fdAT"])
_KIND = re.compile(rb"\w{4}")
_MIN_BYTES = {b"IHDR": 13, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"acTL": 8, b"fcTL": 26}
_MIN_TRANSPARENCY_BYTES = {0: 2, 2: 6}
"""By the type of colour: one sample of gray, or of red, green and blue."""
_BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""The depths that each type of colour may have."""
_MAX_ANIMATION_FRAMES = 2**31


def read_header(data: bytes) -> Header:
    width = height = colour = 0
    exif = b""
    animations: list[int] = []
    controls = 0
    chunks = _walk_chunks(data)
    for kind, content in _read_until_pixels(data, chunks):
        if len(content) < _MIN_BYTES.get(kind, 0):
            raise DamagedImage
        match kind:
            case b"IHDR":
                width, height, bits, colour, _, filtering = unpack_from(">IIBBBB", content)
                if filtering or bits not in _BITS.get(colour, ()):
                    raise DamagedImage
            case b"tRNS" if len(content) < _MIN_TRANSPARENCY_BYTES.get(colour, 0):
                raise DamagedImage
            case b"eXIf":
                exif = content
            case b"acTL":
                animations.append(*unpack_from(">I", content))
            case b"fcTL":
                _require_frame(content, controls, (width, height))
                controls += 1
    for _ in chunks:
        pass  # the walk refuses too many
    frames = _count_frames(animations, has_default_image=controls == 0)
    return Header(width, height, frames, read_orientation(exif))


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, the start and the length of each chunk. The last one may be cut off."""
    position = len(SIGNATURE)
    metadata_chunks = 0
    for _ in range(MAX_CHUNKS):
        if position >= len(data):
            return
        length, kind = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8]
        if kind not in _PICTURE:
            metadata_chunks += 1
        if metadata_chunks > MAX_METADATA_CHUNKS:
            raise UnsupportedImage(f"The PNG has more than {MAX_METADATA_CHUNKS:,} chunks of metadata.")
        if kind == b"IEND":
            return
        yield kind, position + 8, length
        position += 12 + length
    raise UnsupportedImage(f"The PNG has more than {MAX_CHUNKS:,} chunks.")


def _read_until_pixels(
    data: bytes, chunks: Iterator[tuple[bytes, int, int]]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each chunk, which must be whole."""
    for kind, start, length in chunks:
        if kind in _PIXELS:
            return
        content = data[start : start + length]
        (checksum,) = unpack_from(">I", data, start + length)
        if not _KIND.fullmatch(kind) or crc32(content, crc32(kind)) != checksum:
            raise DamagedImage
        yield kind, content
    raise DamagedImage


def _require_frame(control: bytes, number: int, size: tuple[int, int]) -> None:
    sequence, width, height, left, top = unpack_from(">IIIII", control)
    if sequence != number or left + width > size[0] or top + height > size[1]:
        raise DamagedImage


def _count_frames(animations: list[int], *, has_default_image: bool) -> int:
    """Count the frames of an animation. Viewers show a still picture if it is announced wrongly."""
    if len(animations) != 1 or not 0 < animations[0] <= _MAX_ANIMATION_FRAMES:
        return 1
    return animations[0] + has_default_image
