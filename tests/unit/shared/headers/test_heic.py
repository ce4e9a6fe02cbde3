import struct

import pytest

from shared.errors import UnsupportedImage
from shared.headers.header import DamagedImage, Header
from shared.headers.heic import BRANDS, read_header
from tests.support.boxes import make_box, make_brands, make_meta, make_movie, make_size
from tests.support.pictures import draw_quadrants, encode, make_photo

MIRRORED = make_box(b"imir", b"\x00")


def turn(turns: int) -> bytes:
    return make_box(b"irot", bytes([turns]))


def cut_out(*numbers: int) -> bytes:
    """The width and the height of the part, each as a number and what to divide it by, and no offsets."""
    return make_box(b"clap", struct.pack(">8I", *numbers, 0, 1, 0, 1))


def read(*properties: bytes) -> Header:
    numbers = tuple(range(1, len(properties) + 2))
    return read_header(make_brands(b"heic") + make_meta(make_size(), *properties, numbers=numbers))


@pytest.mark.parametrize(
    ("properties", "size"),
    [
        ([], (80, 40)),
        ([turn(0)], (80, 40)),
        ([turn(1)], (40, 80)),
        ([turn(2)], (80, 40)),
        ([turn(3), MIRRORED], (40, 80)),
        ([cut_out(79, 1, 39, 1)], (79, 39)),
        ([cut_out(79, 1, 39, 1), turn(1)], (39, 79)),
        ([turn(1), cut_out(39, 1, 79, 1)], (39, 79)),
        ([cut_out(319, 4, 1, 1)], (80, 1)),
        ([cut_out(317, 4, 157, 4)], (79, 39)),
        ([make_box(b"free", b"irot")], (80, 40)),
    ],
)
def test_size_is_that_of_the_picture_that_is_shown(properties: list[bytes], size: tuple[int, int]) -> None:
    assert read(*properties) == Header(*size)


@pytest.mark.parametrize("numbers", [(81, 1, 40, 1), (80, 1, 41, 1), (80, 0, 40, 1), (80, 1, 40, 0)])
def test_part_that_is_no_part_is_damage(numbers: tuple[int, ...]) -> None:
    with pytest.raises(DamagedImage):
        read(cut_out(*numbers))


def test_property_that_ends_too_early_is_damage() -> None:
    with pytest.raises((DamagedImage, struct.error)):
        read_header(make_brands(b"heic") + make_meta(make_size(), make_box(b"clap"), numbers=(1, 2)))


def test_sequence_shows_its_still_picture_alone() -> None:
    sequence = make_brands(b"heic", b"hevc") + make_meta(make_size()) + make_movie()
    assert read_header(sequence) == Header(80, 40)


@pytest.mark.parametrize("brand", sorted(BRANDS))
def test_sequence_without_a_still_picture_is_not_taken(brand: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="sequence without a still picture"):
        read_header(make_brands(brand) + make_movie())


def test_file_without_a_picture_is_damage() -> None:
    with pytest.raises(DamagedImage):
        read_header(make_brands(b"heic"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("tile_px", [0, 64])
def test_orientation_of_a_photo_is_in_its_boxes(orientation: int, tile_px: int) -> None:
    photo = make_photo(orientation, "HEIC", 200, 150)
    assert read_header(photo) == Header(200, 150)
    tiled = encode(draw_quadrants(200, 150), "HEIC", tile_size=tile_px)
    assert read_header(tiled) == Header(200, 150)
