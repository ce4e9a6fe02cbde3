"""Animations of parts, as no encoder writes them: every disposal, place, time and transparency."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.pictures import make_png_chunk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PALETTE = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0])
RED, GREEN, BLUE, YELLOW = range(4)
KEEP, CLEAR, RESTORE = 1, 2, 3
NO_LOOPS = None
_CODE_BITS, _CLEAR_CODE, _END_CODE = 3, 4, 5
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}

type Box = tuple[int, int, int, int]
"""Left, top, width and height."""


@dataclass(frozen=True)
class GifFrame:
    """A frame of stripes in one or two colours of the palette."""

    box: Box
    colors: Sequence[int] = (RED,)
    disposal: int = 0
    transparent: int | None = None
    ticks: int | None = 5
    """Hundredths of a second. None for a frame without a control block."""


def make_gif(
    size: tuple[int, int], frames: Sequence[GifFrame], *, loops: int | None = NO_LOOPS, is_global: bool = True
) -> bytes:
    """The palette is that of the file, or each frame has its own."""
    file = b"GIF89a" + struct.pack("<HHBBB", *size, 0x81 if is_global else 1, 0, 0)
    file += PALETTE if is_global else b""
    if loops is not None:
        file += b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<Hx", loops)
    for frame in frames:
        if frame.ticks is not None:
            flags = frame.disposal << 2 | (frame.transparent is not None)
            file += b"!\xf9\4" + struct.pack("<BHBx", flags, frame.ticks, frame.transparent or 0)
        file += b"," + struct.pack("<HHHHB", *frame.box, 0 if is_global else 0x81)
        file += b"" if is_global else PALETTE
        file += _pack_shades(_draw_stripes(frame))
    return file + b";"


def _draw_stripes(frame: GifFrame) -> list[int]:
    _, _, width, height = frame.box
    return [frame.colors[(x // 2 + y // 2) % len(frame.colors)] for y in range(height) for x in range(width)]


def _pack_shades(shades: list[int]) -> bytes:
    """Write shades one by one: the table of LZW is cleared before it grows, so codes keep their 3 bits."""
    codes = [code for shade in shades for code in (_CLEAR_CODE, shade)]
    number = sum(code << _CODE_BITS * at for at, code in enumerate([*codes, _END_CODE]))
    packed = number.to_bytes(-(-_CODE_BITS * (len(codes) + 1) // 8), "little")
    blocks = [packed[at : at + 255] for at in range(0, len(packed), 255)]
    return b"\2" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


@dataclass(frozen=True)
class PngFrame:
    """A frame of an APNG: its rows are packed already."""

    box: Box
    rows: bytes
    time: tuple[int, int] = (1, 10)
    disposal: int = 0
    blends: bool = False


def make_apng(  # noqa: PLR0913 - what a file may say
    size: tuple[int, int],
    frames: Sequence[PngFrame],
    *,
    kind: tuple[int, int] = (8, 6),
    chunks: Sequence[tuple[bytes, bytes]] = (),
    plays: int = 0,
    default: bytes | None = None,
) -> bytes:
    """`kind` is the depth and the type of colour. `default` are the rows of a picture that is no frame."""
    file = b"\x89PNG\r\n\x1a\n" + make_png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, *kind, 0, 0, 0))
    file += b"".join(make_png_chunk(*chunk) for chunk in chunks)
    file += make_png_chunk(b"acTL", struct.pack(">II", len(frames), plays))
    if default is not None:
        file += make_png_chunk(b"IDAT", zlib.compress(default))
    number = 0
    for at, frame in enumerate(frames):
        left, top, width, height = frame.box
        control = (width, height, left, top, *frame.time, frame.disposal, frame.blends)
        file += make_png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, *control))
        number += 1
        pixels = zlib.compress(frame.rows)
        if at == 0 and default is None:
            file += make_png_chunk(b"IDAT", pixels)
        else:
            file += make_png_chunk(b"fdAT", struct.pack(">I", number) + pixels)
            number += 1
    return file + make_png_chunk(b"IEND", b"")


def draw_box(random: Random, width: int, height: int) -> Box:
    left, top = random.randrange(width), random.randrange(height)
    return left, top, random.randint(1, width - left), random.randint(1, height - top)


def draw_gif(random: Random) -> bytes:
    """Draw an animation by chance. Some frames stand out of the screen."""
    size = random.randint(8, 40), random.randint(8, 40)
    frames = []
    for number in range(random.randint(2, 6)):
        left, top, width, height = random.choice([(0, 0, *size), draw_box(random, *size)])
        if number and random.random() < 0.1:
            width, height = width + 9, height + 5
        frames.append(
            GifFrame(
                (left, top, width, height),
                random.choice([(RED,), (GREEN, BLUE), (YELLOW, RED), (BLUE,)]),
                random.choice([0, KEEP, CLEAR, RESTORE]),
                random.choice([None, *range(4)]),
                random.choice([None, 0, 1, 2, 5, 50]),
            )
        )
    loops = random.choice([NO_LOOPS, 0, 1, 3])
    return make_gif(size, frames, loops=loops, is_global=random.random() < 0.7)


def draw_apng(random: Random) -> bytes:
    """Draw an animation by chance, of any type of colour and depth."""
    size = random.randint(4, 40), random.randint(4, 40)
    color = random.choice([*_PNG_CHANNELS])
    bits = random.choice(_PNG_BITS[color])
    chunks = []
    if color == 3:
        chunks.append((b"PLTE", random.randbytes(3 * 2**bits)))
    if color in {0, 2, 3} and random.random() < 0.5:
        shade = struct.pack(">3H", *(random.choice([0, 2**bits - 1]) for _ in range(3)))
        alphas = bytes(random.choice([0, 128, 255]) for _ in range(2**bits))
        chunks.append((b"tRNS", {0: shade[:2], 2: shade, 3: alphas}[color]))

    def draw_rows(width: int, height: int) -> bytes:
        row_bytes = -(-width * bits * _PNG_CHANNELS[color] // 8)
        samples = [0, 255, random.randrange(256)]
        return b"".join(b"\0" + bytes(random.choices(samples, k=row_bytes)) for _ in range(height))

    frames = []
    has_default = random.random() < 0.25
    for number in range(random.randint(2, 5)):
        box = (0, 0, *size) if number == 0 and not has_default else draw_box(random, *size)
        time = random.choice([0, 1, 5, 30]), random.choice([0, 1000, 100, 60])
        frames.append(
            PngFrame(box, draw_rows(*box[2:]), time, random.randrange(3), random.choice([True, False]))
        )
    default = draw_rows(*size) if has_default else None
    plays = random.choice([0, 1, 2])
    return make_apng(size, frames, kind=(bits, color), chunks=chunks, plays=plays, default=default)
