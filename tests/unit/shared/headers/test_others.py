"""A refusal names the type of a file, and says what to do."""

import pytest

from shared.errors import UnsupportedImage
from shared.inspection import inspect
from tests.support.pictures import draw_quadrants, encode

FTYP = b"\0\0\0\x18ftyp"


def save(image_format: str) -> bytes:
    return encode(draw_quadrants(64, 64), image_format)


# The name in the message, and files of that type.
KINDS: dict[str, list[bytes]] = {
    "an SVG drawing": [
        b"<svg/>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!-- a -->\n<svg>",
        b"<!-- drawn by hand -->\n<SVG >",
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''>",
    ],
    "a PDF document": [save("PDF"), b"%PDF-1.7", b"\n%PDF-1.4"],
    "a PostScript document": [save("EPS")],
    "a BMP image": [save("BMP")],
    "a TIFF or raw image": [save("TIFF"), b"MM\0\x2a", b"II\x2b\0"],
    "a JPEG XL image": [b"\xff\x0a\xfa", b"\0\0\0\x0cJXL \r\n\x87\n"],
    "a JPEG 2000 image": [save("JPEG2000"), b"\xff\x4f\xff\x51"],
    "an icon": [save("ICO"), save("ICNS")],
    "a Photoshop document": [b"8BPS\0\1"],
    "a video": [
        FTYP + b"isom\0\0\2\0isomiso2",
        FTYP + b"qt  \0\0\2\0qt  ",
        FTYP + b"mp42\0\0\0\0mp42isom",
        b"\0\0\0\x08wide\0\0\0\0mdat",
        b"\x1a\x45\xdf\xa3\x01",
        b"RIFF\0\0\0\0AVI LIST",
        b"FLV\1\5",
        b"\0\0\1\xba\x44",
    ],
}
STRANGERS = [
    b"",
    b"hello",
    b"BMW builds cars in Munich",
    b"<!doctype html><script>alert(1)</script>",
    b"<!doctype html><p>See <svg></svg>",
    b"<?xml version='1.0'?><rss/>",
    b"MZ\x90\0",
    b"RIFF\0\0\0\0WAVEfmt ",
    b"PK\3\4",
    bytes(2000),
    b" " * 2000 + b"<svg/>",
]


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, files in KINDS.items() for data in files])
def test_image_of_another_type_is_named(name: str, data: bytes) -> None:
    accepted = "JPEG, PNG, GIF, WEBP, AVIF, HEIC or HEIF"
    words = rf"^The file is {name}, which is not accepted\. .+\. Send a {accepted}\.$"
    with pytest.raises(UnsupportedImage, match=words):
        inspect(data)


@pytest.mark.parametrize("data", STRANGERS, ids=lambda data: repr(data[:12]))
def test_file_that_is_no_image_is_none(data: bytes) -> None:
    with pytest.raises(
        UnsupportedImage,
        match=r"^The file is not an image\. Send a JPEG, PNG, GIF, WEBP, AVIF, HEIC or HEIF\.$",
    ):
        inspect(data)


def test_damaged_image_of_an_accepted_type_is_damaged() -> None:
    with pytest.raises(UnsupportedImage, match=r"^The image is truncated or damaged\.$"):
        inspect(save("PNG")[:30])
