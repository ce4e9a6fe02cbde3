"""No item of metadata refuses an AVIF or a HEIC."""

import struct
from typing import Any

import pytest
from PIL import Image

from imaging.renditions import render
from shared.inspection import inspect
from shared.renditions import RenditionName
from tests.support.corners import assert_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    make_exif,
    open_rendition,
)

FORMATS = ("AVIF", "HEIC")
EXIF = make_exif({0x010F: "Canon", 0x0112: 1})


def damage_block(data: bytes, beginning: bytes) -> bytes:
    at = data.index(beginning)
    return data[:at] + b"\xff" * 8 + data[at + 8 :]


@pytest.mark.parametrize("beginning", [b"Exif\0\0MM", b"MM\0\x2a", b"<x:xmpmeta>"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("image_format", FORMATS)
def test_no_item_of_metadata_refuses_a_picture(image_format: str, beginning: bytes, mode: str) -> None:
    options: dict[str, Any] = {"exif": EXIF, "xmp": b"<x:xmpmeta>place</x:xmpmeta>"}
    data = encode(draw_quadrants(mode=mode), image_format, **options)
    assert_corners(render(damage_block(data, beginning)), RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize("image_format", FORMATS)
def test_picture_that_is_cut_off_in_its_metadata_is_whole(image_format: str) -> None:
    data = encode(draw_quadrants(), image_format, exif=EXIF)
    exif = data.index(b"MM\0\x2a")
    moved = data + data[exif - 10 : exif - 10 + len(EXIF) + 4]
    place = struct.pack(">I", exif - 10)
    at = moved.index(place)
    moved = moved[:at] + struct.pack(">I", len(data)) + moved[at + 4 :]
    assert inspect(moved[:-5]).width == 80
    assert_corners(render(moved[:-5]), RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize("image_format", FORMATS)
def test_facts_of_exif_are_read(image_format: str) -> None:
    facts = render(encode(draw_quadrants(), image_format, exif=EXIF)).exif
    assert facts
    assert facts.camera == "Canon"


def test_codes_of_a_heic_tell_its_colours() -> None:
    """The matrix of CSS Color 4, section 10.12, gives the same colour."""
    options = {"quality": -1, "color_primaries": 12, "transfer_characteristics": 13}
    data = encode(Image.new("RGB", (64, 64), (200, 100, 50)), "HEIC", **options)
    rendition = open_rendition(render(data).renditions[RenditionName.LARGE])
    assert rendition.convert("RGB").getpixel((30, 30)) == pytest.approx((215, 93, 31), abs=3)
