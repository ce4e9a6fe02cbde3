"""Files of the ISO base media file format, box by box."""

from __future__ import annotations

import struct


def make_box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def make_full_box(kind: bytes, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    return make_box(kind, struct.pack(">I", version << 24 | flags), *contents)


def make_size(width: int = 80, height: int = 40) -> bytes:
    return make_full_box(b"ispe", struct.pack(">II", width, height))


def make_meta(
    *properties: bytes,
    numbers: tuple[int, ...] = (1, 2, 3),
    is_long: bool = False,
    end: int = 0,
    items: int = 1,
) -> bytes:
    """An item whose properties are those of the numbers, and whose bytes end there."""
    item = struct.pack(">I" if is_long else ">H", 1)
    version, flags = (1, 1) if is_long else (0, 0)
    associations = struct.pack(f">{len(numbers)}{'H' if is_long else 'B'}", *numbers)
    location_item = item + (bytes(2) if is_long else b"") + bytes(2) + struct.pack(">HII", 1, 0, end)
    count = struct.pack(">I" if is_long else ">H", items)
    return make_full_box(
        b"meta",
        make_full_box(b"pitm", item, version=version),
        make_full_box(b"iloc", b"\x44\x00", count, location_item, version=2 if is_long else 0),
        make_box(
            b"iprp",
            make_box(b"ipco", *properties),
            make_full_box(
                b"ipma",
                struct.pack(">I", items) + item + bytes([len(numbers)]) + associations,
                version=version,
                flags=flags,
            ),
        ),
    )


def make_brands(major: bytes = b"avif", *others: bytes) -> bytes:
    return make_box(b"ftyp", major, bytes(4), *others)


def make_movie(  # noqa: PLR0913 - a track has so many tables
    *,
    sizes: tuple[int, ...] = (1, 1, 1),
    same_size: int = 0,
    chunks: tuple[int, ...] = (0,),
    runs: tuple[tuple[int, int], ...] = ((1, 3),),
    handler: bytes = b"pict",
    properties: bytes = b"",
    has_long_places: bool = False,
) -> bytes:
    """A track of 80 x 40 pixels. A run is its first chunk, and the samples in each of its chunks."""
    places = struct.pack(f">I{len(chunks)}{'Q' if has_long_places else 'I'}", len(chunks), *chunks)
    table = make_box(
        b"stbl",
        make_full_box(b"stsd", struct.pack(">I", 1), make_box(b"av01", bytes(78), properties)),
        make_full_box(
            b"stsc",
            struct.pack(">I", len(runs)),
            *(struct.pack(">III", first, samples, 1) for first, samples in runs),
        ),
        make_full_box(
            b"stsz",
            struct.pack(">II", same_size, len(sizes)),
            b"" if same_size else struct.pack(f">{len(sizes)}I", *sizes),
        ),
        make_full_box(b"co64" if has_long_places else b"stco", places),
    )
    return make_box(
        b"moov",
        make_box(
            b"trak",
            make_full_box(b"tkhd", bytes(72), struct.pack(">II", 80 << 16, 40 << 16)),
            make_box(
                b"mdia",
                make_full_box(b"hdlr", bytes(4), handler, bytes(13)),
                make_box(b"minf", table),
            ),
        ),
    )
