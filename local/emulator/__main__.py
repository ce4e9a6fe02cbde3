"""Runs MiniStack and the front in one process, until a signal comes or the parent ends.

usage: python -m local.emulator PORT AWS_PORT DOMAIN FUNCTION_PYTHON

It runs in MiniStack's environment. Its other settings are environment variables (see `local.launcher`).
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

from local.emulator.expiry import announce_expiry
from local.emulator.front import Front
from local.emulator.functions import prepare_functions, stop_functions, wait_until_idle
from local.emulator.journal import keep_journal
from local.launcher import SAVE
from local.loopback import find_addresses

if TYPE_CHECKING:
    from collections.abc import Callable


def configure(port: int) -> Config:
    """Return the settings of a server that listens on this port of the loopback interface."""
    config = Config()
    config.bind = [
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in find_addresses()
    ]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    return config


def separate_reports() -> Callable[[str], None]:
    """Return a function that prints to standard output. Everything else that is printed goes to the log."""
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return partial(print, file=reports)


def watch_parent(stop: Callable[[], object]) -> None:
    """Call `stop` when standard input closes. It closes when the parent ends, for whatever reason."""
    sys.stdin.buffer.read()
    stop()


def save() -> None:
    """Save the state of all services, as at a clean exit. Otherwise a kill leaves only tables and objects."""
    persistence.save_all(ministack._build_persistence_save_dict())  # noqa: SLF001 - there is no other way


async def run(port: int, aws_port: int, domain: str) -> None:
    """Serve both ports until a signal comes."""
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
        # The functions end before the server that they call. Otherwise their images would become failed.
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
