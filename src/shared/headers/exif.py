"""The orientation in a block of EXIF, which is a small TIFF file."""

from struct import Struct, error, unpack_from

PREFIX = b"Exif\0\0"
ORIENTATIONS = range(1, 9)

_TAG = 0x0112
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_VERSIONS = (b"\x2a\0", b"\0\x2a")
_INTEGERS = {3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 13: "L", 16: "Q"}
"""The types of TIFF whose values are integers, as `struct` names them."""
_INLINE_BYTES = 4


def read_orientation(block: bytes) -> int | None:
    """Return None if there is none that makes sense. A damaged block harms no picture."""
    for _ in range(2):  # some programs write the prefix twice
        block = block.removeprefix(PREFIX)
    order = _BYTE_ORDERS.get(block[:2])
    if order is None or block[2:4] not in _VERSIONS:
        return None
    try:
        orientation = _find_orientation(block, order)
    except error:
        return None
    return orientation if orientation in ORIENTATIONS else None


def _find_orientation(block: bytes, order: str) -> int | None:
    (directory,) = unpack_from(f"{order}L", block, 4)
    (entries,) = unpack_from(f"{order}H", block, directory)
    entry = Struct(f"{order}HHL4s")
    for number in range(entries):
        tag, kind, count, value = entry.unpack_from(block, directory + 2 + number * entry.size)
        if tag == _TAG and kind in _INTEGERS and count:
            return _read_first(block, Struct(order + _INTEGERS[kind]), count, value)
    return None


def _read_first(block: bytes, integer: Struct, count: int, value: bytes) -> int | None:
    """Return the first of some integers, which stand in the entry or where it points."""
    size = count * integer.size
    if size <= _INLINE_BYTES:
        return int(integer.unpack_from(value)[0])
    at = int.from_bytes(value, "little" if integer.format.startswith("<") else "big")
    return int(integer.unpack_from(block, at)[0]) if at + size <= len(block) else None
