"""Files of types that are not taken, told by their first bytes, and what to send in their place."""

import re
from collections.abc import Callable

_TEXT_BYTES = 1024
"""How far in the beginning of a text is looked for: comments may stand in front of it."""
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:svg\b|!doctype\s+svg\b|(?:\?xml|!--).*?<svg\b)", re.DOTALL | re.IGNORECASE
)
_BMP_HEADS = (12, 40, 52, 56, 64, 108, 124)
_STILL_BRANDS = re.compile(rb"hei[cfmsx]|hev[cmsx]|mif1|msf1|miaf")
_MOVIE_BOXES = (b"ftyp", b"moov", b"mdat", b"wide")

type Test = Callable[[bytes], object]


def _begins(*signatures: bytes) -> Test:
    return lambda data: data.startswith(signatures)


def _is_bmp(data: bytes) -> bool:
    return data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADS


def _is_heif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and bool(_STILL_BRANDS.search(data[8:64]))


def _is_movie(data: bytes) -> bool:
    return (
        data[4:8] == b"ftyp" or data[4:8] in _MOVIE_BOXES or (data[:4] == b"RIFF" and data[8:12] == b"AVI ")
    )


_PICTURE, _PAGE, _FRAME = "Convert it.", "Convert a page of it.", "Take a frame of it."
_KINDS: tuple[tuple[str, str, Test], ...] = (
    ("an SVG drawing", _PICTURE, lambda data: _SVG.match(data[:_TEXT_BYTES])),
    ("a PDF document", _PAGE, lambda data: b"%PDF-" in data[:_TEXT_BYTES]),
    ("a PostScript document", _PAGE, _begins(b"%!PS", b"\xc5\xd0\xd3\xc6")),
    ("a BMP image", _PICTURE, _is_bmp),
    ("a TIFF or raw image", _PICTURE, _begins(b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b")),
    ("an HEIC image", _PICTURE, _is_heif),
    ("a JPEG XL image", _PICTURE, _begins(b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    ("a JPEG 2000 image", _PICTURE, _begins(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    ("an icon", _PICTURE, _begins(b"\0\0\1\0", b"icns")),
    ("a Photoshop document", _PICTURE, _begins(b"8BPS")),
    ("a video", _FRAME, _is_movie),
    (
        "a video",
        _FRAME,
        _begins(b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"\x30\x26\xb2\x75"),
    ),
)
"""A name, what to do, and a test of the bytes."""


def explain_refusal(data: bytes, formats: str) -> str:
    """Name the type of a file that is not accepted, and say what to send."""
    for name, advice, is_it in _KINDS:
        if is_it(data):
            return f"The file is {name}, which is not accepted. {advice} Send {formats}."
    return f"The file is not an image. Send {formats}."
