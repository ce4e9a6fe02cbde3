"""The edit lists of sequences."""

import struct

import pytest

from imaging.animations.avif import read_plays
from tests.support.pictures import make_animation

ENDLESS = 2**64 - 1


def make_sequence(*, flags: int = 1, length: int = ENDLESS, part: int = 300) -> bytes:
    """Write another edit list, and another length of the track, into a file of libavif."""
    data = bytearray(make_animation("AVIF"))
    header, edits = data.index(b"tkhd") + 4, data.index(b"elst") + 4
    assert (data[header], data[edits]) == (1, 1)
    struct.pack_into(">Q", data, header + 28, length)
    data[edits + 3] = flags
    struct.pack_into(">Q", data, edits + 8, part)
    return bytes(data)


@pytest.mark.parametrize(
    ("fields", "plays"),
    [
        ({}, 0),
        ({"flags": 0}, 1),
        ({"length": 300}, 1),
        ({"length": 900}, 3),
        ({"length": 901}, 4),
        ({"part": 0, "length": 900}, 0),
    ],
)
def test_edit_list_is_played_until_the_track_ends(fields: dict[str, int], plays: int) -> None:
    assert read_plays(make_sequence(**fields)) == plays


def test_sequence_without_an_edit_list_plays_for_ever() -> None:
    assert read_plays(make_sequence(flags=0).replace(b"elst", b"free")) == 0


def test_lengths_of_32_bits_are_read() -> None:
    data = bytearray(make_sequence())
    header, edits = data.index(b"tkhd") + 4, data.index(b"elst") + 4
    data[header] = data[edits] = 0
    struct.pack_into(">I", data, edits + 8, 100)
    struct.pack_into(">I", data, header + 20, 400)
    assert read_plays(bytes(data)) == 4
    struct.pack_into(">I", data, header + 20, 2**32 - 1)
    assert read_plays(bytes(data)) == 0
