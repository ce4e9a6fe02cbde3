"""Other programs that make variants of an original, and the processor time that they take.

They encode with the effort that they have by default, and libvips writes JPEG as thumbor and the service do.
They need an environment of their own: `python3 -m venv ENV`, then
`ENV/bin/pip install thumbor 'pyvips[binary]'`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.variants import Variant

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30
STATS_BEFORE_TIMES = 11
"""Fields of /proc/PID/stat between the name of a process and its times (proc(5))."""

LIBVIPS = """
import sys, pyvips
original = sys.stdin.buffer.read(int(sys.stdin.buffer.readline()))
for line in sys.stdin.buffer:
    suffix, width, height, quality = line.decode().split()
    image = pyvips.Image.thumbnail_buffer(original, int(width), height=int(height), size="force")
    options = {"Q": int(quality), "keep": "none"}
    if suffix == "jpeg":
        options |= {"optimize_coding": True, "interlace": True}
    made = image.write_to_buffer("." + suffix, **options)
    sys.stdout.buffer.write(b"%d\\n" % len(made) + made)
    sys.stdout.buffer.flush()
"""


@dataclass(frozen=True)
class Order:
    """A variant that a contender makes of its original."""

    variant: Variant
    quality: int


class Process:
    """A process whose processor time is measured, with that of its children."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def read_cpu_seconds(self) -> float:
        return read_cpu_seconds(self._process.pid)


class Thumbor(Process):
    """A server of thumbor. It reads the original from a file, and stores no result."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, name: str) -> None:
        super().__init__(process)
        self._port = port
        self.name = name

    def make(self, order: Order) -> bytes:
        size = f"{order.variant.width}x{order.variant.height}"
        filters = f"filters:format({order.variant.format}):quality({order.quality})"
        url = f"http://127.0.0.1:{self._port}/unsafe/{size}/{filters}/original.jpg"
        with urllib.request.urlopen(url, timeout=START_SECONDS) as response:
            data: bytes = response.read()
        return data


class Libvips(Process):
    """A process with libvips, which has read the original before."""

    name = "libvips"

    def make(self, order: Order) -> bytes:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in  # noqa: S101 - for the type checker
        assert pipe_out  # noqa: S101 - same
        variant = order.variant
        pipe_in.write(f"{variant.format} {variant.width} {variant.height} {order.quality}\n".encode())
        pipe_in.flush()
        return pipe_out.read(int(pipe_out.readline()))


@contextmanager
def run_thumbor(environment: Path, original: bytes, avif_speed: int | None = None) -> Iterator[Thumbor]:
    """Without `avif_speed` it has the speed that it has by default, which is 6 in Pillow."""
    with TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        Path(folder, "original.jpg").write_bytes(original)
        configuration = Path(folder, "thumbor.conf")
        configuration.write_text(
            "LOADER = 'thumbor.loaders.file_loader'\n"
            f"FILE_LOADER_ROOT_PATH = {folder!r}\n"
            "STORAGE = 'thumbor.storages.no_storage'\n"
            f"AVIF_SPEED = {avif_speed}  # None is the default\n",
            encoding="utf-8",
        )
        command = [environment / "bin/thumbor", "-i", "127.0.0.1", "-p", str(port), "-c", configuration]
        with subprocess.Popen([*map(str, command), "-l", "error"]) as process:  # noqa: S603 - our own choice
            try:
                await_port(port)
                yield Thumbor(process, port, f"thumbor, speed {avif_speed}" if avif_speed else "thumbor")
            finally:
                process.terminate()


@contextmanager
def run_libvips(environment: Path, original: bytes) -> Iterator[Libvips]:
    variables = os.environ | {"VIPS_CONCURRENCY": "1"}
    command = [str(environment / "bin/python"), "-c", LIBVIPS]
    with subprocess.Popen(  # noqa: S603 - our own code
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables
    ) as process:
        assert process.stdin  # noqa: S101 - for the type checker
        process.stdin.write(b"%d\n" % len(original) + original)
        try:
            yield Libvips(process)
        finally:
            process.stdin.close()


def await_port(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=1):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise SystemExit("thumbor does not start.")


def read_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, and of its children that have ended."""
    stats = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, stats[STATS_BEFORE_TIMES : STATS_BEFORE_TIMES + 4])) / TICKS_PER_SECOND
