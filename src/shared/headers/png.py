"""The header of a PNG: the chunks in front of its pixels. What is wrong with metadata harms no picture."""

import re
from collections.abc import Iterator
from struct import error, unpack_from
from zlib import crc32

from shared.errors import UnsupportedImage
from shared.headers.exif import read_orientation
from shared.headers.header import DamagedImage, Header

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 100_000
PIXELS = b"IDAT"

_USED = re.compile(rb"IDAT|PLTE|tRNS|cICP|iCCP|sRGB|gAMA|cHRM|eXIf")
"""The kinds of chunks that tell how a picture looks."""
_HEADER_BYTES, _COLOUR_AT, _PALETTE = 13, 25, 3
_BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""The depths that each type of colour may have."""
_MAX_ANIMATION_FRAMES = 2**31

type Chunk = tuple[bytes, int, int]
"""The kind of a chunk, and where its content starts and ends."""


def read_header(data: bytes) -> Header:
    width = height = 0
    exif = b""
    animations: list[bytes] = []
    controls: list[bytes] = []
    for kind, start, end in walk_chunks(data):
        match kind:
            case b"IHDR":
                width, height = _read_size(data[start:end])
            case b"eXIf":
                exif = data[start:end]
            case b"acTL":
                animations.append(data[start:end])
            case b"fcTL":
                controls.append(data[start:end])
    return Header(width, height, _count_frames(animations, controls, (width, height)), read_orientation(exif))


def walk_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks in front of the pixels, and those of the pixels. The last one may be cut off.

    Metadata with a wrong checksum are left out.
    """
    position = len(SIGNATURE)
    has_pixels = False
    for _ in range(MAX_CHUNKS):
        kind, start, end = read_chunk(data, position)
        if kind == PIXELS:
            has_pixels = True
        elif has_pixels:
            return
        elif kind == b"IEND":
            raise DamagedImage
        elif not _is_intact(data, start, end):
            if kind == b"IHDR" or (kind == b"PLTE" and data[_COLOUR_AT] == _PALETTE):
                raise DamagedImage
            position = _find_next(data, start, end)
            continue
        yield kind, start, end
        position = end + 4
    raise UnsupportedImage(f"The PNG has more than {MAX_CHUNKS:,} chunks.")


def read_chunk(data: bytes, position: int) -> Chunk:
    start = position + 8
    return data[position + 4 : start], start, start + int.from_bytes(data[position : position + 4])


def _is_intact(data: bytes, start: int, end: int) -> bool:
    try:
        return bool(unpack_from(">I", data, end)[0] == crc32(data[start - 4 : end]))
    except error:
        return False


def _find_next(data: bytes, start: int, end: int) -> int:
    """Return where the chunk behind a damaged one starts. If no chunk starts there, its length was wrong."""
    kind, next_start, next_end = read_chunk(data, end + 4)
    if kind == PIXELS or _is_intact(data, next_start, next_end):
        return end + 4
    found = _USED.search(data, start - 3)  # behind its own kind
    if not found:
        raise DamagedImage
    return found.start() - 4


def _read_size(content: bytes) -> tuple[int, int]:
    if len(content) < _HEADER_BYTES:
        raise DamagedImage
    width, height, bits, colour, _, filtering = unpack_from(">IIBBBB", content)
    if filtering or bits not in _BITS.get(colour, ()):
        raise DamagedImage
    return width, height


def _count_frames(animations: list[bytes], controls: list[bytes], size: tuple[int, int]) -> int:
    """Count the frames of an animation. Viewers show a still picture if it is announced wrongly."""
    try:
        ((frames,),) = (unpack_from(">I", content) for content in animations)
        are_right = all(_is_frame(control, number, size) for number, control in enumerate(controls))
    except (error, ValueError):
        return 1
    if not are_right or not 0 < frames <= _MAX_ANIMATION_FRAMES:
        return 1
    has_default_image = not controls
    return int(frames) + has_default_image


def _is_frame(control: bytes, number: int, size: tuple[int, int]) -> bool:
    sequence, width, height, left, top = unpack_from(">IIIII", control)
    return bool(sequence == number and left + width <= size[0] and top + height <= size[1])
