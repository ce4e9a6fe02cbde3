"""Boxes of the ISO base media file format (ISO 14496-12). AVIF and HEIC files consist of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from shared.errors import UnsupportedImage
from shared.headers.header import DamagedImage

MAX_BOXES = 10_000

_HEAD_BYTES, _LONG_HEAD_BYTES = 8, 16
_LONG, _TO_THE_END = 1, 0


@dataclass(frozen=True, slots=True)
class Box:
    """The kind of a box, and where its content starts and ends in the file."""

    kind: bytes
    start: int
    end: int


class BoxReader:
    """Reads the boxes of one file, and refuses a file with too many of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.file = Box(b"", 0, len(data))
        self._boxes_left = MAX_BOXES

    def find(self, *path: bytes) -> Box:
        """Return the first box of a path that begins at the file. Raises DamagedImage."""
        return self.find_in(self.file, *path)

    def find_in(self, parent: Box, *path: bytes, skip: int = 0) -> Box:
        """Return the first box of a path that begins in a box. Raises DamagedImage."""
        box = parent
        for kind in path:
            found = next((child for child in self.walk(box, skip) if child.kind == kind), None)
            if found is None:
                raise DamagedImage
            box, skip = found, 0
        return box

    def walk(self, parent: Box, skip: int = 0) -> Iterator[Box]:
        """Yield the boxes in a box, behind so many bytes of its own."""
        position = parent.start + skip
        while position < parent.end:
            self._boxes_left -= 1
            if self._boxes_left < 0:
                raise UnsupportedImage(f"The image has more than {MAX_BOXES:,} boxes.")
            length, kind = unpack_from(">I4s", self.data, position)
            start = position + _HEAD_BYTES
            if length == _LONG:
                (length,) = unpack_from(">Q", self.data, start)
                start = position + _LONG_HEAD_BYTES
            end = parent.end if length == _TO_THE_END else position + length
            if end < start or end > parent.end:
                raise DamagedImage
            yield Box(kind, start, end)
            position = end


class Cursor:
    """Reads numbers of any size, one after the other."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def read(self, size: int) -> int:
        """Read a number of so many bytes. It is 0 if it has none."""
        number = self.take(size)
        return int.from_bytes(number)

    def take(self, size: int) -> bytes:
        taken = self._data[self._position : self._position + size]
        if len(taken) < size:
            raise DamagedImage
        self._position += size
        return taken
