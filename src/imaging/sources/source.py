"""A file taken apart: its pixels, and all that it says of them."""

from dataclasses import dataclass

MAX_ICC_PROFILE_BYTES = 4_000_000


@dataclass(frozen=True)
class Source:
    """`data` is what Pillow decodes. `profiles` tell its colours: the first one that fits is right."""

    data: bytes
    profiles: tuple[bytes, ...] = ()
    exif: bytes = b""
    transparent_shade: tuple[int, ...] = ()
    """The 16-bit samples of the pixels that are transparent, where Pillow cannot find them."""
