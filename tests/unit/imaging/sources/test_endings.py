"""A JPEG without its end marker is whole if no pixel is missing, and refused if one is."""

from hashlib import shake_256

import pytest
from PIL import Image

from imaging.renditions import render
from imaging.sources.endings import add_end
from shared.errors import UnacceptableImage
from tests.support.corners import assert_corners
from tests.support.pictures import BLUE, GREEN, RED, WHITE, decode, draw_quadrants, encode

END = b"\xff\xd9"
NOISE = Image.frombytes("RGB", (40, 32), shake_256(b"noise").digest(40 * 32 * 3))
JPEGS = {
    "photo": encode(draw_quadrants(), "JPEG"),
    "gray": encode(Image.linear_gradient("L").resize((64, 48)), "JPEG"),
    "flat": encode(Image.new("RGB", (60, 50), "gray"), "JPEG"),
    "CMYK": encode(draw_quadrants(mode="CMYK"), "JPEG"),
    "noise": encode(NOISE, "JPEG", quality=95),
    "progressive": encode(draw_quadrants(), "JPEG", progressive=True),
    "progressive gray": encode(Image.new("L", (60, 50), 128), "JPEG", progressive=True),
    "progressive noise": encode(NOISE, "JPEG", quality=30, progressive=True),
    "restarts": encode(NOISE, "JPEG", restart_marker_blocks=1),
    "restarts in rows": encode(draw_quadrants(40, 320), "JPEG", restart_marker_rows=1),
}


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("end", [b"", b"\xff"], ids=["none", "half"])
def test_jpeg_that_lacks_its_end_marker_is_whole(name: str, end: bytes) -> None:
    jpeg = JPEGS[name]
    assert jpeg.endswith(END)
    whole = add_end(jpeg.removesuffix(END) + end)
    assert decode(whole).tobytes() == decode(jpeg).tobytes()


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_that_lacks_more_is_refused_unless_no_pixel_changes(name: str) -> None:
    """A byte at the end may hold nothing but filling, or what a decoder takes for granted."""
    jpeg = JPEGS[name]
    pixels = decode(jpeg).tobytes()
    scan = jpeg.index(b"\xff\xda") + 20
    accepted = 0
    for length in range(scan, len(jpeg) - len(END)):
        try:
            whole = add_end(jpeg[:length])
        except UnacceptableImage:
            continue
        accepted += 1
        assert decode(whole).tobytes() == pixels, f"{length} of {len(jpeg)} bytes"
    assert accepted <= 5


def test_jpeg_without_its_end_marker_is_rendered() -> None:
    assert_corners(render(JPEGS["photo"].removesuffix(END)), RED, GREEN, BLUE, WHITE)


def test_jpeg_without_its_last_pixels_is_rejected() -> None:
    with pytest.raises(UnacceptableImage, match="truncated"):
        render(JPEGS["photo"][:-30])


def test_half_a_progressive_jpeg_is_rejected() -> None:
    jpeg = JPEGS["progressive noise"]
    scans = [at for at in range(len(jpeg)) if jpeg.startswith(b"\xff\xda", at)]
    assert len(scans) > 3
    for scan in scans[1:]:
        with pytest.raises(UnacceptableImage):
            add_end(jpeg[:scan])


def test_end_marker_of_a_thumbnail_ends_nothing() -> None:
    photo = encode(draw_quadrants(), "JPEG", exif=b"Exif\0\0" + JPEGS["gray"])
    with pytest.raises(UnacceptableImage):
        render(photo[:-30])
