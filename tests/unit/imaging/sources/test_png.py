"""No chunk of metadata refuses a PNG."""

import zlib

import pytest

from imaging.renditions import render
from tests.support.corners import assert_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    insert_png_chunks,
    make_picture,
    make_png_chunk,
    make_srgb_profile,
)

PROFILE = make_srgb_profile()
BOMB = zlib.compress(bytes(100_000_000))
PNG_CHUNKS: dict[str, bytes] = {
    "text of 2 MB": make_png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000))),
    "text of 100 MB": make_png_chunk(b"zTXt", b"a\0\0" + BOMB),
    "international text of 100 MB": make_png_chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB),
    "profile of 100 MB": make_png_chunk(b"iCCP", b"a\0\0" + BOMB),
    "text of no compression": make_png_chunk(b"zTXt", b"a\0\7abc"),
    "damaged text": make_png_chunk(b"zTXt", b"a\0\0abc"),
    "text that is no UTF-8": make_png_chunk(b"iTXt", b"a\0\0\0\0\xff\0\xff"),
    "profile of no compression": make_png_chunk(b"iCCP", b"a\0\7" + zlib.compress(PROFILE)),
    "damaged profile": make_png_chunk(b"iCCP", b"a\0\0abc"),
    "half a profile": make_png_chunk(b"iCCP", b"a\0\0" + zlib.compress(PROFILE)[:-200]),
    "profile without a name": make_png_chunk(b"iCCP", zlib.compress(PROFILE)),
    "exif without a block": make_png_chunk(b"eXIf", b"MM\0\x2a\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("name", PNG_CHUNKS)
@pytest.mark.parametrize("is_in_front", [True, False])
def test_no_chunk_of_metadata_refuses_a_png(name: str, is_in_front: bool) -> None:
    png = make_picture("PNG")
    data = (
        insert_png_chunks(png, PNG_CHUNKS[name]) if is_in_front else png[:-12] + PNG_CHUNKS[name] + png[-12:]
    )
    assert_corners(render(data), RED, GREEN, BLUE, WHITE)
