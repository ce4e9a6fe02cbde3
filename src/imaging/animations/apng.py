"""The parts of an animated PNG (PNG, third edition, section 11.3.6)."""

from collections.abc import Iterator
from struct import pack, unpack_from

from imaging.animations.parts import Disposal, Part
from imaging.sources.png import pack_chunk
from shared.headers.header import DamagedImage
from shared.headers.png import MAX_CHUNKS, PIXELS, SIGNATURE, read_chunk, walk_chunks

_CRC_BYTES = 4
_FRAME_NUMBER_BYTES = 4
_SIZE_BYTES = 8
_CONTROL_BYTES = 26
_DEFAULT_DIVISOR = 100
_DISPOSALS = {1: Disposal.CLEAR, 2: Disposal.RESTORE}
_NEEDED = (b"PLTE", b"tRNS")
"""The chunks that the pixels of every frame depend on. The colours are told once, by the file."""


def read_plays(data: bytes) -> int:
    """Return how often the animation plays, 0 for without end."""
    return next(int.from_bytes(content[4:8]) for kind, content in _walk_all(data) if kind == b"acTL")


def read_parts(data: bytes) -> Iterator[Part]:
    """The pixels of a picture that stands in front of the first frame are left out."""
    header, needed = b"", b""
    control: bytes | None = None
    pixels: list[bytes] = []
    for kind, content in _walk_all(data):
        match kind:
            case b"IHDR":
                header = content
            case _ if kind in _NEEDED:
                needed += pack_chunk(kind, content)
            case b"fcTL":
                if control:
                    yield _make_part(header, needed, control, pixels)
                control, pixels = content, []
            case _ if kind == PIXELS:
                pixels.append(content)
            case b"fdAT":
                pixels.append(content[_FRAME_NUMBER_BYTES:])
    if control:
        yield _make_part(header, needed, control, pixels)


def _walk_all(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kinds and the contents of all chunks."""
    end = 0
    for kind, start, end in walk_chunks(data):
        yield kind, data[start:end]
    for _ in range(MAX_CHUNKS):
        kind, start, end = read_chunk(data, end + _CRC_BYTES)
        if kind == b"IEND" or end > len(data):
            return
        yield kind, data[start:end]


def _make_part(header: bytes, needed: bytes, control: bytes, pixels: list[bytes]) -> Part:
    if len(control) != _CONTROL_BYTES:
        raise DamagedImage
    width, height, left, top, time, divisor, disposal, blending = unpack_from(">IIIIHHBB", control, 4)
    canvas_width, canvas_height = unpack_from(">II", header)
    if left + width > canvas_width or top + height > canvas_height:
        raise DamagedImage
    still = b"".join(
        [
            SIGNATURE,
            pack_chunk(b"IHDR", pack(">II", width, height) + header[_SIZE_BYTES:]),
            needed,
            pack_chunk(PIXELS, b"".join(pixels)),
            pack_chunk(b"IEND", b""),
        ]
    )
    milliseconds = round(1000 * time / (divisor or _DEFAULT_DIVISOR))
    return Part(still, left, top, milliseconds, _DISPOSALS.get(disposal, Disposal.KEEP), blends=blending == 1)
