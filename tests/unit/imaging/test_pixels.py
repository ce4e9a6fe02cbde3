"""Pixels with all that is transparent."""

import pytest

from imaging.damage import refusing_damage
from imaging.parsing import open_image
from imaging.pixels import load_pixels
from tests.support.animations import RED, GifFrame, make_gif
from tests.support.pictures import draw_quadrants, encode


@pytest.mark.parametrize(
    ("data", "mode", "alpha"),
    [
        (make_gif((4, 4), [GifFrame((0, 0, 4, 4))]), "RGB", None),
        (make_gif((4, 4), [GifFrame((0, 0, 4, 4), transparent=RED)]), "RGBA", 0),
        (make_gif((4, 4), [GifFrame((0, 0, 2, 2))]), "RGBA", 0),
        (encode(draw_quadrants(mode="L"), "PNG"), "L", None),
        (encode(draw_quadrants(mode="LA"), "PNG"), "LA", 255),
        (encode(draw_quadrants(mode="CMYK"), "JPEG"), "CMYK", None),
    ],
)
def test_pixels_are_in_a_mode_that_shrinks_well(data: bytes, mode: str, alpha: int | None) -> None:
    with open_image(data) as (opened, _, source), refusing_damage():
        pixels = load_pixels(opened, source)
    assert pixels.mode == mode
    if alpha is not None:
        assert pixels.getchannel("A").getpixel((3, 3)) == alpha
