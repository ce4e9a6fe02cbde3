"""The edit list of an AVIF, which tells how often its sequence plays. Pillow does not."""

from shared.errors import UnacceptableImage
from shared.headers.avif import find_track
from shared.headers.boxes import BoxReader, Cursor

_REPEATS = 1
_WITHOUT_END = 0
_VERSION_SHIFT = 24


def read_plays(data: bytes) -> int:
    """Return how often the sequence plays, 0 for without end (AV1 Image File Format, section 5).

    It plays its edit list until the track ends. Browsers repeat a sequence without such a list for ever.
    """
    reader = BoxReader(data)
    track = find_track(reader)
    try:
        edits = Cursor(data, reader.find_in(track, b"edts", b"elst").start)
    except UnacceptableImage:
        return _WITHOUT_END
    has_long_parts, flags, _ = edits.read(1), edits.read(3), edits.read(4)
    part = edits.read(8 if has_long_parts else 4)
    if not flags & _REPEATS:
        return 1
    header = Cursor(data, reader.find_in(track, b"tkhd").start)
    number_bytes = 8 if header.read(4) >> _VERSION_SHIFT else 4
    header.take(2 * number_bytes + 8)  # when it was made and changed, and its id
    length = header.read(number_bytes)
    is_endless = length == 2 ** (8 * number_bytes) - 1
    return _WITHOUT_END if is_endless or not part else -(-length // part)
