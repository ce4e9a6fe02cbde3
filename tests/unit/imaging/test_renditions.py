from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from imaging.renditions import render
from shared.errors import TooManyPixels, UnacceptableImage, UnsupportedImage
from shared.renditions import MAX_DELIVERED_BYTES, STILLS, Fit, RenditionName
from tests.support.corners import TOLERANCE, assert_corners, get_corners
from tests.support.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    draw_quadrants,
    encode,
    insert_png_chunks,
    make_animation,
    make_exif,
    make_photo,
    make_picture,
    make_png_chunk,
    make_png_header,
    make_srgb_profile,
    open_rendition,
)

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIC", "HEIF"]
VALID_FILES = [make_picture(image_format, 24, 16) for image_format in FORMATS] + [
    encode(draw_quadrants(24, 16), "JPEG", progressive=True),
    encode(draw_quadrants(24, 16), "WEBP", lossless=True),
    make_photo(6),
    make_animation("GIF"),
    make_animation("PNG"),
    make_animation("WEBP"),
]


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_accepted_format_has_all_renditions(image_format: str) -> None:
    data = make_picture(image_format, 300, 200)
    rendered = render(data)
    assert rendered.renditions.keys() == {*STILLS}
    assert_corners(rendered, RED, GREEN, BLUE, WHITE)


def test_renditions_fit_their_boxes() -> None:
    renditions = render(make_picture("JPEG", 3000, 1500)).renditions
    assert renditions.keys() == {*STILLS}
    for name, rendition in renditions.items():
        if name.fit is Fit.INSIDE:
            assert (rendition.width, rendition.height) == (name.width, name.width // 2)
        else:
            assert (rendition.width, rendition.height) == (name.width, name.height)
        image = open_rendition(rendition)
        assert image.format == "WEBP"
        assert image.size == (rendition.width, rendition.height)


def test_a_small_image_is_not_enlarged_and_its_equal_renditions_are_encoded_once() -> None:
    renditions = render(make_picture("PNG", 300, 200)).renditions
    assert (renditions[RenditionName.LARGE].width, renditions[RenditionName.LARGE].height) == (300, 200)
    large, medium, small = (
        renditions[name] for name in (RenditionName.LARGE, RenditionName.MEDIUM, RenditionName.SMALL)
    )
    assert large is medium is small
    assert renditions[RenditionName.THUMBNAIL].width == 256


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 5000), (30_000, 1), (1, 30_000), (2, 3)])
def test_extreme_shapes_have_renditions(width: int, height: int) -> None:
    thumbnail = render(encode(Image.new("RGB", (width, height)))).renditions[RenditionName.THUMBNAIL]
    assert (thumbnail.width, thumbnail.height) == (min(width, 256), min(height, 256))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_rendition_of_a_rotated_photo_is_upright(image_format: str, orientation: int) -> None:
    rendered = render(make_photo(orientation, image_format, 320, 200))
    assert rendered.renditions[RenditionName.LARGE].width == 320
    assert_corners(rendered, RED, GREEN, BLUE, WHITE)


def test_a_large_rotated_photo_is_upright() -> None:
    rendered = render(make_photo(6, "JPEG", 4200, 2100))
    large = rendered.renditions[RenditionName.LARGE]
    assert (large.width, large.height) == (2000, 1000)
    assert_corners(rendered, RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize(
    "key", [b"icc_profile", b"exif", b"xmp", b"transparency", b"interlace", b"bbox", b"gamma"]
)
def test_a_text_chunk_cannot_pose_as_a_field(key: bytes) -> None:
    png = insert_png_chunks(make_picture("PNG"), make_png_chunk(b"tEXt", key + b"\0whatever"))
    with suppress(UnacceptableImage):
        assert_corners(render(png), RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIC"])
def test_renditions_hold_no_metadata(image_format: str) -> None:
    exif = make_exif({0x010F: "SECRET"}, {0x9003: "2024:01:02 03:04:05"}, {1: "N", 2: (48.0, 8.0, 0.0)})
    options: dict[str, Any] = {"comment": b"SECRET"} if image_format == "JPEG" else {}
    data = encode(
        draw_quadrants(),
        image_format,
        exif=exif,
        xmp=b"<x:xmpmeta>SECRET</x:xmpmeta>",
        icc_profile=make_srgb_profile(),
        **options,
    )
    assert b"SECRET" in data
    for rendition in render(data).renditions.values():
        assert b"SECRET" not in rendition.data
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {
            rendition.data[at : at + 4] for at in range(len(rendition.data))
        }


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF", "HEIC"])
def test_an_animation_is_shown_by_its_first_frame(image_format: str) -> None:
    rendered = render(make_animation(image_format))
    rendition = open_rendition(rendered.renditions[RenditionName.LARGE])
    assert not getattr(rendition, "is_animated", False)
    assert get_corners(rendered.renditions[RenditionName.LARGE])[3][0] == pytest.approx(245, abs=TOLERANCE)


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_image_is_refused(image_format: str, share: float) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((64, 64), 90)] * 3)
    data = encode(noise, image_format)
    with pytest.raises(UnsupportedImage, match="truncated"):
        render(data[: int(len(data) * share)])


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(TooManyPixels):
        render(make_png_header(20_000, 20_000))


