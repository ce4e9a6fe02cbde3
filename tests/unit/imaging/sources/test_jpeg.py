"""No segment of metadata refuses a JPEG."""

import pytest

from imaging.parsing import open_image
from imaging.renditions import render
from tests.support.corners import assert_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    frame_jpeg_segment,
    insert_jpeg_segments,
    make_picture,
    make_srgb_profile,
    make_swapped_profile,
)

PROFILE = make_srgb_profile()
JPEG_SEGMENTS: dict[str, bytes] = {
    "short JFIF": b"\xff\xe0JFIF\0",
    "short Adobe": b"\xff\xeeAdobe",
    "short profile": b"\xff\xe2ICC_PROFILE\0",
    "profile without a part": b"\xff\xe2ICC_PROFILE\0\1\1",
    "part of a profile": b"\xff\xe2ICC_PROFILE\0\2\3" + PROFILE,
    "damaged profile": b"\xff\xe2ICC_PROFILE\0\1\1" + bytes(200),
    "damaged EXIF": b"\xff\xe1Exif\0\0MM\0\x2a\xff\xff\xff\xff",
    "empty EXIF": b"\xff\xe1Exif\0\0",
    "damaged pictures": b"\xff\xe2MPF\0MM\0\x2a\xff\xff\xff\xff",
    "damaged resources": b"\xff\xedPhotoshop 3.0\x008BIM\x03\xed\0\0\xff\xff\xff\xff",
    "short resources": b"\xff\xedPhotoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\1x",
    "empty": b"\xff\xe1",
    "comment": b"\xff\xfe\xff\xfe\xfd",
}


@pytest.mark.parametrize("name", JPEG_SEGMENTS)
def test_no_segment_of_metadata_refuses_a_jpeg(name: str) -> None:
    assert_corners(render(insert_jpeg_segments(make_picture(), JPEG_SEGMENTS[name])), RED, GREEN, BLUE, WHITE)


def test_too_many_bytes_of_exif_refuse_no_jpeg() -> None:
    segments = [b"\xff\xe1Exif\0\0" + bytes(65_000)] * 20
    assert_corners(render(insert_jpeg_segments(make_picture(), *segments)), RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_parts_of_a_profile_are_put_in_order(order: list[int]) -> None:
    profile = make_swapped_profile()
    third = len(profile) // 3
    parts = [profile[:third], profile[third : 2 * third], profile[2 * third :]]
    segments = [b"\xff\xe2ICC_PROFILE\0" + bytes([at + 1, 3]) + parts[at] for at in order]
    with open_image(insert_jpeg_segments(make_picture(), *segments)) as (_, _, source):
        assert source.profiles == (profile,)


def test_jpeg_of_several_pictures_is_opened_as_its_first() -> None:
    data = encode(draw_quadrants(), "MPO", save_all=True, append_images=[draw_quadrants(40, 20)])
    with open_image(data) as (image, _, _):
        assert (image.format, image.size) == ("JPEG", (80, 40))


def test_segments_that_tell_colours_stay() -> None:
    jpeg = encode(draw_quadrants(mode="CMYK"), "JPEG")
    assert_corners(render(insert_jpeg_segments(jpeg, b"\xff\xe1Exif\0\0")), RED, GREEN, BLUE, WHITE)
    assert frame_jpeg_segment(b"\xff\xeeAdobe" + jpeg[jpeg.index(b"Adobe") + 5 :][:7]) in jpeg
