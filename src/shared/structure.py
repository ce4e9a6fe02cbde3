"""The outer structure of an image file, walked before a parser gets it.

Pillow reads headers in Python, piece by piece: a small file made of millions of tiny pieces keeps it busy for
minutes. A progressive JPEG may ask for thousands of passes over its pixels. This module finds both from the
pieces alone.
"""

import re
from collections.abc import Callable

from shared.errors import UnsupportedImage

MAX_JPEG_SEGMENTS = 500
MAX_JPEG_SCANS = 100
MAX_JPEG_EXIF_BYTES = 1_000_000
MAX_JPEG_FILL_BYTES = 65_536
"""Bytes between segments. Decoders skip them."""
MAX_PNG_CHUNKS = 100_000
MAX_PNG_METADATA_CHUNKS = 300
MAX_GIF_BLOCKS = 1_000_000
MAX_FRAMES = 10_000

_JPEG_MARKER = re.compile(rb"\xff([\x01-\xfe])")
_JPEG_MARKERS_WITHOUT_PAYLOAD = frozenset([0x01, 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)])
_JPEG_START_OF_SCAN = 0xDA
_JPEG_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
"""Decoders accept no other headers of scans, so other data hardly ever matches by chance."""

_PNG_IMAGE_DATA = frozenset([b"IDAT", b"fcTL", b"fdAT"])

_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = b"!,;"


def require_structure(data: bytes, image_format: str) -> None:
    """Raises UnsupportedImage if the file has more pieces than any honest file, or ends within one."""
    walk = _WALKS.get(image_format)
    if walk:
        walk(data)


def _walk_jpeg(data: bytes) -> None:
    position, fill_bytes, exif_bytes = 2, 0, 0
    for _ in range(MAX_JPEG_SEGMENTS):
        match = _JPEG_MARKER.search(data, position)
        if not match:
            raise UnsupportedImage("The JPEG is truncated or damaged.")
        fill_bytes += match.start() - position
        marker, position = match[1][0], match.end()
        if marker == _JPEG_START_OF_SCAN:
            break
        if marker not in _JPEG_MARKERS_WITHOUT_PAYLOAD:
            length = int.from_bytes(data[position : position + 2])
            exif_bytes += length if data.startswith(b"Exif\0\0", position + 2) else 0
            position += max(2, length)
        if fill_bytes > MAX_JPEG_FILL_BYTES or exif_bytes > MAX_JPEG_EXIF_BYTES:
            raise UnsupportedImage("The JPEG has too much in front of its picture.")
    else:
        raise UnsupportedImage(
            f"The JPEG has more than {MAX_JPEG_SEGMENTS:,} segments in front of its picture."
        )
    if sum(1 for _ in _JPEG_SCAN.finditer(data)) > MAX_JPEG_SCANS:
        raise UnsupportedImage(f"The JPEG has more than {MAX_JPEG_SCANS:,} scans.")


def _walk_png(data: bytes) -> None:
    position = 8
    metadata_chunks = 0
    for _ in range(MAX_PNG_CHUNKS):
        if position >= len(data):
            return
        kind = data[position + 4 : position + 8]
        if kind not in _PNG_IMAGE_DATA:
            metadata_chunks += 1
        if metadata_chunks > MAX_PNG_METADATA_CHUNKS:
            raise UnsupportedImage(f"The PNG has more than {MAX_PNG_METADATA_CHUNKS:,} chunks of metadata.")
        if kind == b"IEND":
            return
        position += 12 + int.from_bytes(data[position : position + 4])
    raise UnsupportedImage(f"The PNG has more than {MAX_PNG_CHUNKS:,} chunks.")


def _walk_gif(data: bytes) -> None:
    position = 13 + _palette_bytes(data[10:11])
    in_blocks = False
    frames = 0
    for _ in range(MAX_GIF_BLOCKS):
        if position >= len(data):
            if in_blocks:
                raise UnsupportedImage("The GIF is truncated.")
            return
        byte = data[position]
        if in_blocks:
            position += 1 + byte
            in_blocks = byte > 0
        elif byte == _GIF_TRAILER:
            return
        elif byte == _GIF_EXTENSION:
            position += 2
            in_blocks = True
        elif byte == _GIF_IMAGE:
            frames += 1
            if frames > MAX_FRAMES:
                raise UnsupportedImage(f"The GIF has more than {MAX_FRAMES:,} frames.")
            position += 11 + _palette_bytes(data[position + 9 : position + 10])
            in_blocks = True
        else:
            position += 1
    raise UnsupportedImage(f"The GIF has more than {MAX_GIF_BLOCKS:,} blocks.")


def _palette_bytes(flags: bytes) -> int:
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


_WALKS: dict[str, Callable[[bytes], None]] = {"JPEG": _walk_jpeg, "PNG": _walk_png, "GIF": _walk_gif}
