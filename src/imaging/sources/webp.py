"""A WebP taken apart: the chunks that only carry metadata are left out."""

from struct import pack

from imaging.sources.source import Source
from shared.headers.webp import ANIMATED, PICTURE, WITH_ALPHA, WITH_EXIF, WITH_ICC, walk_chunks


def read_source(data: bytes) -> Source:
    needed: list[bytes] = []
    metadata: dict[bytes, bytes] = {}
    flags = 0
    for kind, start, length in walk_chunks(data):
        content = data[start : start + length]
        if kind == b"VP8X":
            flags = content[0]
            content = bytes([flags & (ANIMATED | WITH_ALPHA)]) + content[1:]
        if kind in PICTURE:
            needed.append(kind + pack("<I", length) + content + bytes(length % 2))
        else:
            metadata.setdefault(kind, content)
    file = b"WEBP" + b"".join(needed)
    profile = metadata.get(b"ICCP", b"") if flags & WITH_ICC else b""
    exif = metadata.get(b"EXIF", b"") if flags & WITH_EXIF else b""
    return Source(b"RIFF" + pack("<I", len(file)) + file, (profile,) if profile else (), exif)
