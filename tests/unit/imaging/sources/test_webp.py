"""No chunk of metadata refuses a WebP."""

import struct

import pytest

from imaging.parsing import open_image
from imaging.renditions import render
from shared.inspection import read_header
from tests.support.corners import assert_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    make_animation,
    make_exif,
    make_srgb_profile,
)

EXIF = make_exif({0x010F: "Canon", 0x0112: 1})


@pytest.mark.parametrize("damage", [-1, 1, 1000, 2**31])
@pytest.mark.parametrize("kind", [b"ICCP", b"EXIF", b"XMP "])
@pytest.mark.parametrize("is_lossless", [False, True])
def test_no_chunk_of_metadata_refuses_a_webp(kind: bytes, damage: int, is_lossless: bool) -> None:
    data = bytearray(
        encode(
            draw_quadrants(),
            "WEBP",
            lossless=is_lossless,
            exif=EXIF,
            icc_profile=make_srgb_profile(),
            xmp=b"<x:xmpmeta>place</x:xmpmeta>",
        )
    )
    at = data.index(kind) + 4
    data[at : at + 4] = struct.pack("<I", int.from_bytes(data[at : at + 4], "little") + damage)
    assert_corners(render(bytes(data)), RED, GREEN, BLUE, WHITE)


def test_webp_that_is_cut_off_in_its_metadata_is_whole() -> None:
    data = encode(draw_quadrants(), "WEBP", exif=EXIF)
    assert_corners(render(data[:-5]), RED, GREEN, BLUE, WHITE)


def test_animation_stays_one() -> None:
    data = make_animation("WEBP")
    with open_image(data) as (_, _, source):
        assert read_header(source.data, "WEBP").frames == 3
