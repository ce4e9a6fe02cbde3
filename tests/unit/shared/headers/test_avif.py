from __future__ import annotations

from typing import Any

import pytest

from shared.errors import UnsupportedImage
from shared.headers import header
from shared.headers.header import Header
from shared.inspection import read_header
from tests.support.boxes import make_box, make_brands, make_meta, make_movie, make_size

STILL, MOVIE = make_meta(make_size(30, 20)), make_movie()
SEQUENCE = make_brands(b"avis")
LENGTH = len(SEQUENCE + MOVIE)


def read(*boxes: bytes) -> Header:
    return read_header(b"".join(boxes), "AVIF")


def refuse(*boxes: bytes) -> str:
    """Return why a file is refused. Empty if it is taken."""
    try:
        read(*boxes)
    except UnsupportedImage as error:
        return error.detail
    return ""


@pytest.mark.parametrize(
    ("brands", "size"),
    [
        (make_brands(b"avif"), (30, 20)),
        (make_brands(b"avif", b"avis"), (30, 20)),
        (make_brands(b"mif1", b"avif"), (30, 20)),
        (make_brands(b"avis"), (80, 40)),
        (make_brands(b"avis", b"avif"), (80, 40)),
        (make_brands(b"msf1", b"avif", b"avis"), (80, 40)),
    ],
)
def test_first_brand_chooses_between_the_picture_and_the_sequence(
    brands: bytes, size: tuple[int, int]
) -> None:
    found = read(brands, STILL, MOVIE)
    assert (found.width, found.height) == size


def test_sequence_of_one_frame_does_not_move() -> None:
    assert read(SEQUENCE, make_movie(sizes=(1,), runs=((1, 1),))) == Header(80, 40)


@pytest.mark.parametrize(
    ("table", "frames"),
    [
        ({}, 3),
        ({"has_long_places": True}, 3),
        ({"same_size": 1}, 3),
        ({"chunks": (0, 1, 2), "runs": ((1, 1),)}, 3),
        ({"chunks": (0, 1, 2), "runs": ((1, 1), (3, 2)), "sizes": (1,) * 4}, 4),
        ({"chunks": ()}, 0),
    ],
)
def test_frames_are_the_samples_of_all_chunks(table: dict[str, Any], frames: int) -> None:
    assert read(SEQUENCE, make_movie(**table)).frames == frames


@pytest.mark.parametrize(
    "table",
    [
        {"runs": ()},
        {"sizes": (1, 1)},
        {"handler": b"auxv"},
        {"sizes": (1, 1, LENGTH)},
        {"same_size": LENGTH},
        {"chunks": (LENGTH - 2,)},
    ],
    ids=["no runs", "too few sizes", "other track", "long sample", "long samples", "chunk at the end"],
)
def test_sequence_that_no_decoder_reads_is_refused(table: dict[str, Any]) -> None:
    assert "damaged" in refuse(SEQUENCE, make_movie(**table))


def test_chunk_may_reach_up_to_the_end_of_the_file() -> None:
    assert refuse(SEQUENCE, make_movie(chunks=(LENGTH - 3,))) == ""


@pytest.mark.parametrize(
    "table",
    [
        {"sizes": (0,) * 4, "runs": ((1, 4),)},
        {"same_size": 1, "runs": ((1, 4),)},
        {"sizes": (0,) * 4},
        {"chunks": (0,) * 4, "runs": ((1, 0),)},
        {"runs": ((1, 0),) * 4},
    ],
    ids=["samples", "samples of one size", "sizes", "chunks", "runs"],
)
def test_tables_of_a_sequence_are_bounded(monkeypatch: pytest.MonkeyPatch, table: dict[str, Any]) -> None:
    monkeypatch.setattr(header, "MAX_FRAMES", 3)
    assert "more than 3 frames" in refuse(SEQUENCE, make_movie(**table))


def test_sequence_is_turned_by_its_own_properties() -> None:
    rotation = make_box(b"irot", b"\x01")
    assert read(SEQUENCE, make_movie(properties=rotation)).orientation == 8


@pytest.mark.parametrize("boxes", [[], [STILL], [MOVIE]], ids=["nothing", "no sequence", "no picture"])
def test_file_without_its_picture_is_refused(boxes: list[bytes]) -> None:
    brands = SEQUENCE if STILL in boxes else make_brands()
    assert "damaged" in refuse(brands, *boxes)
