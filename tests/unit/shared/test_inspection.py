import struct

import pytest
from PIL import Image

from shared.errors import TooManyPixels, UnsupportedImage
from shared.headers import gif, jpeg, png
from shared.inspection import MAX_IMAGE_PIXELS, Inspection, detect_format, inspect
from tests.support.pictures import (
    draw_quadrants,
    encode,
    insert_jpeg_segments,
    insert_png_chunks,
    make_animation,
    make_photo,
    make_picture,
    make_png_chunk,
    make_png_header,
)

CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "HEIC": "image/heic",
    "HEIF": "image/heif",
}
TEXT, SHORT, RATIONAL = 2, 3, 5
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00"


@pytest.mark.parametrize("image_format", CONTENT_TYPES)
def test_inspection_finds_type_and_size(image_format: str) -> None:
    expected = Inspection(CONTENT_TYPES[image_format], width=80, height=40, animated=False)
    assert inspect(make_picture(image_format)) == expected


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "WEBP", "AVIF"])
def test_tells_that_an_image_is_animated(image_format: str) -> None:
    assert inspect(make_animation(image_format)).animated


def test_several_pictures_in_one_jpeg_are_no_animation() -> None:
    images = [draw_quadrants(), draw_quadrants()]
    mpo = encode(images[0], "MPO", save_all=True, append_images=images[1:])
    assert inspect(mpo) == Inspection("image/jpeg", 80, 40, animated=False)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_that_of_the_upright_image(image_format: str, orientation: int) -> None:
    inspection = inspect(make_photo(orientation, image_format))
    assert (inspection.width, inspection.height) == (80, 40)


@pytest.mark.parametrize(
    ("tiff_type", "count", "value"),
    [
        (SHORT, 1, b"\0\0"),
        (SHORT, 1, b"\0\x09"),
        (SHORT, 1, b"\xff\xff"),
        (SHORT, 0, b"\0\x06"),
        (SHORT, 2**31, b"\0\0\0\x08"),
        (TEXT, 2, b"6\0"),
        (RATIONAL, 1, b"\0\0\0\x08"),
        (99, 1, b"\0\x06"),
    ],
)
def test_an_orientation_that_makes_no_sense_is_ignored(tiff_type: int, count: int, value: bytes) -> None:
    exif = b"Exif\0\0MM\0\x2a" + struct.pack(">IHHHI4sI", 8, 1, 0x0112, tiff_type, count, value, 0)
    inspection = inspect(insert_jpeg_segments(make_picture(), b"\xff\xe1" + exif))
    assert (inspection.width, inspection.height) == (80, 40)


def test_an_orientation_in_xmp_is_ignored_as_viewers_do() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"></x:xmpmeta>'
    jpeg = insert_jpeg_segments(make_picture(), b"\xff\xe1http://ns.adobe.com/xap/1.0/\0" + xmp)
    assert inspect(jpeg).width == 80


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xd8",
        b"GIF",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"MZ\x90\x00",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x18ftypavci\x00\x00\x00\x00mif1avci",
        encode(draw_quadrants(), "TIFF"),
        encode(draw_quadrants(), "BMP"),
        encode(draw_quadrants(), "ICO"),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_other_files_are_refused_and_the_accepted_types_named(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match=r"Send a JPEG, PNG, GIF, WEBP, AVIF, HEIC or HEIF\."):
        inspect(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    ],
    ids=repr,
)
def test_refuses_an_image_that_is_only_a_beginning(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="truncated or damaged"):
        inspect(data)


