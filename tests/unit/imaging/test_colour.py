import struct
from typing import Any

import pytest
from PIL import Image, ImageCms

from imaging.colour import convert_to_srgb, simplify_mode
from imaging.renditions import render
from shared.renditions import RenditionName
from tests.support.corners import TOLERANCE, assert_corners, get_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    insert_png_chunks,
    make_png_chunk,
    make_srgb_profile,
    make_swapped_profile,
    open_rendition,
)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_a_png_can_be_rendered(mode: str) -> None:
    rendered = render(encode(draw_quadrants(mode=mode), "PNG"))
    assert open_rendition(rendered.renditions[RenditionName.LARGE]).mode == "RGB"
    assert get_corners(rendered.renditions[RenditionName.LARGE])[3][0] > 200


def test_cmyk_becomes_rgb() -> None:
    assert_corners(render(encode(draw_quadrants(mode="CMYK"), "JPEG")), RED, GREEN, BLUE, WHITE)


def test_sixteen_bit_gray_is_scaled_not_clipped() -> None:
    image = Image.new("I;16", (40, 20), 16_384)
    rendered = render(encode(image))
    assert get_corners(rendered.renditions[RenditionName.LARGE])[0][0] == pytest.approx(64, abs=2)


def test_sixteen_bit_gray_with_a_transparent_shade_is_scaled_too() -> None:
    image = Image.new("I;16", (40, 20), 16_384)
    data = insert_png_chunks(encode(image), make_png_chunk(b"tRNS", struct.pack(">H", 255)))
    assert get_corners(render(data).renditions[RenditionName.LARGE])[0] == pytest.approx(
        (64, 64, 64, 255), abs=2
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_transparency_is_kept(mode: str, image_format: str) -> None:
    image = draw_quadrants(mode=mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: 255 * (value > 127)))
    above, _, below, _ = get_corners(render(encode(image, image_format)).renditions[RenditionName.LARGE])
    assert (above[3], below[3]) == (0, 255)


@pytest.mark.parametrize(
    ("image_format", "options"),
    [("GIF", {"transparency": 0}), ("PNG", {"transparency": 0}), ("PNG", {"transparency": b"\0"})],
)
def test_transparency_of_a_palette_is_kept(image_format: str, options: dict[str, Any]) -> None:
    image = Image.new("P", (40, 20))
    image.putpalette([0, 0, 0, 200, 30, 30])
    image.paste(1, (20, 0, 40, 20))
    left, right, *_ = get_corners(
        render(encode(image, image_format, **options)).renditions[RenditionName.LARGE]
    )
    assert left[3] == 0
    assert right == pytest.approx((*RED, 255), abs=TOLERANCE)


def test_a_profile_is_applied() -> None:
    jpeg = encode(draw_quadrants(), "JPEG", icc_profile=make_swapped_profile())
    above, *_ = get_corners(render(jpeg).renditions[RenditionName.LARGE])
    assert above[1] > above[0]


def test_a_profile_is_applied_under_transparency() -> None:
    image = draw_quadrants(mode="RGBA")
    image.putalpha(128)
    above, *_ = get_corners(
        render(encode(image, icc_profile=make_swapped_profile())).renditions[RenditionName.LARGE]
    )
    assert above[1] > above[0]
    assert above[3] == 128


def test_srgb_stays_as_it_is() -> None:
    jpeg = encode(draw_quadrants(), "JPEG", icc_profile=make_srgb_profile())
    assert_corners(render(jpeg), RED, GREEN, BLUE, WHITE)


def test_a_gray_image_may_have_a_profile_of_colours() -> None:
    rendered = render(encode(draw_quadrants(mode="L"), "JPEG", icc_profile=make_srgb_profile()))
    assert get_corners(rendered.renditions[RenditionName.LARGE])[3] == pytest.approx(
        (245, 245, 245, 255), abs=8
    )


def make_lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def make_profile_of_space(space: bytes) -> bytes:
    profile = make_srgb_profile()
    return profile[:16] + space + profile[20:]


@pytest.mark.parametrize(
    "profile",
    [
        b"x",
        bytes(200),
        make_srgb_profile()[:300],
        make_lab_profile(),
        make_profile_of_space(b"\xe9\xff\x80 "),
        make_profile_of_space(b"7CLR"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_profile_that_does_not_fit_is_ignored(profile: bytes, mode: str) -> None:
    rendered = render(encode(draw_quadrants(mode=mode), "JPEG", icc_profile=profile))
    assert get_corners(rendered.renditions[RenditionName.LARGE])[3] == pytest.approx(
        (245, 245, 245, 255), abs=TOLERANCE
    )


def test_a_profile_above_4_megabytes_is_ignored() -> None:
    profile = make_swapped_profile()
    picture = draw_quadrants()
    padded = profile + bytes(4_000_001 - len(profile))
    assert convert_to_srgb(picture, [padded]).tobytes() == picture.tobytes()
    assert convert_to_srgb(picture, [padded[:-1]]).tobytes() != picture.tobytes()


@pytest.mark.parametrize("shade", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("difference", [-100, 0, 100])
def test_sixteen_bit_gray_is_rounded_to_the_nearest_shade(shade: int, difference: int) -> None:
    value = min(max(shade * 257 + difference, 0), 65_535)
    assert simplify_mode(Image.new("I;16", (1, 1), value)).getpixel((0, 0)) == shade


def make_gray_profile(gamma: float) -> bytes:
    """A profile of grays with a white point and a curve (ICC.1, 7.2 and 10.6)."""
    white = struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, 20, b"kTRC", 176, 14)
    data = b"XYZ " + bytes(4) + white
    data += b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    head = struct.pack(">I4sI4s4s4s", 192, b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + white
    return head.ljust(128, b"\0") + tags + data


def test_profile_of_grays_is_applied() -> None:
    pixel: Any = convert_to_srgb(Image.new("L", (4, 4), 128), [make_gray_profile(1.0)]).getpixel((0, 0))
    assert pixel[0] > 170


def test_profile_of_colours_is_applied_to_a_gray_image() -> None:
    profile = make_srgb_profile()
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")  # both primaries red: gray gets a tint
    profile = profile[: green + 4] + profile[red + 4 : red + 12] + profile[green + 12 :]
    pixel: Any = convert_to_srgb(Image.new("L", (4, 4), 128), [profile]).getpixel((0, 0))
    assert pixel[0] > pixel[1] + 20
