"""Colours that no ICC profile tells, beside those that Chromium shows.

`shown_colours.csv` has what Chromium 156 drew on an sRGB canvas (`getImageData`), for PNGs and AVIFs with the
colours in its head. The row "nclx 1 13" has the colours of the AVIFs themselves: they lost a little.
"""

import csv
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imaging.colour import convert_to_srgb
from imaging.profiles import make_coded_profile, make_gamma_profile, make_nclx_profile
from imaging.sources import avif, heif, png
from shared.headers.boxes import BoxReader
from tests.support.boxes import make_box
from tests.support.pictures import encode, insert_png_chunks, make_png_chunk

TOLERANCE, HIGH_RANGE_TOLERANCE = 2, 8
"""Shades of a channel, of 255. LittleCMS interpolates in a table for PQ and HLG, and misses corners."""
PRIMARIES = {
    "P3": (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000),
    "Adobe": (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000),
}

type Color = tuple[int, ...]


def read_colors(text: str) -> list[Color]:
    return [tuple(bytes.fromhex(color)) for color in text.split()]


with (Path(__file__).parent / "shown_colours.csv").open(newline="") as file:
    (_, head), *rows = csv.reader(file)
COLORS = read_colors(head)
SHOWN = {name: read_colors(colors) for name, colors in rows}


def draw_colors(colors: list[Color] = COLORS) -> Image.Image:
    image = Image.new("RGB", (len(colors), 1))
    for at, color in enumerate(colors):
        image.putpixel((at, 0), color)
    return image


def make_png(name: str) -> bytes:
    """The words of a name are chunks and their numbers."""
    words = name.split()
    chunks: list[bytes] = []
    for at, word in enumerate(words):
        match word:
            case "cICP":
                codes = [int(code) for code in words[at + 1 : at + 3]]
                chunks.append(make_png_chunk(b"cICP", bytes([*codes, 0, words[0] != "narrow"])))
            case "gAMA":
                chunks.append(make_png_chunk(b"gAMA", struct.pack(">I", int(words[at + 1]))))
            case "cLLI":
                light = struct.pack(">II", int(words[at + 1]) * 10_000, 0)
                chunks.append(make_png_chunk(b"cLLI", light))
            case "mDCV":
                display = struct.pack(">8HII", *[0] * 8, int(words[at + 1]) * 10_000, 1)
                chunks.append(make_png_chunk(b"mDCV", display))
            case "sRGB":
                chunks.append(make_png_chunk(b"sRGB", b"\0"))
            case _ if word in PRIMARIES:
                chunks.append(make_png_chunk(b"cHRM", struct.pack(">8I", *PRIMARIES[word])))
    return insert_png_chunks(encode(draw_colors()), *chunks)


def make_avif(primaries: int, transfer: int) -> bytes:
    data = encode(draw_colors(), "AVIF")
    codes = data.index(b"nclx") + 4
    return data[:codes] + struct.pack(">HH", primaries, transfer) + data[codes + 4 :]


@pytest.mark.parametrize("name", SHOWN)
def test_colours_are_those_that_a_browser_shows(name: str) -> None:
    if name.startswith("nclx"):
        _, primaries, transfer = name.split()
        colors, source = SHOWN["nclx 1 13"], avif.read_source(make_avif(int(primaries), int(transfer)))
    else:
        colors, source = COLORS, png.read_source(make_png(name))
    tolerance = HIGH_RANGE_TOLERANCE if name.split()[2:3] in (["16"], ["18"]) else TOLERANCE
    converted = convert_to_srgb(draw_colors(colors), source.profiles)
    for at, shown in enumerate(SHOWN[name]):
        assert converted.getpixel((at, 0)) == pytest.approx(shown, abs=tolerance), colors[at]


@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_high_range_ends_at_white_and_is_as_bright_as_its_brightest_channel(
    primaries: int, transfer: int
) -> None:
    profile = make_coded_profile(primaries, transfer)
    assert profile
    grays = Image.linear_gradient("L").resize((1, 256)).convert("RGB")
    shades = list(convert_to_srgb(grays, [profile]).getchannel("R").tobytes())
    assert shades == sorted(shades)
    assert (shades[0], shades[255]) == (0, 255)


def list_profiles(*boxes: bytes) -> tuple[bytes, ...]:
    reader = BoxReader(b"".join(boxes))
    return heif.list_profiles(reader, [*reader.walk(reader.file)])


@pytest.mark.parametrize(
    ("boxes", "peak_nits"),
    [
        ({}, 0),
        ({b"clli": struct.pack(">HH", 470, 9)}, 470),
        ({b"mdcv": struct.pack(">8HII", *[0] * 8, 6_000_000, 1)}, 600),
        ({b"clli": struct.pack(">HH", 470, 9), b"mdcv": struct.pack(">8HII", *[0] * 8, 6_000_000, 1)}, 470),
        ({b"clli": bytes(4), b"mdcv": struct.pack(">8HII", *[0] * 8, 6_000_000, 1)}, 600),
        ({b"clli": b"", b"mdcv": b"short"}, 0),
    ],
)
def test_peak_stands_in_boxes(boxes: dict[bytes, bytes], peak_nits: int) -> None:
    coded = make_box(b"colr", b"nclx", struct.pack(">HHHB", 9, 16, 9, 128))
    others = [make_box(kind, content) for kind, content in boxes.items()]
    assert list_profiles(coded, *others) == (make_coded_profile(9, 16, peak_nits),)


@pytest.mark.parametrize(("primaries", "transfer"), [(0, 13), (3, 13), (255, 13), (1, 0), (1, 9), (1, 255)])
def test_unknown_codes_tell_nothing(primaries: int, transfer: int) -> None:
    assert make_coded_profile(primaries, transfer) is None
    assert make_nclx_profile(primaries, transfer) is None


@pytest.mark.parametrize("transfer", [1, 2, 6, 13, 14, 15])
def test_codes_of_srgb_need_no_profile(transfer: int) -> None:
    assert make_nclx_profile(1, transfer) is None
    assert make_nclx_profile(2, transfer) is None
    assert make_nclx_profile(9, transfer)


@pytest.mark.parametrize(
    "primaries",
    [(0,) * 8, (0.3127, 0, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06), (0.3, 0.3) * 4],
    ids=["none", "white without light", "one colour"],
)
def test_primaries_without_sense_tell_nothing(primaries: tuple[float, ...]) -> None:
    assert make_gamma_profile(2.2, primaries) is None


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
def test_any_numbers_make_a_picture(gamma: int, primaries: list[int]) -> None:
    chunks = [
        make_png_chunk(b"gAMA", struct.pack(">I", gamma)),
        make_png_chunk(b"cHRM", struct.pack(">8I", *primaries)),
    ]
    source = png.read_source(insert_png_chunks(encode(draw_colors()), *chunks))
    assert convert_to_srgb(draw_colors(), source.profiles).mode == "RGB"


@pytest.mark.parametrize("content", [b"nclx", b"nclx\0\x0c\0", b"prof", b"", b"what"])
def test_damaged_box_of_colours_harms_no_picture(content: bytes) -> None:
    picture = draw_colors()
    assert convert_to_srgb(picture, list_profiles(make_box(b"colr", content))).tobytes() == picture.tobytes()
