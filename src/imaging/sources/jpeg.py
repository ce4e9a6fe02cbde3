"""A JPEG taken apart: the segments of applications that only carry metadata are left out."""

from imaging.sources.endings import add_end, has_end
from imaging.sources.source import Source
from shared.headers.exif import PREFIX
from shared.headers.jpeg import APPLICATION_1, START_OF_SCAN, walk_segments

_SIGNATURE = b"\xff\xd8"
_APPLICATIONS, _COMMENT = range(0xE0, 0xF0), 0xFE
_APPLICATION_2 = 0xE2
_ICC = b"ICC_PROFILE\0"
_ICC_HEAD_BYTES = len(_ICC) + 2
_TELLS_COLOURS = {0xE0: (b"JFIF\0", 14), 0xEE: (b"Adobe", 12)}
"""Segments that say how colours are stored: how they begin, and the least that decoders read."""


def read_source(data: bytes) -> Source:
    needed: list[bytes] = [_SIGNATURE]
    exif: list[bytes] = []
    icc: list[bytes] = []
    for marker, start, end in walk_segments(data):
        content = data[start:end]
        if marker == APPLICATION_1 and content.startswith(PREFIX):
            exif.append(content[len(PREFIX) :])
        elif marker == _APPLICATION_2 and content.startswith(_ICC) and len(content) > _ICC_HEAD_BYTES:
            icc.append(content[len(_ICC) :])
        if marker == START_OF_SCAN:
            needed.append(data[start - 4 :])
        elif _makes_pixels(marker, content):
            needed.append(data[start - 4 : end])
    file = b"".join(needed)
    if not has_end(file):
        file = add_end(file)
    return Source(file, _join_profile(icc), b"".join(exif))


def _makes_pixels(marker: int, content: bytes) -> bool:
    if marker in _TELLS_COLOURS:
        beginning, least = _TELLS_COLOURS[marker]
        return content.startswith(beginning) and len(content) >= least
    return marker not in _APPLICATIONS and marker != _COMMENT


def _join_profile(parts: list[bytes]) -> tuple[bytes, ...]:
    """Each part has its number and the number of all parts in front."""
    is_whole = bool(parts) and all(part[1] == len(parts) for part in parts)
    return (b"".join(part[2:] for part in sorted(parts)),) if is_whole else ()
