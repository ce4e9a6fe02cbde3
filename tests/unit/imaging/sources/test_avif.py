"""Colours of an AVIF with a sequence are told by its track."""

import pytest
from PIL import Image

from imaging.renditions import render
from shared.renditions import RenditionName
from tests.support.pictures import encode, open_rendition

P3_COLOR, SRGB_COLOR = (200, 100, 50), (215, 93, 31)
"""The same colour in both, by the matrix of CSS Color 4, section 10.12."""
SRGB_CODES, P3_CODES = b"nclx\0\1\0\x0d", b"nclx\0\x0c\0\x0d"


def test_colours_of_a_sequence_are_told_by_its_track() -> None:
    first = Image.new("RGB", (64, 64), P3_COLOR)
    options = {"save_all": True, "append_images": [Image.new("RGB", (64, 64))], "quality": 95}
    data = encode(first, "AVIF", **options)
    assert data.count(SRGB_CODES) == 2
    at = data.rindex(SRGB_CODES)
    data = data[:at] + P3_CODES + data[at + len(P3_CODES) :]
    rendition = open_rendition(render(data).renditions[RenditionName.LARGE])
    shown = rendition.convert("RGB").getpixel((30, 30))
    assert shown == pytest.approx(SRGB_COLOR, abs=3)
