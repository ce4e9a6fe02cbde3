"""Transparent shades of a PNG at every depth, and the part of a GIF that its first frame does not cover."""

import struct
import zlib

import pytest
from PIL import Image

from imaging.renditions import render
from shared.renditions import RenditionName
from tests.support.corners import get_corners
from tests.support.pictures import (
    PNG_SIGNATURE,
    draw_quadrants,
    encode,
    insert_png_chunks,
    make_png_chunk,
    open_rendition,
)

EDGE_PX = 32
GRAY, COLORS, PALETTE = 0, 2, 3
DEPTHS = [*((GRAY, bits) for bits in (1, 2, 4, 8, 16)), (COLORS, 8), (COLORS, 16)]
PALETTE_DEPTHS = [1, 2, 4, 8]


def make_halves(
    colour: int, bits: int, left: tuple[int, ...], right: tuple[int, ...], *chunks: bytes, interlaced: bool
) -> bytes:
    """A PNG of two shades. Each is given by its samples."""
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    rows = b""
    for first_x, first_y, step_x, step_y in passes if interlaced else [(0, 0, 1, 1)]:
        samples = [
            sample
            for x in range(first_x, EDGE_PX, step_x)
            for sample in (left if x < EDGE_PX // 2 else right)
        ]
        text = "".join(f"{sample:0{bits}b}" for sample in samples)
        packed = int(text.ljust(-len(text) // 8 * -8, "0"), 2).to_bytes(-(-len(text) // 8))
        rows += (b"\0" + packed) * len(range(first_y, EDGE_PX, step_y))
    head = struct.pack(">IIBBBBB", EDGE_PX, EDGE_PX, bits, colour, 0, 0, interlaced)
    return b"".join(
        [
            PNG_SIGNATURE,
            make_png_chunk(b"IHDR", head),
            *chunks,
            make_png_chunk(b"IDAT", zlib.compress(rows)),
            make_png_chunk(b"IEND"),
        ]
    )


def render_alphas(png: bytes) -> list[int]:
    """The transparency of both halves."""
    left, right, *_ = get_corners(render(png).renditions[RenditionName.LARGE])
    return [left[3], right[3]]


@pytest.mark.parametrize(("colour", "bits"), DEPTHS)
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_one_shade_is_transparent_at_every_depth(
    colour: int, bits: int, interlaced: bool, share: float
) -> None:
    samples = 1 if colour == GRAY else 3
    shade = int((2**bits - 1) * share)
    other = (shade ^ 1,) * samples  # the nearest one
    chunk = make_png_chunk(b"tRNS", struct.pack(f">{samples}H", *[shade] * samples))
    png = make_halves(colour, bits, (shade,) * samples, other, chunk, interlaced=interlaced)
    assert render_alphas(png) == [0, 255]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("band", range(3))
def test_colour_that_differs_in_one_sample_is_opaque(bits: int, band: int) -> None:
    shade = (5, 200, 77)
    other = tuple(sample ^ (at == band) for at, sample in enumerate(shade))
    chunk = make_png_chunk(b"tRNS", struct.pack(">3H", *shade))
    assert render_alphas(make_halves(COLORS, bits, shade, other, chunk, interlaced=False)) == [0, 255]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_bits_above_the_depth_do_not_count(bits: int) -> None:
    chunk = make_png_chunk(b"tRNS", struct.pack(">H", 0xFF00 & -(2**bits) | 1))
    assert render_alphas(make_halves(GRAY, bits, (1,), (0,), chunk, interlaced=False)) == [0, 255]


@pytest.mark.parametrize("bits", PALETTE_DEPTHS)
@pytest.mark.parametrize("alphas", [b"\0", b"\0\xff", b"\x40\xff", b"\xff\0"])
def test_numbered_colours_have_their_own_transparency(bits: int, alphas: bytes) -> None:
    palette = make_png_chunk(b"PLTE", bytes([200, 30, 30, 30, 40, 200]))
    png = make_halves(PALETTE, bits, (0,), (1,), palette, make_png_chunk(b"tRNS", alphas), interlaced=False)
    assert render_alphas(png) == [*alphas.ljust(2, b"\xff")]


@pytest.mark.parametrize(("colour", "bits"), DEPTHS)
@pytest.mark.parametrize("content", [b"", b"\0"])
def test_transparent_shade_that_is_too_short_is_none(colour: int, bits: int, content: bytes) -> None:
    samples = 1 if colour == GRAY else 3
    png = make_halves(
        colour, bits, (0,) * samples, (1,) * samples, make_png_chunk(b"tRNS", content), interlaced=False
    )
    assert render_alphas(png) == [255, 255]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_picture_with_transparency_has_no_transparent_shade(mode: str) -> None:
    png = insert_png_chunks(encode(draw_quadrants(mode=mode)), make_png_chunk(b"tRNS", bytes(6)))
    assert render_alphas(png) == [255, 255]


def make_gif(box: tuple[int, int, int, int], *, has_transparency: bool = False, gray: bool = False) -> bytes:
    """A GIF of 100 x 100 pixels, whose only frame fills a box."""
    left, top, right, bottom = box
    frame = Image.new("P", (right - left, bottom - top), 1)
    frame.putpalette([9, 9, 9, 200, 200, 200] if gray else [9, 99, 9, 200, 30, 30])
    options = {"transparency": 0} if has_transparency else {}
    gif = bytearray(encode(frame, "GIF", **options))
    gif[6:10] = struct.pack("<HH", 100, 100)
    at = gif.index(b",", 13 + (3 << (gif[10] & 7) + 1))
    gif[at + 1 : at + 5] = struct.pack("<HH", left, top)
    return bytes(gif)


@pytest.mark.parametrize("has_transparency", [False, True])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize(
    "box",
    [(25, 25, 75, 75), (0, 0, 50, 50), (50, 50, 100, 100), (0, 40, 100, 60), (40, 0, 60, 100)],
    ids=["middle", "first corner", "last corner", "row", "column"],
)
def test_gif_is_transparent_where_its_first_frame_is_not(
    box: tuple[int, int, int, int], gray: bool, has_transparency: bool
) -> None:
    rendered = render(make_gif(box, gray=gray, has_transparency=has_transparency))
    large = open_rendition(rendered.renditions[RenditionName.LARGE]).convert("RGBA")
    assert large.getchannel("A").getbbox() == box
    assert large.getchannel("A").crop(box).getextrema() == (255, 255)
    assert rendered.placeholder.dominant_color == ("#c8c8c8" if gray else "#c81e1e")


def test_gif_whose_frame_fills_it_is_opaque() -> None:
    large = render(make_gif((0, 0, 100, 100))).renditions[RenditionName.LARGE]
    assert open_rendition(large).mode == "RGB"
