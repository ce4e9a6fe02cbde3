"""A decoder that an image has taken over: it sends whatever it likes, and tries to get out.

usage: python -m tests.support.hostile_worker NAME CONTROL_FD CPU_SECONDS MEMORY_BYTES
"""

import ctypes
import errno
import os
import pickle
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread

from imaging.frames import Channel
from imaging.worker import main
from shared.errors import UnacceptableImage

PR_GET_DUMPABLE = 3
PTRACE_SEIZE = 0x4206
LIMITS = ("RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_FSIZE")
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


def spin_on(channel: Channel) -> None:
    """Ignore the signal that says that the time is over."""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    spin(channel)


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


def try_to_get_out(channel: Channel) -> None:
    """Report every attempt that succeeds. The image says which process is the function's."""
    function = int(channel.receive(100))
    inherited = sum(map(is_open, range(256)))
    ways = find_ways_out(channel, {"decoder": os.getppid(), "function": function})
    refuse(channel, f"got out by {ways}, {inherited} inherited")


def find_ways_out(channel: Channel, processes: Mapping[str, int]) -> list[str]:
    ways = []
    for name, attempt in make_attempts(channel, processes).items():
        with suppress(OSError, RuntimeError, ValueError):
            if attempt() is not False:
                ways.append(name)
    return ways


def make_attempts(channel: Channel, processes: Mapping[str, int]) -> dict[str, Callable[[], object]]:
    """Ways out. Each raises an error or returns False if it is closed."""
    attempts: dict[str, Callable[[], object]] = {
        "environment": lambda: SECRET in os.environ,
        "file to read": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "file to write": lambda: os.open("/tmp", os.O_WRONLY | os.O_TMPFILE),  # noqa: S108 - it must not work
        "file in memory": lambda: os.memfd_create("hostile"),
        "internet socket": socket.socket,
        "local socket": lambda: socket.socket(socket.AF_UNIX),
        "connection": lambda: socket.create_connection(("127.0.0.1", 80), timeout=1),
        "pipe": os.pipe,
        "duplicate": lambda: os.dup(channel._connection.fileno()),  # noqa: SLF001 - a hostile process knows no rules
        "process": start_process,
        "thread": Thread(target=bool).start,
        "root": lambda: os.setuid(0) if os.getuid() else False,
    }
    for name in LIMITS:
        attempts[f"wider {name}"] = partial(resource.setrlimit, getattr(resource, name), (1000, 1000))
    for name, process in processes.items():
        for file in ("environ", "mem", "maps", "fd"):
            attempts[f"{file} of {name}"] = partial(os.open, f"/proc/{process}/{file}", os.O_RDONLY)
        attempts[f"debugger of {name}"] = partial(attach, process)
        attempts[f"memory of {name}"] = partial(read_memory, process)
    return attempts


def start_process() -> None:
    if os.fork() == 0:
        os._exit(0)


def attach(process: int) -> bool:
    """As a debugger (ptrace(2))."""
    done: int = ctypes.CDLL(None).ptrace(PTRACE_SEIZE, process, None, None)
    return done == 0


def read_memory(process: int) -> bool:
    """Read anything of a process with process_vm_readv(2). Only the right to read counts, not the address."""
    place = ctypes.create_string_buffer(8)
    part = (ctypes.c_size_t * 2)(ctypes.addressof(place), 8)
    arguments = (ctypes.byref(part), ctypes.c_ulong(1))
    libc = ctypes.CDLL(None, use_errno=True)
    done: int = libc.process_vm_readv(process, *arguments, *arguments, ctypes.c_ulong(0))
    return done >= 0 or ctypes.get_errno() == errno.EFAULT


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


def receive_order(channel: Channel, behave: Callable[[Channel], None]) -> None:
    """Every behaviour is the same for all orders."""
    channel.receive(MEGABYTE)
    behave(channel)


if __name__ == "__main__":
    main(sys.argv[2:], partial(receive_order, behave=globals()[sys.argv[1]]))
