"""Names of files as clients send them, made harmless to show and to store."""

import re

MAX_FILENAME_CHARS = 255
MAX_EXTENSION_CHARS = 16

# Controls, line and paragraph separators, bidirectional marks and overrides, surrogates, the byte order mark.
# The joiners U+200C and U+200D stay: Persian and emoji are spelled with them.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]",
)


def clean_filename(name: str) -> str:
    """The last component of a path, without what could deceive a reader or a terminal.

    A name that is too long loses the end of its stem and keeps its extension. Empty when nothing remains.
    """
    base = _UNSAFE.sub("", name).replace("\\", "/").rpartition("/")[2].strip()
    return "" if base in {".", ".."} else _shorten(base)


def _shorten(base: str) -> str:
    if len(base) <= MAX_FILENAME_CHARS:
        return base
    stem, dot, extension = base.rpartition(".")
    suffix = dot + extension if stem and len(extension) <= MAX_EXTENSION_CHARS else ""
    return base[: MAX_FILENAME_CHARS - len(suffix)].rstrip() + suffix


def make_default_filename(content_type: str) -> str:
    return f"image.{content_type.removeprefix('image/')}"
