"""Pictures of each kind that a client may send, and how they are judged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.pictures import insert_jpeg_segments, make_picture

if TYPE_CHECKING:
    from hypothesis.vendor.pretty import RepresentationPrinter

COMMENT = b"\xff\xfe"


@dataclass(frozen=True)
class Picture:
    """Bytes, and how they are judged: at once by their header, later by their pixels."""

    name: str
    data: bytes
    content_type: str = "image/jpeg"
    is_accepted: bool = True
    is_sound: bool = True

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:
        printer.text(self.name)  # hypothesis would print all bytes


JPEG = make_picture()
FIRST = Picture("first", insert_jpeg_segments(JPEG, COMMENT + b"1"))
SECOND = Picture("second of the size of the first", insert_jpeg_segments(JPEG, COMMENT + b"2"))
SMALL = Picture("small", make_picture("PNG"), "image/png")
DAMAGED = Picture("damaged", FIRST.data[:-100], is_sound=False)
TEXT = Picture("text of the size of the first", b"x" * len(FIRST.data), is_accepted=False)
PICTURES = (FIRST, SECOND, SMALL, DAMAGED, TEXT)
