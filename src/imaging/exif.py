"""The facts in an EXIF block. Anything may be written there, so odd values are dropped."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from math import isfinite
from typing import Any

from PIL import ExifTags, Image

from imaging.damage import refusing_damage
from shared.errors import UnacceptableImage
from shared.models import MAX_FACT_CHARS, Exif, Location

SMALLEST_NUMBER = 1e-9  # anything nearer to zero is noise, and DynamoDB takes nothing below 1e-130
FIRST_PHOTO_YEAR = 1826
MAX_FOCAL_LENGTH_MM = 10_000
MAX_APERTURE = 512
MAX_EXPOSURE_SECONDS = 7 * 24 * 3600
MAX_ISO = 10_000_000
ALTITUDES_M = (-12_000, 100_000)

_TAKEN_AT = re.compile(r"([0-9]{4}):([0-9]{2}):([0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})")
_OFFSET = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")
_DEGREE_PARTS = (1, 60, 3600)
_PLACE = re.compile(
    r"\d[.,]\d{4,}+(?!\s*mm)"  # 48.8583, but no focal length such as 2.220000029mm
    r"|\d\s*(?:[°º˚]|deg)\s*(?:\d|[nsew](?![\w-]))"  # 48° 51', 48 deg 51' or 48°N, but no angle of view
    r"|\d\s*['\u2032\u2019]\s*\d",  # 51' 30"
    re.IGNORECASE,
)
"""Coordinates, as programs and people write them."""

type Tags = Mapping[int, Any]


def read_facts(exif: Image.Exif, orientation: int | None) -> Exif | None:
    """Return None if the block holds no fact. The orientation may stand elsewhere: the header has it."""
    camera, photo, gps = (
        _read_tags(exif),
        _read_tags(exif, ExifTags.IFD.Exif),
        _read_tags(exif, ExifTags.IFD.GPSInfo),
    )
    facts = Exif(
        taken_at=_read_taken_at(photo),
        camera=_read_camera(camera),
        lens=_read_name(photo.get(ExifTags.Base.LensModel)),
        focal_length_mm=_read_number(photo.get(ExifTags.Base.FocalLength), 0, MAX_FOCAL_LENGTH_MM),
        aperture=_read_number(photo.get(ExifTags.Base.FNumber), 0, MAX_APERTURE),
        exposure_seconds=_read_number(photo.get(ExifTags.Base.ExposureTime), 0, MAX_EXPOSURE_SECONDS),
        iso=_read_iso(photo.get(ExifTags.Base.ISOSpeedRatings)),
        orientation=orientation,
        location=_read_location(gps),
    )
    return facts if facts != Exif() else None


def _read_tags(exif: Image.Exif, ifd: int | None = None) -> Tags:
    with suppress(UnacceptableImage), refusing_damage():
        return dict(exif if ifd is None else exif.get_ifd(ifd))
    return {}


def _read_text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return None
    text = "".join(character if character.isprintable() else " " for character in value.partition("\0")[0])
    return " ".join(text.split()) or None


def _read_name(value: object) -> str | None:
    """Return a text that everyone may read. None if it holds a place."""
    text = _read_text(value)
    return text[:MAX_FACT_CHARS].rstrip() if text and not _PLACE.search(text) else None


def _read_number(value: object, above: float, most: float) -> float | None:
    """Return six digits of a number in (above, most]."""
    number = _to_float(value)
    return float(f"{number:.6g}") if number is not None and above < number <= most else None


def _to_float(value: object) -> float | None:
    if isinstance(value, str | bytes):
        return None  # in EXIF, no number is a text
    with suppress(TypeError, ValueError, ArithmeticError):
        number = float(value)  # type: ignore[arg-type] # whatever it is
        if isfinite(number):
            return number if abs(number) >= SMALLEST_NUMBER else 0.0
    return None


def _read_taken_at(tags: Tags) -> str | None:
    match = _TAKEN_AT.fullmatch(_read_text(tags.get(ExifTags.Base.DateTimeOriginal)) or "")
    if not match:
        return None
    year, month, day, time = match.groups()
    taken_at = f"{year}-{month}-{day}T{time}"
    try:
        is_plausible = datetime.fromisoformat(taken_at).year >= FIRST_PHOTO_YEAR
    except ValueError:
        return None
    offset = _OFFSET.fullmatch(_read_text(tags.get(ExifTags.Base.OffsetTimeOriginal)) or "")
    return taken_at + (offset[0] if offset else "") if is_plausible else None


def _read_camera(tags: Tags) -> str | None:
    make, model = _read_name(tags.get(ExifTags.Base.Make)), _read_name(tags.get(ExifTags.Base.Model))
    if not make or not model:
        return model or make
    # Canon writes "Canon" and "Canon EOS R5", Nikon "NIKON CORPORATION" and "NIKON D850".
    if model.split()[0].casefold() == make.split()[0].casefold():
        return model
    return f"{make} {model}"[:MAX_FACT_CHARS].rstrip()


def _read_iso(value: object) -> int | None:
    number = _read_number(value[0] if isinstance(value, tuple) and value else value, 0, MAX_ISO)
    return round(number) or None if number is not None else None


def _read_location(tags: Tags) -> Location | None:
    latitude = _read_degrees(
        tags.get(ExifTags.GPS.GPSLatitude), tags.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90
    )
    longitude = _read_degrees(
        tags.get(ExifTags.GPS.GPSLongitude), tags.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180
    )
    # Cameras that do not know the place write 0, 0, which is in the open sea.
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    altitude = _to_float(tags.get(ExifTags.GPS.GPSAltitude))
    if altitude is not None and tags.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\1"):
        altitude = -altitude
    lowest, highest = ALTITUDES_M
    is_plausible = altitude is not None and lowest <= altitude <= highest
    return Location(
        latitude=latitude,
        longitude=longitude,
        altitude=round(altitude, 1) if altitude is not None and is_plausible else None,
    )


def _read_degrees(value: object, reference: object, directions: str, most: int) -> float | None:
    """Return degrees, minutes and seconds as one number, to 0.1 m. The second direction is negative."""
    direction = (_read_text(reference) or "").upper()
    if not isinstance(value, tuple) or len(value) != len(_DEGREE_PARTS) or direction not in tuple(directions):
        return None
    degrees = 0.0
    for part, fraction in zip(map(_to_float, value), _DEGREE_PARTS, strict=True):
        if part is None or part < 0:
            return None
        degrees += part / fraction
    return round(-degrees if direction == directions[1] else degrees, 6) if degrees <= most else None
