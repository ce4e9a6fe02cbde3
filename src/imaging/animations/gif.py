"""The parts of an animated GIF (GIF89a)."""

from collections.abc import Iterator
from struct import pack, unpack_from

from imaging.animations.parts import Disposal, Part
from shared.headers.gif import (
    EXTENSION,
    IMAGE,
    IMAGE_HEAD_BYTES,
    SCREEN_BYTES,
    SIGNATURES,
    get_palette_bytes,
    walk_blocks,
)

_CONTROL = b"!\xf9\x04"
_NO_CONTROL = _CONTROL + bytes(5)
_LOOPS = (b"!\xff\x0bNETSCAPE2.0\x03\x01", b"!\xff\x0bANIMEXTS1.0\x03\x01")
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE}
_SCREEN_FLAGS_AT, _IMAGE_FLAGS_AT = 10, 9
_TRANSPARENT, _TRANSPARENT_SHADE_AT = 1, 6
_TICK_MS = 10
_TRAILER = b";"


def read_plays(data: bytes) -> int:
    """Return how often the animation plays, 0 for without end. The file tells how often it plays again."""
    for kind, start, _ in walk_blocks(data):
        if kind == EXTENSION and data.startswith(_LOOPS, start):
            (repeats,) = unpack_from("<H", data, start + len(_LOOPS[0]))
            return repeats + 1 if repeats else 0
    return 1


def read_parts(data: bytes) -> Iterator[Part]:
    control = _NO_CONTROL
    for kind, start, end in walk_blocks(data):
        block = data[start:end]
        if kind == IMAGE:
            yield _make_part(data, block, control)
            control = _NO_CONTROL
        elif block.startswith(_CONTROL):
            control = block


def _make_part(data: bytes, block: bytes, control: bytes) -> Part:
    left, top, width, height, image_flags = unpack_from("<HHHHB", block, 1)
    flags, ticks, shade = unpack_from("<BHB", control, len(_CONTROL))
    screen_flags = data[_SCREEN_FLAGS_AT]
    still = b"".join(
        [
            SIGNATURES[1],
            pack("<HHBxx", width, height, screen_flags),
            data[SCREEN_BYTES : SCREEN_BYTES + get_palette_bytes(screen_flags)],
            _CONTROL + bytes([flags & _TRANSPARENT, 0, 0, shade, 0]),
            block[:1] + pack("<HHHHB", 0, 0, width, height, image_flags) + block[IMAGE_HEAD_BYTES:],
            _TRAILER,
        ]
    )
    disposal = _DISPOSALS.get(flags >> 2 & 7, Disposal.KEEP)
    return Part(still, left, top, ticks * _TICK_MS, disposal, blends=True)
