"""Pictures to upload. They are made here, so the command needs no files."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EVERY_BYTE = bytes(range(256))


def make_png(width: int = 64, height: int = 48) -> bytes:
    """Make a PNG that holds every value of a byte, in order, in a private chunk that decoders skip."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(
        b"\0" + bytes(value % 256 for x in range(width) for value in (4 * x, 5 * y, x + y))
        for y in range(height)
    )
    chunks = ((b"IHDR", header), (b"byTe", EVERY_BYTE), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return SIGNATURE + b"".join(_make_chunk(name, data) for name, data in chunks)


def _make_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
