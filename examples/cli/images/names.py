"""The names of files that are downloaded. They come from other people, and no name may leave the folder."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

UNSAFE = '/\\:*?"<>|'
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\.|$)", re.IGNORECASE)
"""The names of devices on Windows."""
NAMED_AFTER_IMAGE = re.compile(r" [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.|$)", re.IGNORECASE)
MAX_NAME_BYTES = 255
MAX_SUFFIX_BYTES = 20


def choose_names(filename: str, image_id: str, taken: set[str]) -> list[str]:
    """Return the names that an image may have, the best one first. Each goes to one image alone.

    The last one holds the id. An image has no other one if its name belongs to an image before it, whatever
    the case and the Unicode form, or looks like the last one of another image.
    """
    name = _shorten(clean_name(filename) or image_id)
    last = _shorten(name, f" {image_id}")
    key = unicodedata.normalize("NFC", name).casefold()
    if key in taken or NAMED_AFTER_IMAGE.search(name):
        return [last]
    taken.add(key)
    return [name, last]


def clean_name(filename: str) -> str:
    """Return a name that any system takes, and none hides. It may be empty."""
    name = "".join("_" if sign in UNSAFE or not _is_visible(sign) else sign for sign in filename)
    name = name.strip(" .")
    return f"_{name}" if RESERVED.match(name) else name


def escape(text: str) -> str:
    """Return a text without signs that do something to a terminal, or that break a line or a column."""
    return "".join(
        sign if _is_visible(sign) else sign.encode("unicode_escape").decode("ascii") for sign in text
    )


def _is_visible(sign: str) -> bool:
    """Tell if it is a sign to see. Joiners are none, but belong to emoji and to letters of some scripts."""
    return sign.isprintable() or sign in "\u200c\u200d"


def _shorten(name: str, addition: str = "") -> str:
    """Put an addition in front of the suffix, and cut the stem to what a file system takes."""
    path = PurePath(name)
    suffix = path.suffix if len(path.suffix.encode()) <= MAX_SUFFIX_BYTES else ""
    stem = name.removesuffix(suffix).encode()
    room = MAX_NAME_BYTES - len(addition.encode()) - len(suffix.encode())
    if len(stem) > room:
        stem = stem[:room].rstrip(b" .")
    return stem.decode(errors="ignore") + addition + suffix
