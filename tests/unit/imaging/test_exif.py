from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from imaging.exif import read_facts
from imaging.renditions import render
from shared.models import MAX_FACT_CHARS, Exif, Location
from tests.support.pictures import draw_quadrants, encode, make_exif, make_photo

MAKE, MODEL, ORIENTATION = 0x010F, 0x0110, 0x0112
EXPOSURE, APERTURE, ISO, TAKEN_AT, OFFSET, FOCAL_LENGTH, LENS = (
    0x829A,
    0x829D,
    0x8827,
    0x9003,
    0x9011,
    0x920A,
    0xA434,
)
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE, ALTITUDE_REF, ALTITUDE = 1, 2, 3, 4, 5, 6

CAMERA = {MAKE: "Canon", MODEL: "Canon EOS R5"}
PHOTO = {
    EXPOSURE: IFDRational(1, 250),
    APERTURE: IFDRational(28, 10),
    ISO: 400,
    TAKEN_AT: "2024:05:06 07:08:09",
    OFFSET: "+02:00",
    FOCAL_LENGTH: 35.0,
    LENS: "RF24-105mm F4 L IS USM",
}
GPS = {
    LATITUDE_REF: "N",
    LATITUDE: (48.0, 8.0, 30.0),
    LONGITUDE_REF: "W",
    LONGITUDE: (11.0, 34.0, 12.0),
    ALTITUDE_REF: b"\1",
    ALTITUDE: 12.34,
}


def read(
    camera: dict[int, Any] | None = None,
    photo: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
) -> Exif:
    exif = Image.Exif()
    exif.update(camera or {})
    exif.get_ifd(0x8769).update(photo or {})
    exif.get_ifd(0x8825).update(gps or {})
    return read_facts(exif, None) or Exif()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIC"])
def test_facts_of_a_photo_are_read_from_every_format(image_format: str) -> None:
    data = encode(draw_quadrants(), image_format, exif=make_exif(CAMERA, PHOTO, GPS))
    assert render(data).exif == Exif(
        taken_at="2024-05-06T07:08:09+02:00",
        camera="Canon EOS R5",
        lens="RF24-105mm F4 L IS USM",
        focal_length_mm=35,
        aperture=2.8,
        exposure_seconds=0.004,
        iso=400,
        location=Location(latitude=48.141667, longitude=-11.57, altitude=-12.3),
    )


def test_an_image_without_facts_has_none() -> None:
    assert read_facts(Image.Exif(), None) is None
    assert render(encode(draw_quadrants(), "JPEG", exif=make_exif({0x0131: "Editor"}))).exif is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_the_one_of_the_stored_pixels(orientation: int) -> None:
    assert render(make_photo(orientation)).exif == Exif(orientation=orientation)


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_makes_no_sense_is_dropped(value: int) -> None:
    data = encode(draw_quadrants(), "JPEG", exif=make_exif({ORIENTATION: value}))
    assert render(data).exif is None


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("samsung", "SM-G991B", "samsung SM-G991B"),
        ("Apple", None, "Apple"),
        (None, "iPhone 15", "iPhone 15"),
        ("  Sony\0junk", " ILCE-7M4\n", "Sony ILCE-7M4"),
        ("\0", " ", None),
        (5, b"X100V", "X100V"),
        ("M" * 500, "X" * 500, "M" * MAX_FACT_CHARS),
    ],
)
def test_camera_is_make_and_model_without_repetition(make: object, model: object, camera: str | None) -> None:
    assert read({MAKE: make, MODEL: model}).camera == camera


def test_text_holds_no_control_characters() -> None:
    assert read(photo={LENS: "<b>50\x1b[31mmm\u202e\n f/1.8"}).lens == "<b>50 [31mmm f/1.8"


@pytest.mark.parametrize(
    "text",
    [
        "48.858370, 2.294481",
        "Camera at 48,8584",
        "48° 51' 30.13\" N",
        "48°N 2°E",
        "48 deg 51' 30.13\" N",
        "N 48 51' 30\"",
        "48\N{PRIME}51",
        b"48.8584",
        "x" * MAX_FACT_CHARS + " 48.8584",
    ],
)
def test_a_text_with_a_place_in_it_is_dropped(text: object) -> None:
    assert read({MAKE: text, MODEL: text}, {LENS: text}) == Exif()
    assert read({MAKE: "Canon", MODEL: text}).camera == "Canon"


@pytest.mark.parametrize(
    "lens",
    [
        "iPhone 15 Pro back triple camera 6.765mm f/1.78",
        "iPhone 15 Pro back triple camera 2.220000029mm f/2.2",
        "EF24-105mm f/4L IS USM",
        "1:2.8/100 180° W-Nikkor",
        "Samyang 8mm 180 deg Fisheye",
    ],
)
def test_a_lens_is_not_taken_for_a_place(lens: str) -> None:
    assert read(photo={LENS: lens}).lens == lens


