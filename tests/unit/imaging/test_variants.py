from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.variants import OPTIONS, make_variant
from shared.errors import UnacceptableImage
from shared.headers.webp import has_alpha
from shared.inspection import Inspection, inspect
from shared.renditions import Fit
from shared.variants import Variant, VariantFormat
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    list_webp_chunks,
    make_exif,
    make_picture,
    make_srgb_profile,
    make_swapped_profile,
)

SOURCE = make_picture("WEBP", 800, 400)
AVIF, WEBP, JPEG, PNG = VariantFormat
LOSSLESS_SIDE_PX = 16


def make(
    width: int,
    height: int,
    variant_format: VariantFormat = PNG,
    fit: Fit = Fit.INSIDE,
    source: bytes = SOURCE,
) -> Image.Image:
    data = make_variant(source, Variant(width, height, fit, variant_format))
    assert inspect(data) == Inspection(variant_format.content_type, width, height, animated=False)
    return Image.open(BytesIO(data))


def make_transparent(alpha: int = 0) -> bytes:
    """The left half is transparent, more or less."""
    image = draw_quadrants(800, 400)
    mask = Image.new("L", image.size, 255)
    mask.paste(alpha, (0, 0, 400, 400))
    image.putalpha(mask)
    return encode(image, "WEBP", lossless=True)


def resembles(image: Image.Image, place: tuple[int, int], color: tuple[int, ...]) -> bool:
    pixel = image.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 20 for one, other in zip(pixel, color, strict=True))


@pytest.mark.parametrize("variant_format", VariantFormat)
@pytest.mark.parametrize("size", [(800, 400), (640, 320), (64, 32), (1, 1)])
def test_picture_is_whole_in_every_format_and_size(
    variant_format: VariantFormat, size: tuple[int, int]
) -> None:
    image = make(*size, variant_format)
    if min(size) > LOSSLESS_SIDE_PX:
        x, y = size[0] - 4, size[1] - 4
        corners = {(3, 3): RED, (x, 3): GREEN, (3, y): BLUE, (x, y): WHITE}
        assert all(resembles(image, place, color) for place, color in corners.items())


@pytest.mark.parametrize(("width", "height"), [(400, 400), (400, 100), (64, 320)])
def test_cover_cuts_off_evenly(width: int, height: int) -> None:
    image = make(width, height, fit=Fit.COVER)
    x, y = width - 1, height - 1
    assert resembles(image, (0, 0), RED)
    assert resembles(image, (x, y), WHITE)
    for near, far in (((width // 2 - 4, 0), RED), ((width // 2 + 4, 0), GREEN), ((0, height // 2 + 4), BLUE)):
        assert resembles(image, near, far)


@settings(max_examples=30)
@given(
    st.tuples(st.integers(1, 100), st.integers(1, 100)),
    st.tuples(st.integers(1, 100), st.integers(1, 100)),
    st.sampled_from(Fit),
    st.sampled_from(VariantFormat),
)
def test_size_is_exactly_the_one_that_was_ordered(
    source: tuple[int, int], size: tuple[int, int], fit: Fit, variant_format: VariantFormat
) -> None:
    make(*size, variant_format, fit, source=make_picture("WEBP", *source))


@pytest.mark.parametrize("variant_format", [AVIF, WEBP, PNG])
@pytest.mark.parametrize("alpha", [0, 128])
def test_transparency_is_kept(variant_format: VariantFormat, alpha: int) -> None:
    image = make(400, 200, variant_format, source=make_transparent(alpha)).convert("RGBA")
    kept = [image.getchannel("A").getpixel(place) for place in ((20, 20), (380, 20))]
    assert kept == pytest.approx([alpha, 255], abs=2)


@pytest.mark.parametrize(("alpha", "color"), [(0, WHITE), (128, (228, 142, 142))])
def test_jpeg_lies_over_white(alpha: int, color: tuple[int, ...]) -> None:
    image = make(400, 200, JPEG, source=make_transparent(alpha))
    assert image.mode == "RGB"
    assert resembles(image, (20, 20), color)
    assert resembles(image, (380, 20), GREEN)


def test_opaque_part_of_a_picture_has_no_transparency() -> None:
    source = make_transparent(255)
    assert not has_alpha(make_variant(source, Variant(10, 10, Fit.INSIDE, WEBP)))
    assert make(10, 10, PNG, source=source).mode == "RGB"


@pytest.mark.parametrize("variant_format", VariantFormat)
def test_variant_holds_no_metadata(variant_format: VariantFormat) -> None:
    source = encode(
        draw_quadrants(),
        "WEBP",
        exif=make_exif({0x010F: "camera-of-ann"}),
        xmp=b"<x>place-of-ann</x>",
        icc_profile=make_srgb_profile(),
    )
    data = make_variant(source, Variant(40, 20, Fit.INSIDE, variant_format))
    assert b"of-ann" not in data
    image = Image.open(BytesIO(data))
    assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
    if variant_format is WEBP:
        assert list_webp_chunks(data) == [b"VP8 "]


def test_profile_of_a_source_is_applied() -> None:
    source = encode(draw_quadrants(), "WEBP", lossless=True, icc_profile=make_swapped_profile())
    assert not resembles(make(80, 40, source=source), (3, 3), RED)


@pytest.mark.parametrize("variant_format", VariantFormat)
def test_same_order_makes_the_same_bytes(variant_format: VariantFormat) -> None:
    variant = Variant(200, 100, Fit.INSIDE, variant_format)
    assert make_variant(SOURCE, variant) == make_variant(SOURCE, variant)


@pytest.mark.parametrize("data", [SOURCE[:-100], b"x", make_picture("TIFF")])
def test_source_that_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(UnacceptableImage):
        make_variant(data, Variant(10, 10, Fit.INSIDE, WEBP))


def test_every_format_has_its_options() -> None:
    assert OPTIONS.keys() == {*VariantFormat}
