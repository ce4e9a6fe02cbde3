"""The picture of an HEIF file (ISO 23008-12): its size, how it is turned, and if its bytes are there."""

from collections.abc import Iterator
from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.boxes import Box, BoxReader, Cursor
from shared.headers.header import DamagedImage, Header

MAX_EXIF_BYTES = 1_000_000
MAX_ITEMS = 10_000
"""The bound of items, and of the parts that they consist of."""

_VERSION_BYTES = 4
"""Some boxes begin with a version in one byte, and flags in three."""
_PLAIN, _MIRRORED = (None, 8, 3, 6), ((4, 5, 2, 7), (2, 7, 4, 5))
"""Orientations of EXIF by the quarter turns against the clock, without and with each of two mirrors."""
_METADATA, _LONG_NUMBERS = (b"Exif", b"mime"), 3
"""The types of items that show nothing, and the version in which numbers of items are long."""
_EXIF_HEAD_BYTES = 4
_IN_THE_FILE = 0
"""Where the bytes of an item may be: in the file, or in a box."""


def read_item(reader: BoxReader) -> Header:
    """Read the header of the primary item."""
    properties = list_properties(reader)
    width, height = read_size(reader, properties)
    return Header(width, height, orientation=read_orientation(reader, properties))


def list_properties(reader: BoxReader) -> list[Box]:
    """List the properties of the primary item, in the order in which they apply."""
    meta = reader.find(b"meta")
    owned = list_owned(reader, meta)
    _require_bytes(reader, meta)
    return owned


def read_size(reader: BoxReader, properties: list[Box]) -> tuple[int, int]:
    """Return the width and the height of the picture as it is stored."""
    size = next((box for box in properties if box.kind == b"ispe"), None)
    if size is None:
        raise DamagedImage
    width, height = unpack_from(">II", reader.data, size.start + _VERSION_BYTES)
    return width, height


def list_owned(reader: BoxReader, meta: Box) -> list[Box]:
    """List the properties of the primary item."""
    primary = _read_primary(reader, meta)
    properties = reader.find_in(meta, b"iprp", skip=_VERSION_BYTES)
    boxes = [*reader.walk(reader.find_in(properties, b"ipco"))]
    numbers = _list_numbers(reader, properties, primary)
    return [boxes[number - 1] for number in numbers if 0 < number <= len(boxes)]


def read_orientation(reader: BoxReader, properties: list[Box]) -> int | None:
    """Return the orientation that properties ask for. That of EXIF does not count here."""
    turns, mirror = 0, None
    for box in properties:
        if box.kind == b"irot":
            turns = reader.data[box.start] & 3
        elif box.kind == b"imir":
            mirror = reader.data[box.start] & 1
    return _PLAIN[turns] if mirror is None else _MIRRORED[mirror][turns]


def _read_primary(reader: BoxReader, meta: Box) -> int:
    cursor = Cursor(reader.data, reader.find_in(meta, b"pitm", skip=_VERSION_BYTES).start)
    version, _ = cursor.read(1), cursor.read(3)
    return cursor.read(4 if version else 2)


def _list_numbers(reader: BoxReader, properties: Box, item: int) -> list[int]:
    """List the numbers of the properties of an item. They count from 1."""
    for box in reader.walk(properties):
        if box.kind == b"ipma":
            numbers = _find_associations(reader.data, box, item)
            if numbers is not None:
                return numbers
    raise DamagedImage


def _find_associations(data: bytes, box: Box, item: int) -> list[int] | None:
    cursor = Cursor(data, box.start)
    version, flags = cursor.read(1), cursor.read(3)
    number_bytes = 2 if flags & 1 else 1
    without_mark = 2 ** (8 * number_bytes - 1) - 1  # the first bit says that a reader must know the property
    for _ in range(_require_few(cursor.read(4))):
        owner, count = cursor.read(4 if version else 2), cursor.read(1)
        numbers = cursor.take(count * number_bytes)
        if owner == item:
            found = unpack_from(f">{count}{'H' if flags & 1 else 'B'}", numbers)
            return [number & without_mark for number in found]
    return None


def list_metadata(reader: BoxReader, meta: Box) -> list[tuple[int, int]]:
    """List the items that hold EXIF or XMP: the number of each, and where its type stands."""
    items: list[tuple[int, int]] = []
    for box in reader.walk(meta, _VERSION_BYTES):
        if box.kind == b"iinf":
            count_bytes = 4 if reader.data[box.start] else 2
            for entry in reader.walk(box, _VERSION_BYTES + count_bytes):
                cursor = Cursor(reader.data, entry.start)
                version, _ = cursor.read(1), cursor.read(3)
                number_bytes = 2 if version < _LONG_NUMBERS else 4
                number, _ = cursor.read(number_bytes), cursor.read(2)
                if cursor.take(4) in _METADATA:
                    items.append((number, entry.start + _VERSION_BYTES + number_bytes + 2))
    return items


def read_exif(reader: BoxReader, meta: Box) -> bytes:
    """Read the EXIF block. It is empty if there is none that makes sense."""
    numbers = [number for number, at in list_metadata(reader, meta) if reader.data[at : at + 4] == b"Exif"]
    content = bytearray()
    for item, place, start, end in _walk_parts(reader, meta):
        if item in numbers[:1] and place == _IN_THE_FILE:
            content += reader.data[start : min(end, start + MAX_EXIF_BYTES - len(content))]
    skipped = _EXIF_HEAD_BYTES + int.from_bytes(content[:_EXIF_HEAD_BYTES])
    return bytes(content[skipped:] or content[_EXIF_HEAD_BYTES:])


def _require_bytes(reader: BoxReader, meta: Box) -> None:
    """Raise DamagedImage if a part of the picture lies behind the end of the file."""
    metadata = {number for number, _ in list_metadata(reader, meta)}
    for item, place, _, end in _walk_parts(reader, meta):
        if place == _IN_THE_FILE and end > len(reader.data) and item not in metadata:
            raise DamagedImage


def _walk_parts(reader: BoxReader, meta: Box) -> Iterator[tuple[int, int, int, int]]:
    """Yield the item and the place of each part of an item, and where it starts and ends there."""
    cursor = Cursor(reader.data, reader.find_in(meta, b"iloc", skip=_VERSION_BYTES).start)
    version, _, sizes = cursor.read(1), cursor.read(3), cursor.read(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    has_long_items, has_places = version > 1, version > 0
    parts = 0
    for _ in range(_require_few(cursor.read(4 if has_long_items else 2))):
        item = cursor.read(4 if has_long_items else 2)
        place = cursor.read(2) if has_places else _IN_THE_FILE
        cursor.read(2)
        base = cursor.read(base_bytes)
        extents = cursor.read(2)
        parts = _require_few(parts + extents)
        for _ in range(extents):
            cursor.read(index_bytes if has_places else 0)
            start = base + cursor.read(offset_bytes)
            yield item, place, start, start + cursor.read(length_bytes)


def _require_few(items: int) -> int:
    if items > MAX_ITEMS:
        raise UnsupportedImage(f"The image has more than {MAX_ITEMS:,} items.")
    return items
