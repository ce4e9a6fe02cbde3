"""HEIC and HEIF files, and what libheif makes of them."""

from __future__ import annotations

import struct
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

import pillow_heif
import pytest
from PIL import Image, ImageChops

from imaging.heif import load_libheif, open_heif
from imaging.renditions import render
from shared.errors import UnacceptableImage
from shared.inspection import inspect
from shared.renditions import RenditionName
from tests.support.boxes import make_box, make_movie, make_size
from tests.support.corners import assert_corners
from tests.support.heic import ALPHA, GAIN_MAP, Item, make_auxiliary, make_heic, make_picture_item
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    make_exif,
    make_photo,
    make_picture,
    make_swapped_profile,
    open_rendition,
)

if TYPE_CHECKING:
    from imaging.reports import Rendered

FIRST_SAFE_VERSION = (1, 23, 6)
"""Files can take over earlier ones."""
SIZE = (64, 48)
SHADES = {"RGB": (40_000, 20_000, 10_000), "RGBA": (40_000, 20_000, 10_000, 30_000)}
"""Of 65,535."""
PICTURE = make_picture_item(draw_quadrants(128, 64))
GREY = Image.new("L", (128, 64), 90)


def make_deep(monkeypatch: pytest.MonkeyPatch, mode: str, bits: int) -> bytes:
    """A picture of one colour with so many bits for each part of it."""
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    pixels = struct.pack(f"<{len(mode)}H", *SHADES[mode]) * (SIZE[0] * SIZE[1])
    file = BytesIO()
    pillow_heif.encode(f"{mode};16", SIZE, pixels, file, quality=-1, chroma=444, matrix_coefficients=0)
    return file.getvalue()


def show(rendered: Rendered) -> Image.Image:
    return open_rendition(rendered.renditions[RenditionName.LARGE]).convert("RGBA")


def test_libheif_is_none_that_a_file_can_take_over() -> None:
    assert tuple(map(int, pillow_heif.libheif_version().split("."))) >= FIRST_SAFE_VERSION


def test_pixels_come_from_the_libheif_of_pillow_heif() -> None:
    number = load_libheif().heif_get_version_number()
    assert ".".join(map(str, number.to_bytes(4)[:3])) == pillow_heif.libheif_version()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("tile_px", [0, 64])
def test_pixels_are_those_of_pillow_heif(mode: str, tile_px: int) -> None:
    data = encode(draw_quadrants(99, 161).convert(mode), "HEIC", tile_size=tile_px)
    with open_heif(data) as ours:
        ours.load()
        theirs = pillow_heif.read_heif(data).to_pillow()
        assert ours.mode == theirs.mode
        assert ImageChops.difference(ours, theirs).getbbox() is None


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("mode", SHADES)
def test_deep_colours_become_8_bits(monkeypatch: pytest.MonkeyPatch, mode: str, bits: int) -> None:
    data = make_deep(monkeypatch, mode, bits)
    shown = show(render(data)).convert(mode).getpixel((30, 20))
    assert shown == pytest.approx([shade / 257 for shade in SHADES[mode]], abs=2)


def test_deep_grey_keeps_its_shade() -> None:
    data = encode(Image.new("I;16", SIZE, 40_000), "HEIC", quality=-1)
    assert show(render(data)).getpixel((30, 20)) == pytest.approx((156, 156, 156, 255), abs=2)


def test_transparency_may_be_in_the_colours_already() -> None:
    file = BytesIO()
    pixels = bytes([100, 50, 0, 128]) * (SIZE[0] * SIZE[1])
    pillow_heif.encode("RGBa", SIZE, pixels, file, quality=-1, chroma=444, matrix_coefficients=0)
    assert open_heif(file.getvalue()).mode == "RGBa"
    assert show(render(file.getvalue())).getpixel((30, 20)) == pytest.approx((199, 100, 0, 128), abs=4)


def test_photo_of_tiles_is_upright() -> None:
    exif = make_exif({0x0112: 6})
    photo = draw_quadrants(320, 200).transpose(Image.Transpose.ROTATE_90)
    data = encode(photo, "HEIC", tile_size=64, exif=exif)
    assert b"grid" in data
    assert b"irot" in data
    assert (inspect(data).width, inspect(data).height) == (320, 200)
    assert_corners(render(data), RED, GREEN, BLUE, WHITE)


