"""An AVIF taken apart: what its boxes tell of colours. Its metadata are hidden, and nothing is moved."""

from struct import error, unpack_from

from imaging.profiles import make_nclx_profile, read_peak_nits
from imaging.sources.source import Source
from shared.headers.avif import is_sequence, list_properties
from shared.headers.boxes import Box, BoxReader
from shared.headers.heif import list_metadata, read_exif

_KIND_BYTES = 4
_UNKNOWN = b"none"
_ICC_KINDS = (b"prof", b"rICC")


def read_source(data: bytes) -> Source:
    reader = BoxReader(data)
    profiles = list_profiles([(box.kind, data[box.start : box.end]) for box in list_properties(reader)])
    if is_sequence(reader):
        return Source(data, profiles)
    meta = reader.find(b"meta")
    return Source(_hide_metadata(reader, meta), profiles, read_exif(reader, meta))


def _hide_metadata(reader: BoxReader, meta: Box) -> bytes:
    """Give such items a type that nobody knows, because libavif fails at damaged ones."""
    hidden = bytearray(reader.data)
    for _, at in list_metadata(reader, meta):
        hidden[at : at + len(_UNKNOWN)] = _UNKNOWN
    return bytes(hidden)


def list_profiles(properties: list[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    """List the profiles in boxes, given by their kinds and contents. Those of the ICC count first."""
    colours = [content for kind, content in properties if kind == b"colr"]
    others = dict(properties)
    peak_nits = read_peak_nits(others.get(b"clli", b""), 1, others.get(b"mdcv", b""))
    embedded = [content[_KIND_BYTES:] for content in colours if content.startswith(_ICC_KINDS)]
    coded = [_read_codes(content, peak_nits) for content in colours if content.startswith(b"nclx")]
    return (*embedded, *filter(None, coded))


def _read_codes(content: bytes, peak_nits: float) -> bytes | None:
    try:
        primaries, transfer = unpack_from(">HH", content, _KIND_BYTES)
    except error:
        return None
    return make_nclx_profile(primaries, transfer, peak_nits)
