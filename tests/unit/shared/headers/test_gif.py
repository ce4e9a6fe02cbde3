from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from shared.errors import UnsupportedImage
from shared.headers import gif, header
from shared.headers.header import Header
from shared.inspection import read_header
from tests.support.pictures import make_animation

if TYPE_CHECKING:
    from types import ModuleType

PALETTE = b"," * 12  # full of bytes that mark frames elsewhere


def make_screen(width: int = 80, height: int = 40, flags: int = 0) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0)


def make_frame(left: int = 0, top: int = 0, width: int = 80, height: int = 40) -> bytes:
    """A frame without palette and data."""
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0) + b"\x02\x00"


SCREEN, FRAME = make_screen(), make_frame()


def refuse(data: bytes) -> str:
    """Return why a file is refused. Empty if it is taken."""
    try:
        read_header(data, "GIF")
    except UnsupportedImage as error:
        return error.detail
    return ""


def test_limits_are_those_that_honest_files_keep() -> None:
    assert (gif.MAX_BLOCKS, header.MAX_FRAMES) == (1_000_000, 10_000)


@pytest.mark.parametrize(
    ("module", "limit", "least", "most"),
    [
        (gif, "MAX_BLOCKS", SCREEN + FRAME + b";", SCREEN + FRAME + b"\0;"),
        (header, "MAX_FRAMES", SCREEN + FRAME * 3 + b";", SCREEN + FRAME * 4 + b";"),
    ],
    ids=["blocks", "frames"],
)
def test_as_many_pieces_as_allowed_are_taken_and_no_more(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, limit: str, least: bytes, most: bytes
) -> None:
    monkeypatch.setattr(module, limit, 3)
    assert refuse(least) == ""
    assert f"3 {limit.removeprefix('MAX_').lower()}" in refuse(most)


def test_bytes_behind_the_end_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gif, "MAX_BLOCKS", 200)
    assert refuse(make_animation("GIF") + bytes(10_000)) == ""


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_gif_that_ends_amid_its_blocks_is_truncated(cut: int) -> None:
    comment = b"!\xfe\x05abcde"
    assert refuse((SCREEN + FRAME + comment)[:-cut]) == "The GIF is truncated."
    assert refuse(SCREEN + FRAME + comment + b"\0;") == ""


@pytest.mark.parametrize("length", range(6, 24))
def test_gif_that_ends_in_its_first_frame_is_truncated(length: int) -> None:
    assert "truncated" in refuse((SCREEN + FRAME)[:length])


def test_gif_without_a_frame_is_refused() -> None:
    assert "damaged" in refuse(SCREEN + b";")


def test_palettes_are_skipped() -> None:
    frame = b"," + struct.pack("<HHHHB", 0, 0, 80, 40, 0x81) + PALETTE + b"\x02\x00"
    assert read_header(make_screen(flags=0x81) + PALETTE + frame * 2 + b";", "GIF").frames == 2


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        (make_frame(10, 10, 20, 20), (80, 40)),
        (make_frame(10, 0, 80, 40), (90, 40)),
        (make_frame(0, 10, 80, 40), (80, 50)),
    ],
)
def test_first_frame_may_stand_out_of_the_screen(frame: bytes, size: tuple[int, int]) -> None:
    later = make_frame(500, 500)
    assert read_header(SCREEN + frame + later + b";", "GIF") == Header(*size, frames=2)
