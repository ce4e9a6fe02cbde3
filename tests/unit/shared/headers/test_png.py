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


PIECES = {"metadata": make_png_chunk(b"tEXt"), "pixels": IDAT}


def test_limit_is_one_that_honest_files_keep() -> None:
    assert png.MAX_CHUNKS == 100_000


@pytest.mark.parametrize("piece", PIECES)
def test_as_many_chunks_as_allowed_are_taken_and_no_more(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    monkeypatch.setattr(png, "MAX_CHUNKS", 4)
    assert refuse(make_png(IHDR, PIECES[piece], IDAT, IEND)) == ""
    assert "4 chunks" in refuse(make_png(IHDR, *[PIECES[piece]] * 2, IDAT, IEND))


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
        [make_ihdr()[:-1] + b"?", IDAT],
        [make_ihdr(colour=3), make_png_chunk(b"PLTE", b"abc")[:-1] + b"?", IDAT],
        [IHDR, make_png_chunk(b"tEXt", b"a\0b")[:-1]],
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
            "checksum of the header",
            "checksum of the palette",
            "nothing behind a cut chunk",
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


METADATA = [
    *(b"acTL", b"bKGD", b"cHRM", b"cICP", b"cLLI", b"eXIf", b"fcTL", b"gAMA", b"hIST", b"iCCP", b"iTXt"),
    *(b"mDCV", b"oFFs", b"pHYs", b"sBIT", b"sPLT", b"sRGB", b"sTER", b"tEXt", b"tIME", b"tRNS", b"zTXt"),
    *(b"fdAT", b"prVt", b"PLTE", b"NONE", b"t?Xt"),
]
"""Everything that may stand in front of the pixels of a picture without numbered colours."""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "checksum": lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 1]),
    "content": lambda chunk: chunk[:8] + bytes([chunk[8] ^ 1]) + chunk[9:],
    "missing byte": lambda chunk: chunk[:-1],
    "more bytes": lambda chunk: chunk + b"\xff\xfe\xfd",
    "short length": lambda chunk: struct.pack(">I", 2) + chunk[4:],
    "long length": lambda chunk: struct.pack(">I", 40) + chunk[4:],
    "endless": lambda chunk: b"\xff\xff\xff\xff" + chunk[4:],
    "empty": lambda chunk: make_png_chunk(chunk[4:8]),
    "one byte": lambda chunk: make_png_chunk(chunk[4:8], b"x"),
}


@pytest.mark.parametrize("kind", METADATA)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_metadata_refuse_no_picture(kind: bytes, damage: str) -> None:
    chunk = DAMAGES[damage](make_png_chunk(kind, b"\xf0" * 60))
    assert read(IHDR, chunk, IDAT, IEND) == Header(80, 40)
    exif = make_png_chunk(b"eXIf", make_exif({0x0112: 6})[6:])
    assert read(IHDR, chunk, exif, IDAT, IEND) == Header(80, 40, orientation=6)


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
def test_animation_with_a_wrong_frame_is_a_still_picture(control: bytes) -> None:
    assert read(IHDR, make_actl(2), control, IDAT).frames == 1


def test_orientation_is_that_of_exif_and_of_no_text() -> None:
    exif = make_png_chunk(b"eXIf", make_exif({0x0112: 6})[6:])
    text = make_png_chunk(b"tEXt", b"exif\0Exif\0\0")
    assert read(IHDR, exif, text, IDAT) == Header(80, 40, orientation=6)
    assert read(IHDR, IDAT, exif).orientation is None
