from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imaging.transforms import fit, get_scale, make_upright, resize
from shared.renditions import Fit
from tests.support.pictures import BLUE, GREEN, RED, WHITE, draw_quadrants

if TYPE_CHECKING:
    from shared.renditions import RenditionName


class Box(NamedTuple):
    """Stands for a rendition."""

    width: int
    height: int
    fit: Fit


def make_box(width: int, height: int, how: Fit) -> RenditionName:
    return cast("RenditionName", Box(width, height, how))


SQUARE = make_box(512, 512, Fit.COVER)
INSIDE = make_box(640, 640, Fit.INSIDE)
SIDES = st.integers(1, 3000)


def get_corners(image: Image.Image) -> list[object]:
    x, y = image.width - 1, image.height - 1
    return [image.getpixel(place) for place in ((0, 0), (x, 0), (0, y), (x, y))]


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((1280, 640), INSIDE, (640, 320)),
        ((640, 1280), INSIDE, (320, 640)),
        ((300, 200), INSIDE, (300, 200)),
        ((30_000, 1), INSIDE, (640, 1)),
        ((1280, 640), SQUARE, (512, 512)),
        ((640, 1280), SQUARE, (512, 512)),
        ((512, 512), SQUARE, (512, 512)),
        ((800, 300), SQUARE, (300, 300)),  # it is cropped, and never enlarged
        ((300, 200), SQUARE, (200, 200)),
        ((1280, 640), make_box(300, 100, Fit.COVER), (300, 100)),
        ((200, 640), make_box(300, 100, Fit.COVER), (200, 67)),
    ],
)
def test_picture_fits_its_box(size: tuple[int, int], box: RenditionName, expected: tuple[int, int]) -> None:
    picture = draw_quadrants(*size)
    assert fit(picture, size, box).size == expected


@pytest.mark.parametrize("size", [(1280, 640), (640, 1280), (700, 700)])
def test_cropped_picture_loses_the_same_on_both_sides(size: tuple[int, int]) -> None:
    cropped = fit(draw_quadrants(*size), size, SQUARE)
    assert get_corners(cropped) == [RED, GREEN, BLUE, WHITE]
    middle = [cropped.getpixel((x, 100)) for x in (250, 261)]
    assert middle == [RED, GREEN]


@given(SIDES, SIDES, st.integers(1, 600), st.integers(1, 600), st.sampled_from(Fit))
def test_no_picture_is_enlarged_or_leaves_its_box(
    width: int, height: int, box_width: int, box_height: int, how: Fit
) -> None:
    box = make_box(box_width, box_height, how)
    fitted = fit(draw_quadrants(width, height), (width, height), box)
    assert fitted.width <= min(width, box_width)
    assert fitted.height <= min(height, box_height)
    assert 0 < get_scale((width, height), box) <= 1


@given(SIDES, SIDES, st.integers(1, 600), st.integers(1, 600), st.sampled_from(Fit))
def test_picture_of_the_scale_of_a_box_is_large_enough_for_it(
    width: int, height: int, box_width: int, box_height: int, how: Fit
) -> None:
    """So a larger rendition can be the source of a smaller one."""
    box = make_box(box_width, box_height, how)
    scale = get_scale((width, height), box)
    fitted = fit(draw_quadrants(width, height), (width, height), box)
    assert fitted.width <= round(width * scale) + 1
    assert fitted.height <= round(height * scale) + 1


def test_picture_that_fits_already_is_not_touched() -> None:
    picture = draw_quadrants(100, 100)
    assert fit(picture, (100, 100), INSIDE) is picture
    assert fit(picture, (100, 100), SQUARE) is picture
    assert resize(picture, (100, 100)) is picture


@pytest.mark.parametrize("orientation", [None, 0, 1, 9])
def test_unknown_orientation_turns_nothing(orientation: int | None) -> None:
    picture = draw_quadrants()
    assert make_upright(picture, orientation) is picture


def test_fine_stripes_become_gray() -> None:
    stripes = Image.frombytes("L", (200, 200), bytes([0, 255]) * 20_000)
    extrema: Any = resize(stripes, (100, 100)).crop((5, 5, 95, 95)).getextrema()
    low, high = extrema
    assert 100 < low <= high < 155
