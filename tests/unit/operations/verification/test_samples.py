from __future__ import annotations

from io import BytesIO

from PIL import Image

from operations.verification.samples import EVERY_BYTE, make_png
from shared.inspection import inspect


def test_png_holds_every_byte_and_can_be_decoded() -> None:
    png = make_png(40, 30)
    assert EVERY_BYTE in png
    assert len({*EVERY_BYTE}) == 256
    with Image.open(BytesIO(png)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (40, 30))


def test_service_accepts_the_png() -> None:
    assert inspect(make_png()).content_type == "image/png"
