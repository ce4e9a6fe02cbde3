from base64 import b64decode

import pytest
from PIL import Image

from imaging.placeholder import make_placeholder
from imaging.thumbhash import hash_pixels
from tests.support.pictures import BLUE, RED, draw_quadrants


@pytest.mark.parametrize(
    ("width", "height", "alpha_step", "thumbhash"),
    [
        (7, 5, 0, "1ce8052d86a34a3902528764476689914e8b008145"),
        (5, 7, 53, "1be8851c0419262b6626664390fa313f33065bb9dccababc0a"),
    ],
)
def test_thumbhash_is_that_of_the_reference(width: int, height: int, alpha_step: int, thumbhash: str) -> None:
    pixels = [
        (37 * i * i % 256, 91 * i % 256, 13 * i**3 % 256, 255 - (alpha_step * i % 200))
        for i in range(width * height)
    ]
    assert hash_pixels(width, height, pixels).hex() == thumbhash


@pytest.mark.parametrize(("width", "height"), [(1, 1), (100, 1), (1, 100), (2048, 1536), (3, 7)])
def test_every_shape_has_a_short_thumbhash(width: int, height: int) -> None:
    thumbhash = make_placeholder(draw_quadrants(width, height)).thumbhash
    assert 15 <= len(b64decode(thumbhash)) <= 25


def test_an_invisible_picture_has_a_placeholder() -> None:
    placeholder = make_placeholder(Image.new("RGBA", (20, 10)))
    assert placeholder.dominant_color == "#000000"
    assert placeholder.thumbhash


def test_dominant_color_is_the_most_frequent() -> None:
    image = Image.new("RGB", (100, 100), RED)
    image.paste(BLUE, (0, 0, 40, 100))
    assert make_placeholder(image).dominant_color == "#c81e1e"


def test_dominant_color_counts_what_shows() -> None:
    image = Image.new("RGBA", (100, 100), (*RED, 20))
    image.paste((*BLUE, 255), (0, 0, 40, 100))
    assert make_placeholder(image).dominant_color == "#1e28c8"


def test_dominant_color_joins_similar_shades() -> None:
    image = Image.new("RGB", (64, 64), BLUE)
    for x in range(40):
        image.paste((200 + x % 20, 30, 30), (x, 0, x + 1, 64))
    assert make_placeholder(image).dominant_color.startswith(("#c", "#d"))


def test_dominant_color_of_a_translucent_picture_is_its_own() -> None:
    image = Image.new("RGBA", (10, 10), (200, 180, 160, 100))
    assert make_placeholder(image).dominant_color == "#c8b4a0"


def test_dominant_color_of_fine_stripes_is_their_mean() -> None:
    stripes = Image.frombytes("L", (128, 128), bytes([0, 255]) * 8192)
    assert make_placeholder(stripes).dominant_color in {"#7f7f7f", "#808080"}
