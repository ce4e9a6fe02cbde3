from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from shared.errors import UnsupportedImage
from shared.headers import png
from shared.headers.header import Header
from shared.inspection import read_header
from tests.support.pictures import PNG_SIGNATURE, make_animation, make_exif, make_png_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

IDAT, IEND = make_png_chunk(b"IDAT", b"x"), make_png_chunk(b"IEND")


def make_ihdr(bits: int = 8, colour: int = 2, filtering: int = 0, size: tuple[int, int] = (80, 40)) -> bytes:
    return make_png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, filtering, 0))


IHDR = make_ihdr()


def make_actl(frames: int) -> bytes:
    return make_png_chunk(b"acTL", struct.pack(">II", frames, 0))


def make_fctl(number: int, width: int = 80, height: int = 40, left: int = 0, top: int = 0) -> bytes:
    return make_png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, 10, 0, 0))


def make_png(*chunks: bytes) -> bytes:
    return PNG_SIGNATURE + b"".join(chunks)


def read(*chunks: bytes) -> Header:
    return read_header(make_png(*chunks), "PNG")


def refuse(data: bytes) -> str:
    """Return why a file is refused. Empty if it is taken."""
    try:
        read_header(data, "PNG")
    except UnsupportedImage as error:
        return error.detail
    return ""


# The limit that is lowered to 4, a file of so many pieces, and words of the refusal.
BOUNDS: dict[str, tuple[Callable[[int], bytes], str]] = {
    "MAX_METADATA_CHUNKS": (
        lambda count: make_png(IHDR, *[make_png_chunk(b"tEXt")] * (count - 2), IDAT, IEND),
        "4 chunks of metadata",
    ),
    "MAX_CHUNKS": (lambda count: make_png(IHDR, *[IDAT] * (count - 2), IEND), "4 chunks"),
}


def test_limits_are_those_that_honest_files_keep() -> None:
    assert (png.MAX_CHUNKS, png.MAX_METADATA_CHUNKS) == (100_000, 300)


@pytest.mark.parametrize("limit", BOUNDS)
def test_as_many_pieces_as_allowed_are_taken_and_no_more(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    make, words = BOUNDS[limit]
    monkeypatch.setattr(png, limit, 4)
    assert refuse(make(4)) == ""
    assert words in refuse(make(5))


@pytest.mark.parametrize("kind", [b"IDAT", b"fcTL", b"fdAT"])
def test_chunks_of_pictures_are_no_metadata(monkeypatch: pytest.MonkeyPatch, kind: bytes) -> None:
    monkeypatch.setattr(png, "MAX_METADATA_CHUNKS", 2)
    assert refuse(make_png(IHDR, IDAT, *[make_png_chunk(kind, b"x")] * 5, IEND)) == ""


def test_bytes_behind_the_end_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MAX_CHUNKS", 30)
    assert refuse(make_animation("PNG") + bytes(10_000)) == ""


@pytest.mark.parametrize("end", [b"", b"\0", IDAT[:-3], IEND[:5], b"\0\0\0\0????"])
def test_pixels_and_what_is_behind_them_may_be_damaged_here(end: bytes) -> None:
    """The decoder judges them."""
    assert refuse(make_png(IHDR, IDAT, end)) == ""


@pytest.mark.parametrize(
    "chunks",
    [
        [IHDR],
        [IHDR, IEND],
        [IHDR, make_png_chunk(b"tEXt", b"a\0b")[:-1], IDAT],
        [IHDR, make_png_chunk(b"tEXt", b"a\0b")[:-1] + b"?", IDAT],
        [IHDR, make_png_chunk(b"t?Xt"), IDAT],
        [make_ihdr(bits=3), IDAT],
        [make_ihdr(bits=4), IDAT],
        [make_ihdr(bits=16, colour=3), IDAT],
        [make_ihdr(colour=5), IDAT],
        [make_ihdr(filtering=1), IDAT],
        [make_png_chunk(b"IHDR", bytes(12)), IDAT],
    ],
    ids=[
        *(
            "no picture",
            "end without a picture",
            "cut chunk",
            "wrong checksum",
            "no kind",
            "3 bits",
            "4 bits",
        ),
        *("16 bits of a palette", "no colour", "filter", "short"),
    ],
)
def test_header_that_no_decoder_reads_is_refused(chunks: list[bytes]) -> None:
    assert "damaged" in refuse(make_png(*chunks))


def test_picture_without_a_header_is_refused() -> None:
    assert refuse(make_png(IDAT)) == "The image has no pixels."


@pytest.mark.parametrize(
    ("kind", "least", "colour"),
    [
        *((kind, least, 2) for kind, least in png._MIN_BYTES.items() if kind not in {b"IHDR", b"fcTL"}),  # noqa: SLF001 - the cases
        *((b"tRNS", least, colour) for colour, least in ((0, 2), (2, 6), (3, 0), (4, 0), (6, 0))),
    ],
)
def test_chunk_that_is_too_short_is_refused(kind: bytes, least: int, colour: int) -> None:
    ihdr = make_ihdr(colour=colour)
    assert refuse(make_png(ihdr, make_png_chunk(kind, bytes(least)), IDAT)) == ""
    if least:
        assert "damaged" in refuse(make_png(ihdr, make_png_chunk(kind, bytes(least - 1)), IDAT))


@pytest.mark.parametrize(
    ("chunks", "frames"),
    [
        ([], 1),
        ([make_actl(1)], 2),
        ([make_actl(1), make_fctl(0)], 1),
        ([make_actl(3)], 4),
        ([make_actl(3), make_fctl(0)], 3),
        ([make_actl(0)], 1),
        ([make_actl(2**31 + 1)], 1),
        ([make_actl(3), make_actl(3)], 1),
    ],
    ids=[
        "still",
        "and a default",
        "one",
        "three and a default",
        "three",
        "none",
        "too many",
        "announced twice",
    ],
)
def test_frames_are_those_of_the_animation_and_the_default_image(chunks: list[bytes], frames: int) -> None:
    assert read(IHDR, *chunks, IDAT).frames == frames


@pytest.mark.parametrize(
    "control",
    [
        make_fctl(1),
        make_fctl(0, 81),
        make_fctl(0, 80, 41),
        make_fctl(0, 80, 40, 1),
        make_fctl(0, 80, 40, 0, 1),
    ],
)
def test_frame_out_of_order_or_out_of_the_picture_is_refused(control: bytes) -> None:
    assert "damaged" in refuse(make_png(IHDR, make_actl(2), control, IDAT))


def test_orientation_is_that_of_exif_and_of_no_text() -> None:
    exif = make_png_chunk(b"eXIf", make_exif({0x0112: 6})[6:])
    text = make_png_chunk(b"tEXt", b"exif\0Exif\0\0")
    assert read(IHDR, exif, text, IDAT) == Header(80, 40, orientation=6)
    assert read(IHDR, IDAT, exif).orientation is None
