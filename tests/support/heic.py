"""HEIC files of several items, as phones write them: encoders do not make all that their files hold."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.headers.boxes import BoxReader
from tests.support.boxes import make_box, make_brands, make_full_box, make_size
from tests.support.pictures import encode

if TYPE_CHECKING:
    from PIL import Image

VERSION_BYTES = 4
ALPHA = b"urn:mpeg:hevc:2015:auxid:1\0"
GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap\0"


@dataclass(frozen=True)
class Item:
    """An item, its properties, and to which items it refers, by the kind of the reference."""

    kind: bytes
    data: bytes
    properties: tuple[bytes, ...] = ()
    references: dict[bytes, tuple[int, ...]] = field(default_factory=dict)


def make_picture_item(image: Image.Image, *properties: bytes, **references: tuple[int, ...]) -> Item:
    """A picture in HEVC. Its sides must be multiples of 64."""
    data = encode(image, "HEIC")
    reader = BoxReader(data)
    meta = reader.find(b"meta")
    parts = reader.find_in(reader.find_in(meta, b"iprp", skip=VERSION_BYTES), b"ipco")
    codec = reader.find_in(parts, b"hvcC")
    pixels = reader.find(b"mdat")
    return Item(
        b"hvc1",
        data[pixels.start : pixels.end],
        (make_box(b"hvcC", data[codec.start : codec.end]), make_size(*image.size), *properties),
        {name.encode(): numbers for name, numbers in references.items()},
    )


def make_auxiliary(kind: bytes) -> bytes:
    return make_full_box(b"auxC", kind)


def make_heic(
    *items: Item, primary: int = 1, brands: tuple[bytes, ...] = (b"heic", b"mif1", b"heic")
) -> bytes:
    """A file of items that are numbered from 1."""
    front = make_brands(*brands)
    length = len(front) + len(_make_meta(items, primary, 0))
    return front + _make_meta(items, primary, length + 8) + make_box(b"mdat", *(item.data for item in items))


def _make_meta(items: tuple[Item, ...], primary: int, start: int) -> bytes:
    places = infos = associations = references = b""
    properties: list[bytes] = []
    for number, item in enumerate(items, 1):
        places += struct.pack(">HHHII", number, 0, 1, start, len(item.data))
        start += len(item.data)
        infos += make_full_box(b"infe", struct.pack(">HH4sx", number, 0, item.kind), version=2)
        numbers = range(len(properties) + 1, len(properties) + 1 + len(item.properties))
        associations += struct.pack(">HB", number, len(numbers)) + bytes(numbers)
        properties += item.properties
        for kind, others in item.references.items():
            references += make_box(kind, struct.pack(f">HH{len(others)}H", number, len(others), *others))
    count = struct.pack(">H", len(items))
    return make_full_box(
        b"meta",
        make_full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
        make_full_box(b"pitm", struct.pack(">H", primary)),
        make_full_box(b"iloc", b"\x44\x00", count, places),
        make_full_box(b"iinf", count, infos),
        make_full_box(b"iref", references),
        make_box(
            b"iprp",
            make_box(b"ipco", *properties),
            make_full_box(b"ipma", struct.pack(">I", len(items)), associations),
        ),
    )
