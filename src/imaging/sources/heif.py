"""The picture of an HEIF file taken apart: what its boxes tell of colours. Its metadata are hidden."""

from struct import error, unpack_from

from imaging.profiles import make_nclx_profile, read_peak_nits
from imaging.sources.source import Source
from shared.headers.boxes import Box, BoxReader
from shared.headers.heif import list_metadata, list_owned, read_exif

_KIND_BYTES = 4
_UNKNOWN = b"none"
_ICC_KINDS = (b"prof", b"rICC")


def read_source(data: bytes) -> Source:
    reader = BoxReader(data)
    meta = reader.find(b"meta")
    return Source(
        _hide_metadata(reader, meta),
        list_profiles(reader, list_owned(reader, meta)),
        read_exif(reader, meta),
    )


def _hide_metadata(reader: BoxReader, meta: Box) -> bytes:
    """Give such items a type that nobody knows, because decoders fail at damaged ones."""
    hidden = bytearray(reader.data)
    for _, at in list_metadata(reader, meta):
        hidden[at : at + len(_UNKNOWN)] = _UNKNOWN
    return bytes(hidden)


def list_profiles(reader: BoxReader, boxes: list[Box]) -> tuple[bytes, ...]:
    """List the profiles in the boxes of a picture. Those of the ICC count first."""
    contents = [(box.kind, reader.data[box.start : box.end]) for box in boxes]
    colours = [content for kind, content in contents if kind == b"colr"]
    others = dict(contents)
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
