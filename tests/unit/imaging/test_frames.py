from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from imaging.frames import LENGTH_BYTES, Channel, ChannelClosed, FrameTooLong

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_frames_arrive_in_order_and_as_they_were_sent(sockets: tuple[socket.socket, socket.socket]) -> None:
    here, there = map(Channel, sockets)
    for payload in (b"", b"a", b"b" * 50_000):
        here.send(payload)
    assert [there.receive(50_000) for _ in range(3)] == [b"", b"a", b"b" * 50_000]


def test_frame_of_the_longest_allowed_length_passes(sockets: tuple[socket.socket, socket.socket]) -> None:
    here, there = map(Channel, sockets)
    here.send(b"abc")
    assert there.receive(3) == b"abc"


@pytest.mark.parametrize("length", [4, 2**63])
def test_frame_that_is_too_long_is_refused_before_it_is_read(
    sockets: tuple[socket.socket, socket.socket], length: int
) -> None:
    here, there = sockets
    here.sendall(length.to_bytes(LENGTH_BYTES))
    with pytest.raises(FrameTooLong, match=f"{length} bytes; at most 3"):
        Channel(there, seconds=1).receive(3)


@pytest.mark.parametrize("sent", [b"", b"\0" * (LENGTH_BYTES - 1), (2).to_bytes(LENGTH_BYTES) + b"a"])
def test_other_side_that_ends_within_a_frame_is_closed(
    sockets: tuple[socket.socket, socket.socket], sent: bytes
) -> None:
    here, there = sockets
    here.sendall(sent)
    here.close()
    with pytest.raises(ChannelClosed):
        Channel(there).receive(10)


@pytest.mark.parametrize("seconds", [0.01, 0])
def test_wait_for_a_frame_ends(sockets: tuple[socket.socket, socket.socket], seconds: float) -> None:
    with pytest.raises(TimeoutError):
        Channel(sockets[1], seconds=seconds).receive(10)
