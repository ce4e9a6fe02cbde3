"""APNGs taken apart."""

import pytest

from imaging.animations.apng import read_parts, read_plays
from imaging.animations.parts import Disposal
from shared.headers.header import DamagedImage
from shared.inspection import inspect
from tests.support.animations import PngFrame, make_apng

SIZE = (3, 2)
PIXEL = bytes([10, 20, 30, 255])


def make_rows(width: int, height: int) -> bytes:
    return (b"\0" + PIXEL * width) * height


WHOLE = PngFrame((0, 0, *SIZE), make_rows(*SIZE))
PART = PngFrame((1, 1, 2, 1), make_rows(2, 1), (3, 0), 2, blends=True)


@pytest.mark.parametrize("plays", [0, 1, 7])
def test_file_tells_how_often_it_plays(plays: int) -> None:
    assert read_plays(make_apng(SIZE, [WHOLE, PART], plays=plays)) == plays


def test_every_part_is_a_still_file_of_its_own_size() -> None:
    first, second = read_parts(make_apng(SIZE, [WHOLE, PART]))
    assert (first.left, first.top, second.left, second.top) == (0, 0, 1, 1)
    assert [(found.width, found.height) for found in map(inspect, (first.data, second.data))] == [
        SIZE,
        (2, 1),
    ]
    assert not inspect(first.data).animated


def test_picture_in_front_of_the_first_frame_is_no_part() -> None:
    data = make_apng(SIZE, [PART, PART], default=make_rows(*SIZE))
    assert [inspect(part.data).width for part in read_parts(data)] == [2, 2]


@pytest.mark.parametrize(
    ("value", "disposal"),
    [(0, Disposal.KEEP), (1, Disposal.CLEAR), (2, Disposal.RESTORE), (3, Disposal.KEEP)],
)
def test_disposal_is_that_of_its_chunk(value: int, disposal: Disposal) -> None:
    frame = PngFrame((0, 0, *SIZE), make_rows(*SIZE), disposal=value)
    assert next(read_parts(make_apng(SIZE, [frame, PART]))).disposal is disposal


@pytest.mark.parametrize(
    ("time", "milliseconds"),
    [((1, 10), 100), ((3, 0), 30), ((0, 7), 0), ((1, 3), 333), ((65_535, 1), 65_535_000)],
)
def test_time_is_a_fraction_of_a_second(time: tuple[int, int], milliseconds: int) -> None:
    frame = PngFrame((0, 0, *SIZE), make_rows(*SIZE), time)
    assert next(read_parts(make_apng(SIZE, [frame, PART]))).milliseconds == milliseconds


@pytest.mark.parametrize("box", [(2, 0, 2, 1), (0, 2, 1, 1), (2**31, 0, 1, 1), (0, 0, 4, 1)])
def test_part_that_stands_out_of_the_canvas_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(DamagedImage):
        list(read_parts(make_apng(SIZE, [WHOLE, PngFrame(box, make_rows(1, 1))])))


def test_file_without_its_end_has_the_frames_that_are_whole() -> None:
    data = make_apng(SIZE, [WHOLE, PART, PART])
    assert len([*read_parts(data[:-12])]) == 3
    assert len([*read_parts(data[:-16])]) == 3
