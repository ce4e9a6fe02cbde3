"""JPEGs without their end marker. They are whole if the bytes that are there decide every pixel."""

from io import BytesIO
from zlib import crc32

from PIL import Image

from imaging.damage import refusing_damage
from shared.headers.header import DamagedImage
from shared.headers.jpeg import (
    COMPONENT_BYTES,
    FRAME_BYTES,
    SCAN,
    START_OF_FRAME,
    START_OF_SCAN,
    walk_segments,
)

_END = b"\xff\xd9"
_PROGRESSIVE = frozenset([0xC2, 0xC6, 0xCA, 0xCE])
_COEFFICIENTS = 64
_NOISE = bytes((155 + 167 * at) % 255 for at in range(4096))
_FILLER = _NOISE + b"".join(bytes([0xFF, 0xD0 + number]) + _NOISE for number in range(8))
"""It stands for pixels, also behind the marker at which a decoder starts again."""
_STRIP_PX = 256


def has_end(data: bytes) -> bool:
    """Tell if there is an end marker behind the head of the first scan."""
    ends = [end for marker, _, end in walk_segments(data) if marker == START_OF_SCAN]
    return bool(ends) and data.find(_END, ends[0]) > 0


def add_end(data: bytes) -> bytes:
    """Raises DamagedImage if pixels are missing. Then the picture depends on what follows the last byte."""
    data = data.rstrip(_END[:1])  # that may be half of a marker
    with refusing_damage():
        is_whole = _sends_all(data) and _sum_pixels(data + _END) == _sum_pixels(data + _FILLER + _END)
    if not is_whole:
        raise DamagedImage
    return data + _END


def _sends_all(data: bytes) -> bool:
    """Tell if the scans send every coefficient of every component, to its last bit."""
    frames = [
        (marker, data[start:end]) for marker, start, end in walk_segments(data) if marker in START_OF_FRAME
    ]
    marker, frame = frames[-1]
    missing = {
        (component, coefficient)
        for component in frame[FRAME_BYTES::COMPONENT_BYTES]
        for coefficient in range(_COEFFICIENTS)
    }
    for match in SCAN.finditer(data):
        start, components = match.end(), data[match.end() - 1]
        names = data[start : start + 2 * components : 2]
        first, last, bits = data[start + 2 * components : start + 2 * components + 3]
        if marker not in _PROGRESSIVE:
            first, last, bits = 0, _COEFFICIENTS - 1, 0
        if bits & 15 == 0:
            missing -= {(name, coefficient) for name in names for coefficient in range(first, last + 1)}
    return not missing


def _sum_pixels(data: bytes) -> int:
    total = 0
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        image.load()
        for top in range(0, image.height, _STRIP_PX):
            total = crc32(image.crop((0, top, image.width, top + _STRIP_PX)).tobytes(), total)
    return total
