"""No item of metadata refuses an AVIF."""

import struct
from typing import Any

import pytest

from imaging.renditions import render
from shared.inspection import inspect
from tests.support.corners import assert_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    make_exif,
)

EXIF = make_exif({0x010F: "Canon", 0x0112: 1})


def damage_block(data: bytes, beginning: bytes) -> bytes:
    at = data.index(beginning)
    return data[:at] + b"\xff" * 8 + data[at + 8 :]


@pytest.mark.parametrize("beginning", [b"Exif\0\0MM", b"MM\0\x2a", b"<x:xmpmeta>"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_item_of_metadata_refuses_an_avif(beginning: bytes, mode: str) -> None:
    options: dict[str, Any] = {"exif": EXIF, "xmp": b"<x:xmpmeta>place</x:xmpmeta>"}
    data = encode(draw_quadrants(mode=mode), "AVIF", **options)
    assert_corners(render(damage_block(data, beginning)), RED, GREEN, BLUE, WHITE)


def test_avif_that_is_cut_off_in_its_metadata_is_whole() -> None:
    data = encode(draw_quadrants(), "AVIF", exif=EXIF)
    exif = data.index(b"MM\0\x2a")
    moved = data + data[exif - 10 : exif - 10 + len(EXIF) + 4]
    place = struct.pack(">I", exif - 10)
    at = moved.index(place)
    moved = moved[:at] + struct.pack(">I", len(data)) + moved[at + 4 :]
    assert inspect(moved[:-5]).width == 80
    assert_corners(render(moved[:-5]), RED, GREEN, BLUE, WHITE)
