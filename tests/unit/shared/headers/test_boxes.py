import struct

import pytest

from shared.errors import UnsupportedImage
from shared.headers import boxes
from shared.headers.boxes import Box, BoxReader, Cursor
from shared.headers.header import DamagedImage
from tests.support.boxes import make_box

WHOLE = Box(b"", 0, 0)


def list_kinds(data: bytes) -> list[bytes]:
    return [box.kind for box in BoxReader(data).walk(Box(b"", 0, len(data)))]


def test_box_is_found_by_its_path() -> None:
    data = make_box(b"ftyp") + make_box(b"aaaa", make_box(b"bbbb"), make_box(b"cccc", b"content"))
    box = BoxReader(data).find(b"aaaa", b"cccc")
    assert data[box.start : box.end] == b"content"


def test_boxes_may_begin_behind_other_content() -> None:
    data = make_box(b"meta", bytes(4), make_box(b"hdlr", b"x"))
    reader = BoxReader(data)
    box = reader.find_in(reader.find(b"meta"), b"hdlr", skip=4)
    assert data[box.start : box.end] == b"x"


def test_box_that_is_not_there_means_a_damaged_image() -> None:
    with pytest.raises(DamagedImage):
        BoxReader(make_box(b"aaaa")).find(b"aaaa", b"bbbb")


def test_length_may_have_64_bits_or_reach_to_the_end() -> None:
    data = struct.pack(">I4sQ", 1, b"long", 17) + b"x" + struct.pack(">I4s", 0, b"rest") + b"whatever"
    found = list(BoxReader(data).walk(Box(b"", 0, len(data))))
    assert found == [Box(b"long", 16, 17), Box(b"rest", 25, len(data))]


@pytest.mark.parametrize("length", [2, 7, 10, 2**32 - 1])
def test_box_that_ends_before_its_start_or_behind_its_parent_is_damage(length: int) -> None:
    with pytest.raises(DamagedImage):
        list_kinds(struct.pack(">I4s", length, b"aaaa"))


def test_boxes_of_a_file_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert boxes.MAX_BOXES == 10_000
    monkeypatch.setattr(boxes, "MAX_BOXES", 3)
    assert list_kinds(make_box(b"free") * 3) == [b"free"] * 3
    with pytest.raises(UnsupportedImage, match="more than 3 boxes"):
        list_kinds(make_box(b"free") * 4)


def test_cursor_reads_numbers_of_any_size_up_to_the_end() -> None:
    cursor = Cursor(b"\x01\x02\x03\x04\x05", 1)
    assert [cursor.read(1), cursor.read(0), cursor.read(2), cursor.take(1)] == [2, 0, 0x0304, b"\x05"]
    with pytest.raises(DamagedImage):
        cursor.read(1)
