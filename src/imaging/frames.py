"""Frames on a socket: the length of a payload in 8 bytes, then the payload."""

import socket
import time

LENGTH_BYTES = 8
CHUNK_BYTES = 1 << 20


class ChannelClosed(Exception):
    """The other side has ended."""


class FrameTooLong(Exception):
    """The other side announced a frame that is longer than allowed."""


class Channel:
    """Sends and receives frames. After `seconds` it raises TimeoutError."""

    def __init__(self, connection: socket.socket, *, seconds: float | None = None) -> None:
        self._connection = connection
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def send(self, payload: bytes) -> None:
        self._limit_wait()
        self._connection.sendall(len(payload).to_bytes(LENGTH_BYTES))
        self._connection.sendall(payload)

    def receive(self, max_bytes: int) -> bytes:
        """Receive a frame. Raises ChannelClosed or FrameTooLong."""
        length = int.from_bytes(self._receive_exactly(LENGTH_BYTES))
        if length > max_bytes:
            raise FrameTooLong(f"{length} bytes; at most {max_bytes} are allowed")
        return self._receive_exactly(length)

    def _receive_exactly(self, length: int) -> bytes:
        payload = bytearray(length)
        view = memoryview(payload)
        position = 0
        while position < length:
            self._limit_wait()
            received = self._connection.recv_into(view[position : position + CHUNK_BYTES])
            if not received:
                raise ChannelClosed
            position += received
        view.release()
        return bytes(payload)

    def _limit_wait(self) -> None:
        if self._deadline is None:
            return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
