"""Bounds of the pieces of a file: as many as allowed are taken, and one more is refused."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from shared import inspection, structure
from shared.errors import UnsupportedImage
from shared.structure import require_structure
from tests.support.pictures import PNG_SIGNATURE, make_animation, make_png_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

SCAN = b"\xff\xda\x00\x08\x01"
COMMENT = b"\xff\xfe\x00\x02"
GIF_HEADER = b"GIF89a" + bytes(7)
FRAME = b"," + bytes(9) + b"\x02\x00"  # no palette, no data


def make_jpeg(*pieces: bytes) -> bytes:
    """The pieces stand in front of the first scan."""
    return b"\xff\xd8" + b"".join(pieces) + SCAN


def make_exif(size: int) -> bytes:
    """A segment whose length says `size`."""
    return b"\xff\xe1" + struct.pack(">H", size) + b"Exif\0\0" + bytes(size - 8)


def make_png(*chunks: bytes) -> bytes:
    return PNG_SIGNATURE + b"".join(chunks)


def refuse(data: bytes, image_format: str) -> str:
    """Return why a file is refused. Empty if it is taken."""
    try:
        require_structure(data, image_format)
    except UnsupportedImage as error:
        return error.detail
    return ""


# The limit that is lowered to 3, the format, a file of so many pieces, and words of the refusal.
BOUNDS: dict[str, tuple[str, Callable[[int], bytes], str]] = {
    "MAX_JPEG_SEGMENTS": ("JPEG", lambda count: make_jpeg(*[COMMENT] * (count - 1)), "3 segments"),
    "MAX_JPEG_SCANS": ("JPEG", lambda count: make_jpeg() + SCAN * (count - 1), "3 scans"),
    "MAX_JPEG_FILL_BYTES": ("JPEG", lambda count: make_jpeg(bytes(count), COMMENT), "too much in front"),
    "MAX_PNG_METADATA_CHUNKS": (
        "PNG",
        lambda count: make_png(*[make_png_chunk(b"tEXt")] * (count - 1), make_png_chunk(b"IEND")),
        "3 chunks of metadata",
    ),
    "MAX_PNG_CHUNKS": (
        "PNG",
        lambda count: make_png(*[make_png_chunk(b"IDAT")] * (count - 1), make_png_chunk(b"IEND")),
        "3 chunks",
    ),
    "MAX_GIF_BLOCKS": ("GIF", lambda count: GIF_HEADER + bytes(count - 1) + b";", "3 blocks"),
    "MAX_FRAMES": ("GIF", lambda count: GIF_HEADER + FRAME * count + b";", "3 frames"),
}


def test_limits_are_those_that_honest_files_keep() -> None:
    limits = {name: value for name, value in vars(structure).items() if name.startswith("MAX_")}
    assert limits == {
        "MAX_JPEG_SEGMENTS": 500,
        "MAX_JPEG_SCANS": 100,
        "MAX_JPEG_EXIF_BYTES": 1_000_000,
        "MAX_JPEG_FILL_BYTES": 65_536,
        "MAX_PNG_CHUNKS": 100_000,
        "MAX_PNG_METADATA_CHUNKS": 300,
        "MAX_GIF_BLOCKS": 1_000_000,
        "MAX_FRAMES": 10_000,
    }
    assert (inspection.MAX_IMAGE_PIXELS, inspection.MAX_SIDE_PX) == (100_000_000, 30_000)
    assert inspection.MAX_EXIF_BYTES == 1_000_000


@pytest.mark.parametrize("limit", BOUNDS)
def test_as_many_pieces_as_allowed_are_taken_and_no_more(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    image_format, make, words = BOUNDS[limit]
    monkeypatch.setattr(structure, limit, 3)
    assert refuse(make(3), image_format) == ""
    assert words in refuse(make(4), image_format)


def test_exif_of_all_segments_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MAX_JPEG_EXIF_BYTES", 30)
    assert refuse(make_jpeg(make_exif(15), COMMENT, make_exif(15)), "JPEG") == ""
    assert "too much in front" in refuse(make_jpeg(make_exif(15), make_exif(16)), "JPEG")


def test_long_segment_without_exif_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MAX_JPEG_EXIF_BYTES", 30)
    assert refuse(make_jpeg(b"\xff\xe1\x00\x50" + bytes(78)), "JPEG") == ""


def test_fill_bytes_between_all_segments_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MAX_JPEG_FILL_BYTES", 3)
    assert refuse(make_jpeg(b"\0", COMMENT, b"\0\0", COMMENT), "JPEG") == ""
    assert "too much in front" in refuse(make_jpeg(b"\0\0", COMMENT, b"\0\0", COMMENT), "JPEG")


@pytest.mark.parametrize("kind", [b"IDAT", b"fcTL", b"fdAT"])
def test_chunks_of_pictures_are_no_metadata(monkeypatch: pytest.MonkeyPatch, kind: bytes) -> None:
    monkeypatch.setattr(structure, "MAX_PNG_METADATA_CHUNKS", 2)
    png = make_png(make_png_chunk(b"IHDR"), *[make_png_chunk(kind, b"x")] * 5, make_png_chunk(b"IEND"))
    assert refuse(png, "PNG") == ""


@pytest.mark.parametrize("marker", [0x01, 0xC8, 0xD0, 0xD7, 0xD8, 0xD9, 0xF0, 0xFD])
def test_marker_without_payload_hides_no_segment(monkeypatch: pytest.MonkeyPatch, marker: int) -> None:
    """If a length were read behind it, the walk would skip the segment that follows."""
    monkeypatch.setattr(structure, "MAX_JPEG_EXIF_BYTES", 10)
    assert "too much in front" in refuse(make_jpeg(bytes([0xFF, marker]), make_exif(20)), "JPEG")


@pytest.mark.parametrize("marker", [0x02, 0xC0, 0xC4, 0xC9, 0xCF, 0xDB, 0xDD, 0xE0, 0xEF, 0xFE])
def test_payload_of_a_segment_is_skipped(monkeypatch: pytest.MonkeyPatch, marker: int) -> None:
    monkeypatch.setattr(structure, "MAX_JPEG_EXIF_BYTES", 10)
    hidden = make_exif(20)
    segment = bytes([0xFF, marker]) + struct.pack(">H", 2 + len(hidden)) + hidden
    assert refuse(make_jpeg(segment), "JPEG") == ""


@pytest.mark.parametrize(
    ("header", "is_scan"),
    [
        (b"\x00\x08\x01", True),
        (b"\x00\x0a\x02", True),
        (b"\x00\x0c\x03", True),
        (b"\x00\x0e\x04", True),
        (b"\x00\x08\x02", False),
        (b"\x01\x08\x01", False),
    ],
)
def test_scans_are_counted_by_their_headers(
    monkeypatch: pytest.MonkeyPatch, header: bytes, is_scan: bool
) -> None:
    monkeypatch.setattr(structure, "MAX_JPEG_SCANS", 1)
    assert ("scans" in refuse(make_jpeg() + b"\xff\xda" + header, "JPEG")) is is_scan


@pytest.mark.parametrize("marker", [b"", b"\xff", b"\xff\x00", b"\xff\xff"])
def test_jpeg_without_a_picture_is_truncated(marker: bytes) -> None:
    assert "truncated" in refuse(b"\xff\xd8" + COMMENT + marker, "JPEG")


@pytest.mark.parametrize("image_format", ["PNG", "GIF"])
def test_bytes_behind_the_end_do_not_matter(monkeypatch: pytest.MonkeyPatch, image_format: str) -> None:
    image = make_animation(image_format)
    monkeypatch.setattr(structure, "MAX_PNG_CHUNKS", 30)
    monkeypatch.setattr(structure, "MAX_GIF_BLOCKS", 200)
    assert refuse(image + bytes(10_000), image_format) == ""


def test_png_may_end_without_its_last_chunk() -> None:
    assert refuse(make_png(make_png_chunk(b"IDAT")), "PNG") == ""


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_gif_that_ends_amid_its_blocks_is_truncated(cut: int) -> None:
    gif = GIF_HEADER + b"!\xfe\x05abcde"
    assert refuse(gif[:-cut], "GIF") == "The GIF is truncated."
    assert refuse(gif + b"\0;", "GIF") == ""


def test_palettes_of_a_gif_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are full of bytes that mark frames elsewhere."""
    monkeypatch.setattr(structure, "MAX_FRAMES", 1)
    palette = b"," * 12
    gif = b"GIF89a" + bytes(4) + b"\x81\0\0" + palette + b"," + bytes(8) + b"\x81" + palette + b"\x02\0;"
    assert refuse(gif, "GIF") == ""
    assert "1 frames" in refuse(gif[:-1] + FRAME + b";", "GIF")


@pytest.mark.parametrize("image_format", ["WEBP", "AVIF"])
def test_other_formats_have_no_walk(image_format: str) -> None:
    assert refuse(b"anything", image_format) == ""
