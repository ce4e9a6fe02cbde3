"""A PNG taken apart: what tells its colours, in the order of its third edition (W3C, 4.3)."""

import zlib
from collections.abc import Iterator
from struct import pack, unpack, unpack_from
from zlib import crc32, decompressobj

from imaging.profiles import MASTERING_UNIT, make_coded_profile, make_gamma_profile, read_peak_nits
from imaging.sources.source import MAX_ICC_PROFILE_BYTES, Source
from shared.headers.png import PIXELS, SIGNATURE, walk_chunks

_SRGB_GAMMA, _SRGB_GAMMA_TOLERANCE = 2.2, 0.05
"""Alone, a gamma near this one stands for sRGB."""
_UNIT = 100_000
_BITS_AT = 8
_RGB, _FULL_RANGE = 0, 1
_DEEP_BITS = 16
_SAMPLES = {0: 1, 2: 3}
"""How many numbers tell the shade that is transparent, by the type of colour."""


def read_source(data: bytes) -> Source:
    chunks: dict[bytes, bytes] = {}
    pixels: list[memoryview] = []
    view = memoryview(data)
    for kind, start, end in walk_chunks(data):
        if kind == PIXELS:
            pixels.append(view[start - 8 : end + 4])
        else:
            chunks.setdefault(kind, data[start:end])
    needed: dict[bytes, bytes] = {kind: chunks[kind] for kind in (b"IHDR", b"PLTE") if kind in chunks}
    bits, colour = unpack_from(">BB", chunks[b"IHDR"], _BITS_AT)
    shade: tuple[int, ...] = ()
    if b"tRNS" in chunks and colour in _SAMPLES:
        shade = _read_shade(chunks[b"tRNS"], bits, _SAMPLES[colour])
        if shade and bits < _DEEP_BITS:
            needed[b"tRNS"] = pack(f">{len(shade)}H", *(sample * 255 // (2**bits - 1) for sample in shade))
            shade = ()
    elif b"tRNS" in chunks:
        needed[b"tRNS"] = chunks[b"tRNS"]
    packed = [pack_chunk(kind, content) for kind, content in needed.items()]
    file = b"".join([SIGNATURE, *packed, *pixels, pack_chunk(b"IEND", b"")])
    return Source(file, tuple(_list_profiles(chunks)), chunks.get(b"eXIf", b""), shade)


def pack_chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))


def _read_shade(content: bytes, bits: int, samples: int) -> tuple[int, ...]:
    if len(content) < 2 * samples:
        return ()
    return tuple(sample & 2**bits - 1 for sample in unpack_from(f">{samples}H", content))


def _list_profiles(chunks: dict[bytes, bytes]) -> Iterator[bytes]:
    """List profiles in the order in which they count. Nothing counts behind sRGB, which needs none."""
    coded = _read_codes(
        chunks.get(b"cICP", b""),
        read_peak_nits(chunks.get(b"cLLI", b""), MASTERING_UNIT, chunks.get(b"mDCV", b"")),
    )
    if coded:
        yield coded
    embedded = _read_icc(chunks.get(b"iCCP", b""))
    if embedded:
        yield embedded
    measured = _read_gamma(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))
    if measured and not chunks.get(b"sRGB"):
        yield measured


def _read_codes(content: bytes, peak_nits: float) -> bytes | None:
    match tuple(content):
        case (primaries, transfer, matrix, span) if (matrix, span) == (_RGB, _FULL_RANGE):
            return make_coded_profile(primaries, transfer, peak_nits)
    return None


def _read_icc(content: bytes) -> bytes | None:
    _, _, compressed = content.partition(b"\0")
    if compressed[:1] != b"\0":
        return None
    try:
        return decompressobj().decompress(compressed[1:], MAX_ICC_PROFILE_BYTES)
    except zlib.error:
        return None


def _read_gamma(content: bytes, chromaticities: bytes) -> bytes | None:
    """Browsers take primaries only together with a gamma."""
    encoded = int.from_bytes(content)
    if len(content) != 4 or not encoded:  # noqa: PLR2004 - the size of a number
        return None
    gamma = _UNIT / encoded
    if len(chromaticities) == 32:  # noqa: PLR2004 - eight numbers
        return make_gamma_profile(gamma, [part / _UNIT for part in unpack(">8I", chromaticities)])
    is_srgb = abs(_SRGB_GAMMA / gamma - 1) <= _SRGB_GAMMA_TOLERANCE
    return None if is_srgb else make_gamma_profile(gamma)