def test_accepts_as_many_pixels_as_the_limit() -> None:
    assert inspect(make_png_header(10_000, MAX_IMAGE_PIXELS // 10_000)).height == 10_000


def test_refuses_more_pixels_and_says_how_many_are_too_many() -> None:
    with pytest.raises(TooManyPixels, match="more than 100 megapixels"):
        inspect(make_png_header(10_000, 10_020))


@pytest.mark.parametrize("size", [(30_001, 1), (1, 30_001)])
def test_refuses_a_longer_side(size: tuple[int, int]) -> None:
    with pytest.raises(TooManyPixels, match="A side has at most 30,000"):
        inspect(make_png_header(*size))


@pytest.mark.parametrize("edge", [13_300, 20_000, 2**31 - 1])
def test_refuses_far_more_pixels(edge: int) -> None:
    with pytest.raises(TooManyPixels):
        inspect(make_png_header(edge, edge))


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_refuses_an_image_without_pixels(size: tuple[int, int]) -> None:
    with pytest.raises(UnsupportedImage):
        inspect(make_png_header(*size))


def test_an_extreme_aspect_ratio_is_fine() -> None:
    assert inspect(encode(Image.new("L", (30_000, 1)))).width == 30_000


def test_warnings_do_not_escape() -> None:
    without_frames = make_png_chunk(b"acTL", struct.pack(">II", 0, 0))
    assert not inspect(insert_png_chunks(make_picture("PNG"), without_frames)).animated


@pytest.mark.parametrize(
    ("reason", "bomb"),
    [
        ("scans", make_picture() + SCAN * jpeg.MAX_SCANS),
        ("segments", insert_jpeg_segments(make_picture(), *[b"\xff\xfe"] * jpeg.MAX_SEGMENTS)),
        ("too much in front", b"\xff\xd8" + b"\xff" * (jpeg.MAX_FILL_BYTES + 2) + make_picture()[1:]),
        (
            "chunks",
            insert_png_chunks(make_picture("PNG"), make_png_chunk(b"tEXt", b"a\0b") * png.MAX_CHUNKS),
        ),
        ("chunks", insert_png_chunks(make_picture("PNG"), make_png_chunk(b"IDAT") * png.MAX_CHUNKS)),
        ("blocks", make_picture("GIF")[:-1] + b"\x21\xfe" + b"\x01a" * gif.MAX_BLOCKS),
        ("blocks", make_picture("GIF")[:-1] + bytes(gif.MAX_BLOCKS)),
    ],
    ids=["scans", "segments", "fill bytes", "metadata", "chunks", "comments", "stray bytes"],
)
def test_refuses_a_file_of_too_many_pieces(reason: str, bomb: bytes) -> None:
    with pytest.raises(UnsupportedImage, match=reason):
        inspect(bomb)


def test_chance_bytes_behind_a_jpeg_are_no_scans() -> None:
    assert inspect(make_picture() + b"\xff\xda" * 10_000).width == 80


def test_refuses_a_gif_that_ends_within_a_later_frame() -> None:
    with pytest.raises(UnsupportedImage, match="truncated"):
        inspect(make_animation("GIF")[:-5])


def test_a_gif_may_lack_its_last_byte() -> None:
    assert inspect(make_animation("GIF")[:-1]).animated


@pytest.mark.parametrize(
    ("data", "image_format"),
    [
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"RIFF\x00\x00\x00\x00WEBP", "WEBP"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1miaf", "AVIF"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafavif", "AVIF"),
        (b"\x00\x00\x00\x18ftypavis\x00\x00\x00\x00msf1miaf", "AVIF"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"\x00\x00\x00\x18ftypheix\x00\x00\x00\x00mif1tmap", "HEIC"),
        (b"\x00\x00\x00\x18ftyphevc\x00\x00\x00\x00msf1hevc", "HEIC"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafheix", "HEIF"),
        (b"\x00\x00\x00\x18ftypmsf1\x00\x00\x00\x00mif1heic", "HEIF"),
        (b"\x00\x00\x00\x18ftypMiHB\x00\x00\x00\x00mif1heic", "HEIF"),
    ],
    ids=repr,
)
def test_format_is_told_by_the_first_bytes(data: bytes, image_format: str) -> None:
    assert detect_format(data) == image_format


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x18ftypavci\x00\x00\x00\x00mif1miafavif",  # behind the box of brands
        b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00miafxhei" + b"cxxx",  # across two brands
        b"\x00\x00\x10\x00ftypmif1" + bytes(244) + b"avif",  # behind what is looked at
        b"RIFF\x00\x00\x00\x00WAVEWEBP",
        b"FORM\x00\x00\x00\x00WEBP",
        b"xxxxavifftyp",
    ],
    ids=["behind the box", "across", "far behind", "sound", "no riff", "no box"],
)
def test_name_of_a_format_elsewhere_means_nothing(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        detect_format(data)


@pytest.mark.parametrize(("count", "is_taken"), [(3, True), (4, False)])
@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "AVIF", "GIF"])
def test_animation_has_up_to_the_allowed_number_of_frames(
    monkeypatch: pytest.MonkeyPatch, image_format: str, count: int, is_taken: bool
) -> None:
    monkeypatch.setattr("shared.headers.header.MAX_FRAMES", 3)
    animation = make_animation(image_format, count)
    if is_taken:
        assert inspect(animation).animated
    else:
        with pytest.raises(UnsupportedImage, match="more than 3 frames"):
            inspect(animation)


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000)])
def test_side_may_be_as_long_as_the_limit(size: tuple[int, int]) -> None:
    inspection = inspect(make_png_header(*size))
    assert (inspection.width, inspection.height) == size
