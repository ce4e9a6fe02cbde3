"""Sends mixed traffic to an embedded stack and kills the stack meanwhile. Then it looks for lost data.

PYTHONPATH=src:. python benchmarks/load.py [--minutes 10] [--clients 16] [--kills 3]

The script runs a stack of its own on free ports. Every second kill is a SIGKILL of the emulated AWS and
of its parent. The other kills stop the stack like Ctrl-C. Everything that the API confirmed with 201 must
be there at the end. The exit code is 1 if something is lost or left over.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pictures import make_photo
from benchmarks.traffic import OK, PATIENCE_SECONDS, RENDITIONS, Client, Figures
from local import commands
from local.http import fetch
from local.loopback import find_free_port, is_free
from local.stack import Stack, run_stack

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES_PX = ((320, 240), (640, 480), (1600, 1200))


def serve(port: int, aws_port: int, state: Path) -> None:
    """Run a stack until SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with run_stack(port, aws_port, state, quiet=True):
            threading.Event().wait()
    except KeyboardInterrupt:
        pass


class Server:
    """A stack in its own process. It can be killed and started again."""

    def __init__(self, state: Path) -> None:
        self.stack = Stack(find_free_port(), find_free_port(), state)
        self.start()

    def start(self) -> None:
        """Start the stack, and return when the API responds."""
        arguments = (self.stack.port, self.stack.aws_port, self.stack.state)
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=arguments)
        self._process.start()
        while fetch(f"{self.stack.api_url}/health").status != OK:
            if not self._process.is_alive():
                raise ChildProcessError(f"the stack did not start; read its log: {self.stack.log}")
            time.sleep(0.1)

    def stop(self, number: signal.Signals) -> None:
        """Send the signal to the stack. SIGKILL goes to the emulator first, before it sees its parent end."""
        if number is signal.SIGKILL:
            pids = commands.run("pgrep", "-P", str(self._process.pid), "-f", "local.emulator").stdout.split()
            for pid in pids:
                os.kill(int(pid), number)
        os.kill(self._process.pid or 0, number)
        self._process.join()
        while not (is_free(self.stack.port) and is_free(self.stack.aws_port)):
            time.sleep(0.1)


def kill_repeatedly(server: Server, kills: int, seconds: float) -> None:
    """Kill and restart the server in the middle of the traffic, at equal intervals."""
    for number in islice(cycle([signal.SIGTERM, signal.SIGKILL]), kills):
        time.sleep(seconds / (kills + 1))
        started = time.monotonic()
        server.stop(number)
        ended = time.monotonic()
        server.start()
        down = time.monotonic() - started
        print(f"{number.name}: down for {down:.1f} s, of which {ended - started:.1f} s to stop", flush=True)


def find_remains(stack: Stack, clients: Sequence[Client]) -> list[str]:
    """List the objects of the bucket that should not be there, and those that are missing."""
    expected = {
        key
        for client in clients
        for image_id in client.images
        for key in (f"originals/{image_id}", *(f"renditions/{image_id}/{name}.webp" for name in RENDITIONS))
    }
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["BucketName"])
    present = {item["Key"] for page in pages for item in page.get("Contents", [])}
    left_over = [f"{key}: left over" for key in present - expected]
    return left_over + [f"{key}: missing" for key in expected - present]


def main(minutes: float, client_count: int, kills: int) -> int:
    figures = Figures()
    bases = [make_photo(*size) for size in SIZES_PX]
    folder = Path(tempfile.mkdtemp())
    server = Server(folder)
    clients = [Client(server.stack.api_url, figures, bases) for _ in range(client_count)]
    end = time.monotonic() + minutes * 60
    with ThreadPoolExecutor(client_count + 1) as executor:
        killing = executor.submit(kill_repeatedly, server, kills, minutes * 60)
        for traffic in [executor.submit(client.run, end) for client in clients]:
            traffic.result()
        killing.result()
    finished = time.monotonic()
    while (remains := find_remains(server.stack, clients)) and time.monotonic() < finished + PATIENCE_SECONDS:
        time.sleep(1)
    print(f"waited {time.monotonic() - finished:.0f} s for processing and deletion after the last request")
    losses = remains + [loss for client in clients for loss in client.find_losses()]
    server.stop(signal.SIGTERM)
    figures.print()
    kept, gone = (sum(len(getattr(client, name)) for client in clients) for name in ("images", "deleted"))
    print(f"{kept} images kept, {gone} deleted, {sum(len(client.items) for client in clients)} items")
    print(
        f"{len(losses)} losses, {len(figures.problems)} failed actions",
        *losses,
        *figures.problems,
        sep="\n  ",
    )
    if losses or figures.problems:
        print(f"the data of the stack are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10, help="duration of the traffic")
    parser.add_argument("--clients", type=int, default=16, help="number of clients at the same time")
    parser.add_argument("--kills", type=int, default=3, help="number of kills during the traffic")
    options = parser.parse_args()
    sys.exit(main(options.minutes, options.clients, options.kills))
