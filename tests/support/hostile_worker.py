"""A decoder that an image has taken over: it sends whatever it likes, and tries to get out.

usage: python -m tests.support.hostile_worker NAME CONTROL_FD CPU_SECONDS MEMORY_BYTES
"""

import ctypes
import os
import pickle
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from imaging.frames import Channel
from imaging.worker import main
from shared.errors import UnacceptableImage

PR_GET_DUMPABLE = 3
MEGABYTE = 2**20
SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable


class Bomb:
    """Makes a file in the process that unpickles it. The image is the path of the file."""

    def __init__(self, channel: Channel) -> None:
        self._path = channel.receive(MEGABYTE).decode()

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (Path(self._path),)


def send_raw(channel: Channel, data: bytes) -> None:
    """Send bytes that are not a frame."""
    channel._connection.sendall(data)  # noqa: SLF001 - a hostile process knows no rules


def refuse(channel: Channel, detail: str) -> None:
    from imaging.reports import send_refusal  # noqa: PLC0415 - loaded already

    send_refusal(channel, UnacceptableImage(detail))


def send_pickle(channel: Channel) -> None:
    """As `multiprocessing` sends it."""
    pickled = pickle.dumps(Bomb(channel))
    send_raw(channel, len(pickled).to_bytes(4) + pickled)


def send_pickle_in_a_frame(channel: Channel) -> None:
    channel.send(pickle.dumps(Bomb(channel)))


def announce_too_much(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    send_raw(channel, (2**62).to_bytes(8) + b"x")


def send_without_end(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    with suppress(OSError):
        while True:
            send_raw(channel, b"x" * MEGABYTE)


def end_at_once(_: Channel) -> None:
    pass


def end_amid_a_frame(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    send_raw(channel, (100).to_bytes(8) + b"{")


def send_what_the_test_says(channel: Channel) -> None:
    """The image holds the frames to send, with blank lines between."""
    for frame in channel.receive(MEGABYTE).split(b"\n\n"):
        channel.send(frame)


def spin(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    while True:
        pass


def sleep(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    time.sleep(60)


def kill_itself(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    os.kill(os.getpid(), 9)


def kill_its_parent(channel: Channel) -> None:
    channel.receive(MEGABYTE)
    os.kill(os.getppid(), 9)
    time.sleep(60)


def grow(channel: Channel) -> None:
    """As large as the image says, in megabytes."""
    size = int(channel.receive(100)) * MEGABYTE
    try:
        refuse(channel, f"grew to {len(bytearray(size))}")
    except MemoryError:
        refuse(channel, "no memory")


def try_to_open(channel: Channel) -> None:
    """Report everything that can be opened, and the secret if it can be found."""
    opened = []
    attempts: dict[str, Callable[[], object]] = {
        "file to read": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "file to write": lambda: os.open("/tmp/hostile", os.O_WRONLY | os.O_CREAT),  # noqa: S108 - it must not work
        "environment of the parent": lambda: os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY),
        "internet socket": socket.socket,
        "local socket": lambda: socket.socket(socket.AF_UNIX),
        "pipe": os.pipe,
        "duplicate": lambda: os.dup(channel._connection.fileno()),  # noqa: SLF001 - same
    }
    for name, attempt in attempts.items():
        with suppress(OSError):
            attempt()
            opened.append(name)
    channel.receive(MEGABYTE)
    inherited = [number for number in range(256) if is_open(number)]
    has_secret = SECRET in os.environ
    refuse(channel, f"opened {opened}, {len(inherited)} inherited, secret: {has_secret}")


def tell_dumpable(channel: Channel) -> None:
    """Report the flag that this process has from its parent (prctl(2), PR_GET_DUMPABLE)."""
    channel.receive(MEGABYTE)
    refuse(channel, f"dumpable: {ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)}")


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[2:], globals()[sys.argv[1]])
