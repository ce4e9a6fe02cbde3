"""Metadata are known, and Pillow does not see them."""

import pytest

from imaging.parsing import open_image
from tests.support.pictures import (
    draw_quadrants,
    encode,
    make_exif,
    make_swapped_profile,
)

EXIF = make_exif({0x010F: "Canon", 0x0112: 1})
PROFILE = make_swapped_profile()
"""It tells the second in which it was made."""


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_pillow_gets_no_exif_but_it_is_known(image_format: str) -> None:
    data = encode(draw_quadrants(), image_format, exif=EXIF, icc_profile=PROFILE)
    with open_image(data) as (image, _, source):
        assert source.profiles[0] == PROFILE
        assert b"Canon" in source.exif
        assert "exif" not in image.info
