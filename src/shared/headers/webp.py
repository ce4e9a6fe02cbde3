"""The chunks of a WebP, which is a RIFF file."""

import re
from collections.abc import Iterator
from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.exif import read_orientation
from shared.headers.header import DamagedImage, Header, require_few_frames

MAX_METADATA_CHUNKS = 300

_FIRST_CHUNK = 12
_CHUNK_HEAD_BYTES = 8
ANIMATED, WITH_EXIF, WITH_ALPHA, WITH_ICC = 0x02, 0x08, 0x10, 0x20
PICTURE = frozenset([b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"])
"""The kinds of chunks that make the picture."""
_EXTENDED_BYTES = 10
_MAX_CHUNK_BYTES = 2**32 - 10
_KIND, _NEXT = re.compile(rb"[ -~]{4}"), re.compile(rb"ANIM|ANMF|ALPH|VP8[ L]")
_LOSSY_SIGNATURE, _LOSSLESS_SIGNATURE = b"\x9d\x01\x2a", 0x2F
_SIDE_MASK = 0x3FFF
_LOSSLESS_ALPHA_BIT = 28


def read_header(data: bytes) -> Header:
    chunks = walk_chunks(data)
    kind, start, length = next(chunks, (b"", 0, 0))
    if kind == b"VP8X":
        return _read_extended(data, start, length, chunks)
    width, height = _read_bitstream(kind, data[start : start + length])
    return Header(width, height)


def has_alpha(data: bytes) -> bool:
    """Tell if a part of the picture may be transparent. Raises UnacceptableImage for what is no WebP."""
    kind, start, length = next(walk_chunks(data), (b"", 0, 0))
    if kind == b"VP8X" and length >= _EXTENDED_BYTES:
        return bool(data[start] & WITH_ALPHA)
    _read_bitstream(kind, data[start : start + length])
    return kind == b"VP8L" and bool(unpack_from("<I", data, start + 1)[0] >> _LOSSLESS_ALPHA_BIT & 1)


def walk_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, the start and the length of each chunk. Bytes behind the RIFF file do not matter.

    Metadata may end too early, or have a wrong length. Then the picture goes on with its next chunk.
    """
    (size,) = unpack_from("<I", data, 4)
    if size > _MAX_CHUNK_BYTES:
        raise DamagedImage
    announced, end = _CHUNK_HEAD_BYTES + size, min(_CHUNK_HEAD_BYTES + size, len(data))
    position = _FIRST_CHUNK
    while position + _CHUNK_HEAD_BYTES <= end:
        kind, length = unpack_from("<4sI", data, position)
        start = position + _CHUNK_HEAD_BYTES
        position = start + length + length % 2
        if kind not in PICTURE and (position > end or _is_lost(data, position, end)):
            found = _NEXT.search(data, start, end)
            if not found:
                return
            length = found.start() - start
            position = found.start()
        if position > end:
            raise DamagedImage
        yield kind, start, length
    if announced > len(data):
        raise DamagedImage


def _is_lost(data: bytes, position: int, end: int) -> bool:
    """Tell if there is no chunk where one should be."""
    return position + _CHUNK_HEAD_BYTES <= end and not _KIND.fullmatch(data[position : position + 4])


def _read_extended(data: bytes, start: int, length: int, chunks: Iterator[tuple[bytes, int, int]]) -> Header:
    if length < _EXTENDED_BYTES:
        raise DamagedImage
    flags = data[start]
    width, height = (1 + int.from_bytes(data[start + at : start + at + 3], "little") for at in (4, 7))
    orientation = None
    frames = metadata_chunks = 0
    for kind, at, size in chunks:
        if kind == b"ANMF" and flags & ANIMATED:
            frames += 1
            require_few_frames(frames)
            continue
        metadata_chunks += 1
        if metadata_chunks > MAX_METADATA_CHUNKS:
            raise UnsupportedImage(f"The WebP has more than {MAX_METADATA_CHUNKS:,} chunks of metadata.")
        if kind in {b"VP8 ", b"VP8L"} and not frames:
            if _read_bitstream(kind, data[at : at + size]) != (width, height):
                raise DamagedImage
            frames = 1
        elif kind == b"EXIF" and flags & WITH_EXIF and orientation is None:
            orientation = read_orientation(data[at : at + size])
    if not frames:
        raise DamagedImage
    return Header(width, height, frames, orientation)


def _read_bitstream(kind: bytes, content: bytes) -> tuple[int, int]:
    """Return the width and the height of a picture that VP8 has encoded, with or without loss."""
    if kind == b"VP8 " and content[3:6] == _LOSSY_SIGNATURE:
        width, height = unpack_from("<HH", content, 6)
        return width & _SIDE_MASK, height & _SIDE_MASK
    if kind == b"VP8L" and content[:1] == bytes([_LOSSLESS_SIGNATURE]):
        (bits,) = unpack_from("<I", content, 1)
        return 1 + (bits & _SIDE_MASK), 1 + (bits >> 14 & _SIDE_MASK)
    raise DamagedImage