@given(st.sampled_from(VALID_FILES), st.data())
@settings(max_examples=300)
def test_flipped_bits_raise_nothing_but_unacceptable(valid: bytes, data: st.DataObject) -> None:
    damaged = bytearray(valid)
    for bit in data.draw(st.lists(st.integers(0, 8 * len(valid) - 1), min_size=1, max_size=8)):
        damaged[bit // 8] ^= 1 << bit % 8
    assert_renders_or_refuses(bytes(damaged))


@given(st.sampled_from(VALID_FILES), st.data())
@settings(max_examples=150)
def test_cut_out_bytes_raise_nothing_but_unacceptable(valid: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(valid)))
    end = data.draw(st.integers(start, len(valid)))
    assert_renders_or_refuses(valid[:start] + valid[end:])


def assert_renders_or_refuses(data: bytes) -> None:
    with suppress(UnacceptableImage):
        assert render(data).renditions.keys() == {*STILLS}


class Box(NamedTuple):
    """Stands for a rendition."""

    name: str
    width: int
    height: int
    fit: Fit


def test_rendition_that_covers_its_box_is_cropped_from_a_large_enough_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boxes = [Box("a", 640, 640, Fit.INSIDE), Box("b", 512, 512, Fit.COVER), Box("c", 256, 256, Fit.INSIDE)]
    monkeypatch.setattr("imaging.renditions.STILLS", [*boxes])
    renditions: Any = render(make_picture("PNG", 3000, 1000)).renditions
    sizes = {box.name: (rendition.width, rendition.height) for box, rendition in renditions.items()}
    assert sizes == {"a": (640, 213), "b": (512, 512), "c": (256, 85)}
    for rendition in renditions.values():
        for pixel, color in zip(get_corners(rendition), [RED, GREEN, BLUE, WHITE], strict=True):
            assert pixel[:3] == pytest.approx(color, abs=TOLERANCE)


def test_small_picture_is_cropped_and_not_enlarged(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [Box("a", 512, 512, Fit.COVER), Box("b", 256, 256, Fit.INSIDE)]
    monkeypatch.setattr("imaging.renditions.STILLS", [*boxes])
    covering, inside = render(make_picture("PNG", 300, 100)).renditions.values()
    assert (covering.width, covering.height) == (100, 100)
    assert (inside.width, inside.height) == (256, 85)


def test_large_jpeg_is_decoded_at_a_reduced_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    load = JpegImageFile.load

    def note(image: JpegImageFile) -> Any:  # noqa: ANN401 - Pillow's
        sizes.append(image.size)
        return load(image)

    monkeypatch.setattr(JpegImageFile, "load", note)
    render(make_picture("JPEG", 4000, 2000))
    assert sizes[0] == (2000, 1000)


def test_renditions_have_the_chosen_quality() -> None:
    picture = draw_quadrants(300, 200)
    large = render(encode(picture, "PNG")).renditions[RenditionName.LARGE]
    assert large.data == encode(picture, "WEBP", quality=75, method=2)


def test_rendition_of_noise_fits_in_a_response() -> None:
    """Noise with transparency took 8 MB. Its alpha channel is kept without loss as long as that fits."""
    size = (2000, 2000)
    noise = Image.merge("RGBA", [Image.effect_noise(size, 100) for _ in range(4)])
    renditions = render(encode(noise, "PNG")).renditions
    assert max(len(rendition.data) for rendition in renditions.values()) <= MAX_DELIVERED_BYTES
