import struct

import pytest

from shared.headers.exif import read_orientation

TEXT, SHORT, LONG, RATIONAL, SIGNED_BYTE, SIGNED_SHORT = 2, 3, 4, 5, 6, 8


def make_block(*entries: tuple[int, int, int, bytes], order: str = ">", more: bytes = b"") -> bytes:
    mark = {">": b"MM\0\x2a", "<": b"II\x2a\0"}[order]
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(
        struct.pack(f"{order}HHI4s", *entry) for entry in entries
    )
    return mark + struct.pack(f"{order}I", 8) + directory + bytes(4) + more


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0", b"Exif\0\0" * 2])
@pytest.mark.parametrize(
    ("order", "kind", "value"),
    [
        (">", SHORT, b"\0\6\0\0"),
        ("<", SHORT, b"\6\0\0\0"),
        (">", LONG, b"\0\0\0\6"),
        ("<", LONG, b"\6\0\0\0"),
        (">", SIGNED_BYTE, b"\6\0\0\0"),
        ("<", SIGNED_SHORT, b"\6\0\0\0"),
    ],
)
def test_orientation_is_an_integer_of_any_type(prefix: bytes, order: str, kind: int, value: bytes) -> None:
    assert read_orientation(prefix + make_block((0x0112, kind, 1, value), order=order)) == 6


def test_orientation_is_the_first_of_several_numbers() -> None:
    more = struct.pack(">HHH", 8, 1, 1)
    at = struct.pack(">I", 8 + 2 + 12 + 4)
    assert read_orientation(make_block((0x0112, SHORT, 3, at), more=more)) == 8
    assert read_orientation(make_block((0x0112, SHORT, 2, b"\0\6\0\1"))) == 6


def test_other_entries_are_skipped() -> None:
    entries = [(0x010F, TEXT, 4, b"abc\0"), (0x0112, 99, 1, b"\0\3\0\0"), (0x0112, SHORT, 1, b"\0\6\0\0")]
    assert read_orientation(make_block(*entries)) == 6


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"MM",
        b"MM\0\x2b" + bytes(20),
        b"XX\0\x2a" + bytes(20),
        b"MM\0\x2a\xff\xff\xff\xff",
        make_block(),
        make_block((0x0112, SHORT, 1, b"\0\0\0\0")),
        make_block((0x0112, SHORT, 1, b"\0\x09\0\0")),
        make_block((0x0112, SHORT, 0, b"\0\6\0\0")),
        make_block((0x0112, SHORT, 2**31, b"\0\0\0\x08")),
        make_block((0x0112, TEXT, 2, b"6\0\0\0")),
        make_block((0x0112, RATIONAL, 1, b"\0\0\0\x08")),
        make_block((0x0112, SHORT, 1, b"\0\6\0\0"))[:20],
    ],
)
def test_orientation_that_makes_no_sense_is_none(block: bytes) -> None:
    assert read_orientation(block) is None
