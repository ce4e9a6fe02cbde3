"""Damaged HEIC files in the decoder's process: each is rendered or refused, and the process serves on."""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from imaging.decoder import Decoder
from shared.errors import UnacceptableImage
from tests.support.pictures import draw_quadrants, encode, make_photo, make_swapped_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = int(os.environ.get("DAMAGED_FILES", "300"))
SECONDS = 30
WHOLE = [
    encode(draw_quadrants(48, 32), "HEIC", quality=50),
    encode(draw_quadrants(200, 150), "HEIC", tile_size=64),
    encode(draw_quadrants(48, 32, "RGBA"), "HEIC"),
    encode(draw_quadrants(48, 32, "L"), "HEIF"),
    encode(Image.effect_noise((160, 120), 90).convert("RGB"), "HEIC", quality=80),
    encode(draw_quadrants(), "HEIC", xmp=b"<x/>"),
    make_photo(6, "HEIC"),
    encode(draw_quadrants(48, 32), "HEIC", icc_profile=make_swapped_profile()),
]
EXIF_HEAD_BYTES = 4
METADATA = (b"Exif\0\0", b"<x/>")
"""Where the bytes behind the pixels begin."""


def damage(random: Random) -> bytes:
    """Change, insert, repeat or drop some bytes of a file, more often in its boxes than in its pixels."""
    data = bytearray(random.choice(WHOLE))
    end = random.choice([data.index(b"mdat"), len(data)])
    for _ in range(random.choice([1, 1, 2, 3, 8, 40])):
        at = random.randrange(min(end, len(data)))
        part = slice(at, at + random.choice([1, 1, 2, 4, 16]))
        match random.randrange(6):
            case 0:
                del data[part]
            case 1:
                data[at:at] = data[part]
            case 2:
                data[part] = random.choice([b"\0", b"\xff", b"\x7f"]) * len(data[part])
            case _:
                data[at] ^= 1 << random.randrange(8)
    return bytes(data)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(cpu_seconds=20, memory_bytes=500 * 2**20)
    yield decoder
    decoder.stop()


def render_or_refuse(decoder: Decoder, data: bytes) -> str:
    """Return what became of a file. Any other error, also that of a killed process, is raised."""
    try:
        decoder.render(data, SECONDS)
    except UnacceptableImage as error:
        return error.detail
    return "rendered"


def test_damaged_files_are_rendered_or_refused(decoder: Decoder) -> None:
    random = Random(1)  # noqa: S311 - chance, not a secret
    outcomes = Counter(render_or_refuse(decoder, damage(random)) for _ in range(FILES))
    assert outcomes["rendered"] > FILES / 20
    assert outcomes["The image is truncated or damaged."] > FILES / 5


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_file_that_is_cut_off_in_its_pixels_is_refused(decoder: Decoder, number: int) -> None:
    whole = WHOLE[number]
    end = next((whole.index(beginning) for beginning in METADATA if beginning in whole), len(whole))
    for length in [*range(0, end, end // 20), end - EXIF_HEAD_BYTES - 1]:
        assert render_or_refuse(decoder, whole[:length]) != "rendered"
    assert render_or_refuse(decoder, whole) == "rendered"
