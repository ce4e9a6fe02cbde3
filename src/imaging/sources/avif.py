"""An AVIF taken apart: its picture, or a track with a sequence of them."""

from imaging.sources import heif
from imaging.sources.source import Source
from shared.headers.avif import is_sequence, list_properties
from shared.headers.boxes import BoxReader


def read_source(data: bytes) -> Source:
    reader = BoxReader(data)
    if is_sequence(reader):
        return Source(data, heif.list_profiles(reader, list_properties(reader)))
    return heif.read_source(data)