@pytest.mark.parametrize(
    ("text", "offset", "taken_at"),
    [
        ("2024:05:06 07:08:09", None, "2024-05-06T07:08:09"),
        ("2024:05:06 07:08:09", "-05:30", "2024-05-06T07:08:09-05:30"),
        ("2024:05:06 07:08:09\0", "   :  ", "2024-05-06T07:08:09"),
        ("2024:05:06 07:08:09", "+99:00", "2024-05-06T07:08:09"),
        ("2024:05:06 07:08:09", "+14:00", "2024-05-06T07:08:09+14:00"),
        ("2024:05:06 07:08:09", "-12:45", "2024-05-06T07:08:09-12:45"),
        ("2024:05:06 07:08:09", "+15:00", "2024-05-06T07:08:09"),
        ("2024:05:06 07:08:09", "+05:60", "2024-05-06T07:08:09"),
        ("0000:00:00 00:00:00", None, None),
        ("2024:02:30 07:08:09", None, None),
        ("2024:05:06 25:08:09", None, None),
        ("0001:01:01 00:00:00", None, None),
        ("2024-05-06T07:08:09", None, None),
        ("    :  :     :  :  ", None, None),
        (b"2024:05:06 07:08:09", b"Z", "2024-05-06T07:08:09"),
        (20240506, None, None),
    ],
)
def test_time_is_told_only_if_it_exists(text: object, offset: object, taken_at: str | None) -> None:
    assert read(photo={TAKEN_AT: text, OFFSET: offset}).taken_at == taken_at


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        float("nan"),
        float("inf"),
        IFDRational(1, 0),
        IFDRational(0, 0),
        1e12,
        "x",
        "2.8",
        b"2.8",
        b"\xff",
        (),
        None,
        "1" * 5000,
    ],
    ids=lambda value: repr(value)[:12],
)
def test_a_number_that_makes_no_sense_is_dropped(value: object) -> None:
    assert read(photo={EXPOSURE: value, APERTURE: value, ISO: value, FOCAL_LENGTH: value}) == Exif()


def test_iso_may_be_the_first_of_several() -> None:
    assert read(photo={ISO: (200, 0)}).iso == 200


@pytest.mark.parametrize(
    "change",
    [
        {LATITUDE: (91.0, 0.0, 0.0)},
        {LATITUDE: (-1.0, 0.0, 0.0)},
        {LATITUDE: (float("nan"), 0.0, 0.0)},
        {LATITUDE: (IFDRational(1, 0), 0.0, 0.0)},
        {LATITUDE: (48.0, 8.0)},
        {LATITUDE: 48.0},
        {LATITUDE: None},
        {LATITUDE_REF: None},
        {LATITUDE_REF: "X"},
        {LATITUDE_REF: "NS"},
        {LONGITUDE: (180.0, 0.0, 1.0)},
        {LATITUDE: (0.0, 0.0, 0.0), LONGITUDE: (0.0, 0.0, 0.0)},
    ],
    ids=repr,
)
def test_a_place_that_makes_no_sense_is_dropped(change: dict[int, Any]) -> None:
    assert read(gps=GPS | change).location is None


@pytest.mark.parametrize("altitude", [float("nan"), 1e9, "x", None])
def test_an_altitude_that_makes_no_sense_is_dropped_alone(altitude: object) -> None:
    location = read(gps=GPS | {ALTITUDE: altitude}).location
    assert location
    assert location.altitude is None


@given(st.binary(max_size=300), st.sampled_from([b"II\x2a\0\x08\0\0\0", b"MM\0\x2a\0\0\0\x08", b""]))
@settings(max_examples=200)
def test_no_exif_block_keeps_an_image_from_being_rendered(block: bytes, head: bytes) -> None:
    assert render(encode(Image.new("RGB", (2, 2)), "JPEG", exif=b"Exif\0\0" + head + block)).renditions


@given(st.binary(max_size=60), st.integers(0, 250))
@settings(max_examples=200)
def test_damaged_facts_never_raise(damage: bytes, at: int) -> None:
    exif = bytearray(make_exif(CAMERA, PHOTO, GPS))
    exif[14 + at : 14 + at + len(damage)] = damage
    facts = render(encode(Image.new("RGB", (2, 2)), "JPEG", exif=bytes(exif))).exif
    if facts:
        facts.model_dump_json()


@pytest.mark.parametrize("number", [1e-300, 5e-324, 1e-12])
def test_number_too_small_for_the_table_is_dropped(number: float) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({APERTURE: number, EXPOSURE: number, FOCAL_LENGTH: number})
    assert read_facts(exif, None) is None


def test_pole_and_antimeridian_are_places() -> None:
    location = read(gps=GPS | {LATITUDE: (90.0, 0.0, 0.0), LONGITUDE: (180.0, 0.0, 0.0)}).location
    assert location
    assert (location.latitude, location.longitude) == (90, -180)


def test_numbers_keep_six_digits() -> None:
    assert read(photo={FOCAL_LENGTH: 6.7654321}).focal_length_mm == 6.76543


@pytest.mark.parametrize(("seconds", "expected"), [(604_800.0, 604_800), (604_801.0, None)])
def test_exposure_has_up_to_a_week(seconds: float, expected: float | None) -> None:
    assert read(photo={EXPOSURE: seconds}).exposure_seconds == expected
