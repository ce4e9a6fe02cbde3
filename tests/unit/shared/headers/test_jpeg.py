"""Bounds of the pieces of a JPEG: as many as allowed are taken, and one more is refused."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from shared.errors import UnsupportedImage
from shared.headers import jpeg
from shared.headers.header import Header
from shared.inspection import read_header
from tests.support.pictures import make_exif, make_photo, make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

SCAN = b"\xff\xda\x00\x08\x01" + bytes(5)
COMMENT = b"\xff\xfe\x00\x02"


def make_frame(marker: int = 0xC0, *, bits: int = 8, components: int = 1, more: bytes = b"") -> bytes:
    content = struct.pack(">BHHB", bits, 40, 80, components) + bytes(3 * components) + more
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(content)) + content


def make_jpeg(*pieces: bytes, frame: bytes | None = None) -> bytes:
    """The pieces stand in front of the first scan."""
    return b"\xff\xd8" + (make_frame() if frame is None else frame) + b"".join(pieces) + SCAN


TURNED = make_exif({0x0112: 6})
EXIF = b"\xff\xe1" + struct.pack(">H", 2 + len(TURNED)) + TURNED


def refuse(data: bytes) -> str:
    """Return why a file is refused. Empty if it is taken."""
    try:
        assert read_header(data, "JPEG") == Header(80, 40)
    except UnsupportedImage as error:
        return error.detail
    return ""


# The limit that is lowered to 3, a file of so many pieces, and words of the refusal.
BOUNDS: dict[str, tuple[Callable[[int], bytes], str]] = {
    "MAX_SEGMENTS": (lambda count: make_jpeg(*[COMMENT] * (count - 2)), "3 segments"),
    "MAX_SCANS": (lambda count: make_jpeg() + SCAN * (count - 1), "3 scans"),
    "MAX_FILL_BYTES": (lambda count: make_jpeg(bytes(count), COMMENT), "too much in front"),
}


def test_limits_are_those_that_honest_files_keep() -> None:
    assert (jpeg.MAX_SEGMENTS, jpeg.MAX_SCANS) == (1000, 100)
    assert (jpeg.MAX_EXIF_BYTES, jpeg.MAX_FILL_BYTES) == (1_000_000, 65_536)


@pytest.mark.parametrize("limit", BOUNDS)
def test_as_many_pieces_as_allowed_are_taken_and_no_more(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    make, words = BOUNDS[limit]
    monkeypatch.setattr(jpeg, limit, 3)
    assert refuse(make(3)) == ""
    assert words in refuse(make(4))


def test_exif_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photo(6)
    start = photo.index(b"Exif\0\0") + 6
    end = 2 + int.from_bytes(photo[start - 8 : start - 6]) + start - 8 - 2
    monkeypatch.setattr(jpeg, "MAX_EXIF_BYTES", end - start)
    assert jpeg.read_header(photo).orientation == 6
    monkeypatch.setattr(jpeg, "MAX_EXIF_BYTES", 20)
    assert jpeg.read_header(photo).orientation is None


def test_exif_may_go_on_in_another_segment() -> None:
    block = make_exif({0x010F: "x" * 100, 0x0112: 6})
    segments = [
        b"\xff\xe1" + struct.pack(">H", 8 + len(part)) + b"Exif\0\0" + part
        for part in (block[6:20], block[20:])
    ]
    assert jpeg.read_header(make_jpeg(*segments)).orientation == 6


def test_fill_bytes_between_all_segments_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "MAX_FILL_BYTES", 3)
    assert refuse(make_jpeg(b"\0", COMMENT, b"\0\0", COMMENT)) == ""
    assert "too much in front" in refuse(make_jpeg(b"\0\0", COMMENT, b"\0\0", COMMENT))


@pytest.mark.parametrize("marker", [0xC8, 0xD0, 0xD7, 0xD8, 0xD9, 0xF0, 0xFD])
def test_marker_without_content_hides_no_segment(marker: int) -> None:
    """If a length were read behind it, the walk would skip the segment that follows."""
    assert jpeg.read_header(make_jpeg(bytes([0xFF, marker]), EXIF)).orientation == 6


@pytest.mark.parametrize("marker", [0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEF, 0xFE])
def test_content_of_a_segment_is_skipped(marker: int) -> None:
    segment = bytes([0xFF, marker]) + struct.pack(">H", 2 + len(EXIF)) + EXIF
    assert refuse(make_jpeg(segment)) == ""


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
    monkeypatch.setattr(jpeg, "MAX_SCANS", 1)
    assert ("scans" in refuse(make_jpeg() + b"\xff\xda" + header)) is is_scan


@pytest.mark.parametrize(
    "marker", [*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD, 0xCF, 0xDE]
)
def test_size_stands_in_every_kind_of_frame(marker: int) -> None:
    assert refuse(make_jpeg(frame=make_frame(marker))) == ""


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        make_frame(bits=12),
        make_frame(components=2),
        make_frame(components=0),
        make_frame(more=b"x"),
        make_frame()[:-1],
        b"\xff\x02\x00\x02",
        b"\xff\xbf\x00\x02",
    ],
    ids=[
        "none",
        "12 bits",
        "two components",
        "no components",
        "cut inside",
        "short",
        "reserved",
        "reserved too",
    ],
)
def test_frame_that_no_decoder_reads_is_refused(frame: bytes) -> None:
    assert "damaged" in refuse(make_jpeg(frame=frame))


@pytest.mark.parametrize(
    "end", [b"", b"\xff", b"\xff\x00", b"\xff\xff", b"\xff\xda", b"\xff\xda\x00\x08\x01"]
)
def test_jpeg_without_a_picture_is_truncated(end: bytes) -> None:
    assert "truncated" in refuse(b"\xff\xd8" + COMMENT + make_frame() + end)


def test_orientation_is_that_of_exif() -> None:
    assert [jpeg.read_header(make_photo(number)).orientation for number in range(1, 9)] == [*range(1, 9)]
    assert jpeg.read_header(make_picture()).orientation is None
