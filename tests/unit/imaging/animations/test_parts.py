"""Parts drawn on a canvas. `tests/e2e/test_animations.py` compares them with what Chromium draws."""

import pytest
from PIL import Image

from imaging.animations.apng import read_parts as read_png_parts
from imaging.animations.gif import read_parts
from imaging.animations.parts import compose
from shared.errors import UnacceptableImage
from tests.support.animations import (
    BLUE,
    CLEAR,
    GREEN,
    KEEP,
    RESTORE,
    GifFrame,
    PngFrame,
    make_apng,
    make_gif,
)

SIZE = (4, 1)
WHOLE, LEFT, RIGHT = (0, 0, 4, 1), (0, 0, 2, 1), (2, 0, 2, 1)
LETTERS = {(255, 0, 0, 255): "R", (0, 255, 0, 255): "G", (0, 0, 255, 255): "B"}


def read_row(image: Image.Image) -> str:
    """A letter for each pixel, and `.` for one that is transparent."""
    pixels = zip(*[iter(image.tobytes())] * 4, strict=True)
    return "".join(LETTERS[pixel] if pixel[3] else "." for pixel in pixels)


def draw(*frames: GifFrame) -> list[str]:
    return [read_row(picture) for picture, _ in compose(read_parts(make_gif(SIZE, frames)), SIZE)]


@pytest.mark.parametrize(
    ("frames", "rows"),
    [
        ([GifFrame(WHOLE), GifFrame(LEFT, (BLUE,))], ["RRRR", "BBRR"]),
        ([GifFrame(LEFT), GifFrame(RIGHT, (BLUE,))], ["RR..", "RRBB"]),
        ([GifFrame(LEFT, disposal=KEEP), GifFrame(RIGHT, (BLUE,))], ["RR..", "RRBB"]),
        ([GifFrame(LEFT, disposal=CLEAR), GifFrame(RIGHT, (BLUE,))], ["RR..", "..BB"]),
        ([GifFrame(LEFT, disposal=RESTORE), GifFrame(RIGHT, (BLUE,))], ["RR..", "..BB"]),
        (
            [GifFrame(WHOLE), GifFrame(LEFT, (BLUE,), CLEAR), GifFrame(RIGHT, (GREEN,))],
            ["RRRR", "BBRR", "..GG"],
        ),
        (
            [GifFrame(WHOLE), GifFrame(LEFT, (BLUE,), RESTORE), GifFrame(RIGHT, (GREEN,))],
            ["RRRR", "BBRR", "RRGG"],
        ),
        (
            [GifFrame(WHOLE), GifFrame(WHOLE, (BLUE, GREEN), transparent=GREEN), GifFrame(RIGHT, (GREEN,))],
            ["RRRR", "BBRR", "BBGG"],
        ),
        ([GifFrame(WHOLE), GifFrame((3, 0, 9, 5), (BLUE,))], ["RRRR", "RRRB"]),
    ],
)
def test_frame_is_drawn_on_what_the_one_before_left(frames: list[GifFrame], rows: list[str]) -> None:
    assert draw(*frames) == rows


def make_row(*pixels: tuple[int, int, int, int]) -> bytes:
    return b"\0" + b"".join(map(bytes, pixels))


@pytest.mark.parametrize(("blends", "shown"), [(True, (128, 0, 127, 255)), (False, (0, 0, 255, 127))])
def test_frame_of_an_apng_is_blended_or_not(*, blends: bool, shown: tuple[int, int, int, int]) -> None:
    first = PngFrame((0, 0, 1, 1), make_row((255, 0, 0, 255)))
    second = PngFrame((0, 0, 1, 1), make_row((0, 0, 255, 127)), blends=blends)
    parts = read_png_parts(make_apng((1, 1), [first, second]))
    _, picture = [picture.copy() for picture, _ in compose(parts, (1, 1))]
    assert picture.getpixel((0, 0)) == pytest.approx(shown, abs=1)


def test_damaged_part_is_refused() -> None:
    first = PngFrame((0, 0, 1, 1), make_row((255, 0, 0, 255)))
    short = PngFrame((0, 0, 1, 1), b"")
    with pytest.raises(UnacceptableImage):
        list(compose(read_png_parts(make_apng((1, 1), [first, short])), (1, 1)))
