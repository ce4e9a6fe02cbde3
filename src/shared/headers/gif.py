"""The blocks of a GIF, which tell its size and its frames."""

from collections.abc import Iterator
from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.header import DamagedImage, Header, require_few_frames

SIGNATURES = (b"GIF87a", b"GIF89a")
MAX_BLOCKS = 1_000_000

EXTENSION, IMAGE, _TRAILER = b"!,;"
SCREEN_BYTES, IMAGE_HEAD_BYTES = 13, 10
_SCREEN_FLAGS_AT = 10


def read_header(data: bytes) -> Header:
    """The first frame may stand out of the screen, which then grows."""
    width, height = unpack_from("<HH", data, 6)
    frames: list[int] = []
    for kind, start, _ in walk_blocks(data):
        if kind == IMAGE:
            frames.append(start)
            require_few_frames(len(frames))
    if not frames:
        raise DamagedImage
    left, top, frame_width, frame_height = unpack_from("<HHHH", data, frames[0] + 1)
    return Header(max(width, left + frame_width), max(height, top + frame_height), len(frames))


def walk_blocks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the extensions and the images: the kind of each, and where it starts and ends."""
    position = SCREEN_BYTES + get_palette_bytes(data[_SCREEN_FLAGS_AT])
    kind = start = 0  # of what the position is in
    for _ in range(MAX_BLOCKS):
        if position >= len(data):
            if kind:
                raise UnsupportedImage("The GIF is truncated.")
            return
        byte = data[position]
        if kind:
            position += 1 + byte
            if not byte:
                yield kind, start, position
                kind = 0
        elif byte == _TRAILER:
            return
        elif byte == EXTENSION:
            kind, start = byte, position
            position += 2
        elif byte == IMAGE:
            kind, start = byte, position
            position += IMAGE_HEAD_BYTES + 1 + get_palette_bytes(data[position + IMAGE_HEAD_BYTES - 1])
        else:
            position += 1
    raise UnsupportedImage(f"The GIF has more than {MAX_BLOCKS:,} blocks.")


def get_palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
