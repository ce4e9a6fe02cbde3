"""Files with a location in every place where one can hide."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from functools import partial
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.support.pictures import (
    append_webp_chunk,
    draw_quadrants,
    encode,
    frame_jpeg_segment,
    insert_gif_block,
    insert_jpeg_segments,
    insert_png_chunks,
    make_described_profile,
    make_exif,
    make_gif_extension,
    make_iptc,
    make_png_chunk,
    make_thumbnail_exif,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Case = tuple[str, str, Callable[[], bytes]]


def fill(*tags: int, value: object) -> dict[int, Any]:
    return dict.fromkeys(tags, value)


PLACE = "48.858370, 2.294481"
TEXT, WIDE_TEXT = PLACE.encode(), PLACE.encode("utf-16-le")
LATITUDE = (48, 51, IFDRational(30132, 1000))
LONGITUDE = (2, 17, IFDRational(401316, 10000))
OFFSET = "+05:45"
NEEDLES = [
    needle
    for text in ("48.858", "2.294", OFFSET)
    for needle in (
        text.encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        text.encode().hex().encode(),
    )
] + [
    struct.pack(order + "II", *Fraction(*seconds).as_integer_ratio())
    for order in "<>"
    for seconds in ((30132, 1000), (401316, 10000))
]

FORMS = [
    "JPEG",
    "MPO",
    "PNG",
    "APNG",
    "GIF",
    "moving GIF",
    "WEBP",
    "moving WEBP",
    "AVIF",
    "moving AVIF",
    "HEIC",
]

PICTURE = draw_quadrants(300, 200)
OTHER = Image.new("RGB", (300, 200), "magenta")

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + TEXT + b"</x:xmpmeta>"
ICC = make_described_profile(PLACE)

Tag, GpsTag = ExifTags.Base, ExifTags.GPS
CAMERA: dict[int, Any] = {
    **fill(Tag.DocumentName, Tag.ImageDescription, Tag.Make, Tag.Model, Tag.PageName, value=PLACE),
    **fill(Tag.Software, Tag.Artist, Tag.HostComputer, Tag.Copyright, value=PLACE),
    **fill(Tag.XPTitle, Tag.XPComment, Tag.XPAuthor, Tag.XPKeywords, Tag.XPSubject, value=WIDE_TEXT),
    Tag.XMLPacket: XMP,
    Tag.IPTCNAA: TEXT,
    Tag.ImageResources: make_iptc(TEXT),
}
PHOTO: dict[int, Any] = {
    **fill(Tag.DateTimeOriginal, Tag.SubsecTimeOriginal, Tag.ImageUniqueID, value=PLACE),
    **fill(Tag.CameraOwnerName, Tag.BodySerialNumber, value=PLACE),
    **fill(Tag.LensMake, Tag.LensModel, Tag.LensSerialNumber, value=PLACE),
    **fill(Tag.ExposureTime, Tag.FNumber, Tag.ISOSpeedRatings, Tag.FocalLength, value="48.858370"),
    Tag.UserComment: b"ASCII\0\0\0" + TEXT,
    Tag.MakerNote: b"Maker\0" + TEXT,
}
GPS: dict[int, Any] = {
    GpsTag.GPSLatitudeRef: "N",
    GpsTag.GPSLatitude: LATITUDE,
    GpsTag.GPSLongitudeRef: "E",
    GpsTag.GPSLongitude: LONGITUDE,
}
GPS_ONLY: dict[int, Any] = {
    GpsTag.GPSDestLatitude: LATITUDE,
    GpsTag.GPSProcessingMethod: b"ASCII\0\0\0" + TEXT,
    GpsTag.GPSAreaInformation: b"ASCII\0\0\0" + TEXT,
}
THUMBNAIL = encode(OTHER, "JPEG", exif=make_exif({Tag.Artist: PLACE}, gps=GPS), comment=TEXT)
EXIF_IN_WHOLE: dict[str, bytes] = {
    "EXIF location": make_exif(CAMERA, PHOTO, GPS | GPS_ONLY),
    "EXIF offset": make_exif(
        {}, {Tag.DateTimeOriginal: "2024:05:06 07:08:09", Tag.OffsetTimeOriginal: OFFSET}
    ),
    "EXIF wide comment": make_exif({}, {Tag.UserComment: b"UNICODE\0" + WIDE_TEXT}),
    "EXIF thumbnail": make_thumbnail_exif(THUMBNAIL),
}
EXIF_BY_TAG: dict[str, bytes] = (
    {f"EXIF {Tag(tag).name}": make_exif({tag: value}) for tag, value in CAMERA.items()}
    | {f"EXIF {Tag(tag).name}": make_exif({}, {tag: value}) for tag, value in PHOTO.items()}
    | {f"EXIF {GpsTag(tag).name}": make_exif({}, gps={tag: value}) for tag, value in GPS_ONLY.items()}
)

JPEG_SEGMENTS = {
    "XMP": b"\xff\xe1http://ns.adobe.com/xap/1.0/\0" + XMP,
    "extended XMP": b"\xff\xe1http://ns.adobe.com/xmp/extension/\0"
    + struct.pack(">32sII", b"0", len(XMP), 0)
    + XMP,
    "IPTC": b"\xff\xedPhotoshop 3.0\0" + make_iptc(TEXT),
    "ICC": b"\xff\xe2ICC_PROFILE\0\x01\x01" + ICC,
    "ICC that does not fit": b"\xff\xe2ICC_PROFILE\0\x01\x01" + make_described_profile(PLACE, "LAB"),
    "FlashPix": b"\xff\xe2FPXR\0\0" + TEXT,
    "JFIF thumbnail": b"\xff\xe0JFXX\0\x10" + THUMBNAIL,
    "comment": b"\xff\xfe" + TEXT,
}
UNKNOWN_SEGMENTS = [bytes([0xFF, marker]) + b"Whatever\0" + TEXT for marker in range(0xE0, 0xF0)]
PNG_CHUNKS = {
    "tEXt": make_png_chunk(b"tEXt", b"Comment\0" + TEXT),
    "tEXt as exif": make_png_chunk(b"tEXt", b"exif\0" + TEXT),
    "zTXt": make_png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(TEXT)),
    "iTXt": make_png_chunk(b"iTXt", b"Comment\0\0\0en\0Comment\0" + TEXT),
    "compressed iTXt": make_png_chunk(b"iTXt", b"Comment\0\x01\0en\0Comment\0" + zlib.compress(TEXT)),
    "XMP": make_png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    "raw profile": make_png_chunk(
        b"zTXt",
        b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n" % len(TEXT) + TEXT.hex().encode()),
    ),
    "eXIf": make_png_chunk(b"eXIf", make_exif({0x010F: PLACE}, gps={28: TEXT})[6:]),
    "iCCP": make_png_chunk(b"iCCP", TEXT[:9] + b"\0\0" + zlib.compress(ICC)),
    "sPLT": make_png_chunk(b"sPLT", TEXT + b"\0\x08"),
    "private chunk": make_png_chunk(b"prVt", TEXT),
}
GIF_BLOCKS = {
    "comment": make_gif_extension(0xFE, TEXT),
    "XMP": make_gif_extension(0xFF, b"XMP DataXMP")[:-1] + XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\0",
    "ICC": make_gif_extension(0xFF, b"ICCRGBG1012", ICC[-255:]),
    "application": make_gif_extension(0xFF, b"WHATEVER1.0", TEXT),
    "plain text": make_gif_extension(0x01, bytes(12), TEXT),
    "unknown extension": make_gif_extension(0x77, TEXT),
}
BOXES = {
    "free box": struct.pack(">I4s", 8 + len(TEXT), b"free") + TEXT,
    "uuid box": struct.pack(">I4s16x", 24 + len(TEXT), b"uuid") + TEXT,
    "mdat box": struct.pack(">I4s", 8 + len(TEXT), b"mdat") + TEXT,
}


def carry(form: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's
    """The picture with the metadata of the options. Forms of several pictures get another one."""
    image_format = {"APNG": "PNG"}.get(form, form.removeprefix("moving "))
    if form == "MPO" or form != image_format:
        options |= {"save_all": True, "append_images": [OTHER]}
    return encode(PICTURE, image_format, **options)


def plant(form: str, insert: Callable[..., bytes], *inserted: Any) -> bytes:  # noqa: ANN401 - what `insert` takes
    return insert(carry(form), *inserted)


def insert_at(data: bytes, at: int, inserted: bytes) -> bytes:
    return data[:at] + inserted + data[at:]


def insert_between_scans(_: bytes, segment: bytes) -> bytes:
    jpeg = carry("JPEG", progressive=True)
    return insert_at(jpeg, jpeg.rindex(b"\xff\xda"), frame_jpeg_segment(segment))


def replace_last_picture(mpo: bytes, picture: bytes) -> bytes:
    return mpo[: mpo.rindex(b"\xff\xd8\xff")] + picture


def make_exif_cases(form: str, blocks: dict[str, bytes]) -> Iterator[Case]:
    for place, block in blocks.items():
        yield form, place, partial(carry, form, exif=block)


def make_jpeg_cases(form: str) -> Iterator[Case]:
    for place, segment in JPEG_SEGMENTS.items():
        yield form, place, partial(plant, form, insert_jpeg_segments, segment)
    yield form, "unknown segments", partial(plant, form, insert_jpeg_segments, *UNKNOWN_SEGMENTS)
    yield form, "between segments", partial(plant, form, insert_at, 20, TEXT)


def make_png_cases(form: str) -> Iterator[Case]:
    for place, chunk in PNG_CHUNKS.items():
        yield form, place, partial(plant, form, insert_png_chunks, chunk)
        yield form, f"{place} at the end", partial(plant, form, insert_at, -12, chunk)


def make_gif_cases(form: str) -> Iterator[Case]:
    for place, block in GIF_BLOCKS.items():
        yield form, place, partial(plant, form, insert_gif_block, block)
        yield form, f"{place} at the end", partial(plant, form, insert_at, -1, block)


def make_webp_cases(form: str) -> Iterator[Case]:
    yield form, "XMP", partial(carry, form, xmp=XMP)
    yield form, "ICC", partial(carry, form, icc_profile=ICC)
    yield form, "unknown chunk", partial(plant, form, append_webp_chunk, b"WHAT", TEXT)


def make_box_cases(form: str) -> Iterator[Case]:
    yield form, "XMP", partial(carry, form, xmp=XMP)
    yield form, "ICC", partial(carry, form, icc_profile=ICC)
    for place, box in BOXES.items():
        yield form, place, partial(plant, form, add, box)


CASES: list[Case] = [
    *((form, "trailing bytes", partial(plant, form, add, TEXT)) for form in FORMS),
    *chain.from_iterable(make_exif_cases(form, EXIF_IN_WHOLE) for form in FORMS if "GIF" not in form),
    *make_exif_cases("JPEG", EXIF_BY_TAG),
    *chain(make_jpeg_cases("JPEG"), make_jpeg_cases("MPO")),
    ("JPEG", "between scans", partial(plant, "JPEG", insert_between_scans, b"\xff\xfe" + TEXT)),
    ("MPO", "second picture", partial(plant, "MPO", replace_last_picture, THUMBNAIL)),
    *chain(make_png_cases("PNG"), make_png_cases("APNG")),
    ("PNG", "behind the pixels", partial(plant, "PNG", insert_at, -12, make_png_chunk(b"IDAT", TEXT))),
    *chain(make_gif_cases("GIF"), make_gif_cases("moving GIF")),
    *chain(make_webp_cases("WEBP"), make_webp_cases("moving WEBP")),
    *chain(make_box_cases("AVIF"), make_box_cases("moving AVIF"), make_box_cases("HEIC")),
]


def find_place(data: bytes) -> list[bytes]:
    return [needle for needle in NEEDLES if needle in data]


def unpack(data: bytes) -> bytes:
    """The data, followed by what its compressed parts hold."""
    starts = (at for at in range(len(data)) if data.startswith(b"\x78\x9c", at))
    return data + b"".join(zlib.decompressobj().decompress(data[at:]) for at in starts)
