"""The header of an AVIF: one picture, or a track with a sequence of them."""

from struct import unpack_from

from shared.headers.boxes import Box, BoxReader
from shared.headers.header import DamagedImage, Header, require_few_frames
from shared.headers.heif import read_item, read_orientation

_VERSION_BYTES = 4
_HANDLER = 8
"""Where a `hdlr` box names what its track holds."""
_ENTRIES = 8
"""Where the entries of most boxes of a track begin: behind the version and their number."""
_VISUAL_ENTRY_BYTES = 78
_SIDES_BYTES, _FRACTION_BITS = 8, 16
_SAMPLES = (b"mdia", b"minf", b"stbl")


def read_header(data: bytes) -> Header:
    reader = BoxReader(data)
    return _read_track(reader, find_track(reader)) if is_sequence(reader) else read_item(reader)


def list_properties(reader: BoxReader) -> list[Box]:
    """List the boxes that describe the pictures of a sequence."""
    return _list_properties(reader, reader.find_in(find_track(reader), *_SAMPLES))


def is_sequence(reader: BoxReader) -> bool:
    brands = reader.find(b"ftyp")
    major, others = reader.data[brands.start : brands.start + 4], reader.data[brands.start + 8 : brands.end]
    return major == b"avis" or (major != b"avif" and b"avis" in others)


def find_track(reader: BoxReader) -> Box:
    for track in reader.walk(reader.find(b"moov")):
        if track.kind == b"trak" and _get_handler(reader, track) == b"pict":
            return track
    raise DamagedImage


def _get_handler(reader: BoxReader, track: Box) -> bytes:
    start = reader.find_in(track, b"mdia", b"hdlr").start + _HANDLER
    return reader.data[start : start + 4]


def _read_track(reader: BoxReader, track: Box) -> Header:
    sides = reader.find_in(track, b"tkhd").end - _SIDES_BYTES
    width, height = unpack_from(">II", reader.data, sides)
    samples = reader.find_in(track, *_SAMPLES)
    return Header(
        width >> _FRACTION_BITS,
        height >> _FRACTION_BITS,
        _count_samples(reader, samples),
        read_orientation(reader, _list_properties(reader, samples)),
    )


def _list_properties(reader: BoxReader, samples: Box) -> list[Box]:
    entry = reader.find_in(reader.find_in(samples, b"stsd"), b"av01", skip=_ENTRIES)
    return [*reader.walk(entry, skip=_VISUAL_ENTRY_BYTES)]


def _count_samples(reader: BoxReader, table: Box) -> int:
    """Count the samples of all chunks, which must lie in the file."""
    sizes = _read_sizes(reader, table)
    runs = _read_runs(reader, table)
    samples = run = 0
    for number, start in enumerate(_read_chunks(reader, table), 1):
        while run + 1 < len(runs) and runs[run + 1][0] <= number:
            run += 1
        first, end = samples, samples + runs[run][1]
        require_few_frames(end)
        if isinstance(sizes, int):
            length = sizes * (end - first)
        elif end <= len(sizes):
            length = sum(sizes[first:end])
        else:
            raise DamagedImage
        if start + length > len(reader.data):
            raise DamagedImage
        samples = end
    return samples


def _read_sizes(reader: BoxReader, table: Box) -> int | tuple[int, ...]:
    """Return the size of every sample, or the one that all of them have."""
    start = reader.find_in(table, b"stsz").start + _VERSION_BYTES
    size, count = unpack_from(">II", reader.data, start)
    require_few_frames(count)
    return size or unpack_from(f">{count}I", reader.data, start + 8)


def _read_chunks(reader: BoxReader, table: Box) -> tuple[int, ...]:
    """Return where the chunks start."""
    box = next((box for box in reader.walk(table) if box.kind in {b"stco", b"co64"}), None)
    if box is None:
        raise DamagedImage
    count = _read_count(reader, box)
    return unpack_from(f">{count}{'I' if box.kind == b'stco' else 'Q'}", reader.data, box.start + _ENTRIES)


def _read_runs(reader: BoxReader, table: Box) -> list[tuple[int, int]]:
    """Return the first chunk of each run, and how many samples each of its chunks holds."""
    box = reader.find_in(table, b"stsc")
    count = _read_count(reader, box)
    if not count:
        raise DamagedImage
    numbers = unpack_from(f">{3 * count}I", reader.data, box.start + _ENTRIES)
    return list(zip(numbers[::3], numbers[1::3], strict=True))


def _read_count(reader: BoxReader, box: Box) -> int:
    count: int
    (count,) = unpack_from(">I", reader.data, box.start + _VERSION_BYTES)
    require_few_frames(count)
    return count
