"""MiniStack and the front: one process, until it is told to stop or its parent ends.

usage: python -m local.emulator PORT AWS_PORT DOMAIN FUNCTION_PYTHON

It runs in MiniStack's own Python, which takes its other settings from the environment (see `local.aws`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypercorn.asyncio import serve  # type: ignore[import-not-found] # MiniStack's environment has it
from hypercorn.config import Config  # type: ignore[import-not-found]
from ministack import app as ministack  # type: ignore[import-not-found]
from ministack.core import persistence  # type: ignore[import-not-found]
from ministack.services import apigateway_v1  # type: ignore[import-not-found]

from local.aws import SAVE
from local.expiry import announce_expiry
from local.front import Front
from local.functions import prepare_functions, stop_functions, wait_until_idle
from local.journal import keep_journal
from local.loopback import find_addresses

if TYPE_CHECKING:
    from collections.abc import Callable


def configure(port: int) -> Config:
    """Listen on this port of the loopback interface alone."""
    config = Config()
    config.bind = [
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in find_addresses()
    ]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    return config


def separate_reports() -> Callable[[str], None]:
    """Keep standard output for the lines about requests; all that the emulator prints goes to its log."""
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return partial(print, file=reports)


def watch_parent(stop: Callable[[], object]) -> None:
    """Stop when the parent's end of standard input closes, however the parent ended."""
    sys.stdin.buffer.read()
    stop()


def save() -> None:
    """Save all services as a clean exit does. Only writes to tables and objects outlive a kill without it."""
    persistence.save_all(ministack._build_persistence_save_dict())  # noqa: SLF001 - there is no other way


async def run(port: int, aws_port: int, domain: str) -> None:
    """Serve both ports until the end."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    loop.add_signal_handler(SAVE, save)
    threading.Thread(
        target=watch_parent, args=[partial(loop.call_soon_threadsafe, end.set)], daemon=True
    ).start()
    front = Front(
        ministack.app, partial(apigateway_v1.resolve_base_path_mapping, domain), port, separate_reports()
    )

    async def finish() -> None:
        await end.wait()
        await wait_until_idle()
        # Before the server that they call: else they would note as failed what they cannot finish.
        await asyncio.to_thread(stop_functions)

    await asyncio.gather(
        serve(ministack.app, configure(aws_port), shutdown_trigger=finish),
        serve(front, configure(port), shutdown_trigger=end.wait),
    )
    stop_functions()


def main(port: str, aws_port: str, domain: str, function_python: str) -> None:
    """Run the emulator."""
    prepare_functions(function_python, Path.home() / "code")
    services = Path(persistence.STATE_DIR)
    keep_journal(services / "dynamodb.journal", services / "dynamodb.json")
    announce_expiry()
    asyncio.run(run(int(port), int(aws_port), domain))


if __name__ == "__main__":
    main(*sys.argv[1:])
