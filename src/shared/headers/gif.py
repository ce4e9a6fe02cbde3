"""The blocks of a GIF, which tell its size and its frames."""

from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.header import DamagedImage, Header, require_few_frames

SIGNATURES = (b"GIF87a", b"GIF89a")
MAX_BLOCKS = 1_000_000

_EXTENSION, _IMAGE, _TRAILER = b"!,;"
_SCREEN_BYTES = 13


def read_header(data: bytes) -> Header:
    """The first frame may stand out of the screen, which then grows."""
    width, height, flags = unpack_from("<HHB", data, 6)
    frames = _find_frames(data, _SCREEN_BYTES + _get_palette_bytes(flags))
    if not frames:
        raise DamagedImage
    left, top, frame_width, frame_height = unpack_from("<HHHH", data, frames[0] + 1)
    return Header(max(width, left + frame_width), max(height, top + frame_height), len(frames))


def _find_frames(data: bytes, position: int) -> list[int]:
    """Walk through all blocks, and return where the frames start."""
    frames: list[int] = []
    in_blocks = False
    for _ in range(MAX_BLOCKS):
        if position >= len(data):
            if in_blocks:
                raise UnsupportedImage("The GIF is truncated.")
            return frames
        byte = data[position]
        if in_blocks:
            position += 1 + byte
            in_blocks = byte > 0
        elif byte == _TRAILER:
            return frames
        elif byte == _EXTENSION:
            position += 2
            in_blocks = True
        elif byte == _IMAGE:
            frames.append(position)
            require_few_frames(len(frames))
            position += 11 + _get_palette_bytes(data[position + 9])
            in_blocks = True
        else:
            position += 1
    raise UnsupportedImage(f"The GIF has more than {MAX_BLOCKS:,} blocks.")


def _get_palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
