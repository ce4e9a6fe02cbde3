from __future__ import annotations

import struct

import pytest

from shared.errors import UnsupportedImage
from shared.headers import header, webp
from shared.headers.header import Header
from shared.inspection import read_header
from tests.support.pictures import (
    append_webp_chunk,
    draw_quadrants,
    encode,
    make_animation,
    make_exif,
    make_picture,
)

LOSSY, LOSSLESS = make_picture("WEBP"), encode(draw_quadrants(), "WEBP", lossless=True)
ANIMATED, WITH_EXIF = 0x02, 0x08
EXIF = make_exif({0x0112: 6})


def make_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def make_webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def make_extended(flags: int = 0, size: tuple[int, int] = (80, 40)) -> bytes:
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return make_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


PIXELS = LOSSY[12:]
FRAME = make_chunk(b"ANMF", bytes(16))


def refuse(data: bytes) -> str:
    """Return why a file is refused. Empty if it is taken."""
    try:
        read_header(data, "WEBP")
    except UnsupportedImage as error:
        return error.detail
    return ""


@pytest.mark.parametrize("data", [LOSSY, LOSSLESS, make_webp(make_extended(), PIXELS)])
def test_size_is_that_of_the_picture(data: bytes) -> None:
    assert read_header(data, "WEBP") == Header(80, 40)


@pytest.mark.parametrize(
    "data", [LOSSY, LOSSLESS, make_animation("WEBP")], ids=["lossy", "lossless", "animated"]
)
def test_file_that_is_cut_off_anywhere_is_refused(data: bytes) -> None:
    assert {refuse(data[:length]) for length in range(12, len(data))} == {
        "The image is truncated or damaged."
    }


def test_bytes_behind_the_end_do_not_matter() -> None:
    assert refuse(LOSSY + b"whatever") == ""


def test_frames_are_counted_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "MAX_FRAMES", 3)
    assert read_header(make_webp(make_extended(ANIMATED), *[FRAME] * 3), "WEBP").frames == 3
    assert "3 frames" in refuse(make_webp(make_extended(ANIMATED), *[FRAME] * 4))


def test_chunks_of_metadata_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert webp.MAX_METADATA_CHUNKS == 300
    monkeypatch.setattr(webp, "MAX_METADATA_CHUNKS", 3)
    assert refuse(make_webp(make_extended(), PIXELS, *[make_chunk(b"WHAT", b"")] * 2)) == ""
    assert "3 chunks of metadata" in refuse(
        make_webp(make_extended(), PIXELS, *[make_chunk(b"WHAT", b"")] * 3)
    )


@pytest.mark.parametrize(
    "data",
    [
        make_webp(),
        make_webp(make_chunk(b"WHAT", b""), PIXELS),
        make_webp(make_extended()),
        make_webp(make_extended(ANIMATED)),
        make_webp(make_extended(), FRAME),
        make_webp(make_chunk(b"VP8X", bytes(9)), PIXELS),
        make_webp(make_extended(size=(81, 40)), PIXELS),
        make_webp(make_chunk(b"VP8 ", bytes(20))),
        make_webp(make_chunk(b"VP8L", bytes(20))),
        make_webp(PIXELS[:-1] if len(PIXELS) % 2 else PIXELS[:-2]),
    ],
    ids=[
        *("empty", "unknown first", "no picture", "no frame", "frame of a still", "short", "other size"),
        *("no lossy picture", "no lossless picture", "cut inside"),
    ],
)
def test_file_that_no_decoder_reads_is_refused(data: bytes) -> None:
    assert "damaged" in refuse(data)


@pytest.mark.parametrize(("flags", "orientation"), [(WITH_EXIF, 6), (0, None)])
def test_orientation_counts_if_the_header_announces_it(flags: int, orientation: int | None) -> None:
    data = append_webp_chunk(make_webp(make_extended(flags), PIXELS), b"EXIF", EXIF)
    assert read_header(data, "WEBP") == Header(80, 40, orientation=orientation)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_header_tells_transparency(alpha: int, lossless: bool) -> None:
    image = draw_quadrants()
    image.putalpha(alpha)
    assert webp.has_alpha(encode(image, "WEBP", lossless=lossless)) is (alpha < 255)


@pytest.mark.parametrize("data", [make_webp(), make_webp(make_chunk(b"VP8X", b"")), make_webp(FRAME)])
def test_transparency_of_what_is_no_picture_is_unknown(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        webp.has_alpha(data)


@pytest.mark.parametrize("damage", [-40, -1, 1, 1000, 2**32 - 100])
@pytest.mark.parametrize("kind", [b"ICCP", b"EXIF", b"XMP ", b"WHAT"])
@pytest.mark.parametrize("is_in_front", [True, False])
def test_wrong_length_of_metadata_refuses_no_picture(kind: bytes, damage: int, is_in_front: bool) -> None:
    chunk = kind + struct.pack("<I", 60 + damage if damage < 2**31 else damage) + b"\xf0" * 60
    chunks = [chunk, PIXELS] if is_in_front else [PIXELS, chunk]
    assert read_header(make_webp(make_extended(0x3C), *chunks), "WEBP") == Header(80, 40)


@pytest.mark.parametrize("missing", range(1, 60))
def test_file_that_is_cut_off_in_its_metadata_is_whole(missing: int) -> None:
    data = make_webp(make_extended(), PIXELS, make_chunk(b"WHAT", bytes(60)))
    assert read_header(data[:-missing], "WEBP") == Header(80, 40)