def test_orientation_in_exif_alone_does_not_count() -> None:
    """Viewers turn a HEIC by its boxes."""
    data = make_photo(3, "HEIC").replace(b"irot", b"free")
    assert_corners(render(data), WHITE, BLUE, GREEN, RED)


@pytest.mark.parametrize("primary", [0, 1, 2])
def test_burst_shows_its_primary_picture(primary: int) -> None:
    colors = [(200, 30, 30), (30, 160, 40), (30, 40, 200)]
    first, *others = (Image.new("RGB", (80 + number, 40), color) for number, color in enumerate(colors))
    data = encode(first, "HEIC", save_all=True, append_images=others, primary_index=primary)
    assert inspect(data).width == 80 + primary
    assert not inspect(data).animated
    assert show(render(data)).getpixel((30, 20)) == pytest.approx((*colors[primary], 255), abs=8)


@pytest.mark.parametrize("kind", [GAIN_MAP, b"urn:mpeg:hevc:2015:auxid:2\0", b"urn:com:apple:portrait\0"])
def test_auxiliary_picture_does_not_count(kind: bytes) -> None:
    auxiliary = make_picture_item(GREY, make_auxiliary(kind), auxl=(1,))
    rendered = render(make_heic(PICTURE, auxiliary))
    assert_corners(rendered, RED, GREEN, BLUE, WHITE)
    assert show(rendered).getchannel("A").getextrema() == (255, 255)


def test_auxiliary_picture_of_the_transparency_counts() -> None:
    alpha = make_picture_item(GREY, make_auxiliary(ALPHA), auxl=(1,))
    assert show(render(make_heic(PICTURE, alpha))).getchannel("A").getextrema() == (90, 90)


def test_tone_map_does_not_count() -> None:
    tone_map = Item(b"tmap", bytes(62), (make_size(128, 64),), {b"dimg": (1, 2)})
    data = make_heic(PICTURE, make_picture_item(GREY), tone_map, brands=(b"heic", b"mif1", b"tmap"))
    assert_corners(render(data), RED, GREEN, BLUE, WHITE)


def test_picture_may_be_another_one_that_is_turned() -> None:
    turned = Item(b"iden", b"", (make_size(128, 64), make_box(b"irot", b"\x02")), {b"dimg": (1,)})
    assert_corners(render(make_heic(PICTURE, turned, primary=2)), WHITE, BLUE, GREEN, RED)


@pytest.mark.parametrize("major", [b"hevc", b"msf1", b"heic"])
def test_picture_of_a_sequence_is_its_still_picture(major: bytes) -> None:
    """libheif would refuse this track."""
    data = make_heic(PICTURE, brands=(major, b"mif1", b"hevc", b"heic")) + make_movie() + b"behind"
    assert not inspect(data).animated
    assert_corners(render(data), RED, GREEN, BLUE, WHITE)


def test_profile_becomes_srgb() -> None:
    rendered = render(encode(draw_quadrants(), "HEIC", icc_profile=make_swapped_profile()))
    assert_corners(rendered, (30, 200, 30), (160, 30, 40), (40, 30, 200), WHITE)


def test_damage_in_the_codec_is_no_lack_of_memory() -> None:
    """Some of these bits tell of a size in gigabytes."""
    data = encode(draw_quadrants(16, 16), "HEIC")
    start, end = data.index(b"hvcC") + 4, data.index(b"nclx")
    for position in range(8 * start, 8 * end):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        with suppress(UnacceptableImage):
            render(bytes(damaged))


@pytest.mark.parametrize("height", [63, 65, 1, 4000])
def test_picture_of_another_size_than_its_header_says_is_refused(height: int) -> None:
    data = make_picture("HEIC", 128, 64)
    size = struct.pack(">II", 128, 64)
    assert size in data
    with pytest.raises(UnacceptableImage):
        render(data.replace(size, struct.pack(">II", 128, height)))
