"""Makes MiniStack run the functions on a Python without packages, and with one unpacked copy of their code.

Without this, MiniStack unpacks the archive at each cold start, which takes a second.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from ministack.core import lambda_runtime  # type: ignore[import-not-found] # MiniStack's environment has it
from ministack.services import lambda_svc  # type: ignore[import-not-found]

from local.folders import discard_all_but

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT = 2  # the deployed code, and the code of the last deployment
ENVIRONMENTS = 4 * (os.cpu_count() or 1)
"""The number of invocations of a function that run at once. On AWS, each has its own processor."""
IDLE_PATIENCE = 10.0
IDLE_INTERVAL = 0.3
IDLE_ROUNDS = 4  # take over a second together: MiniStack reads the stream of a table once a second


class SharedArchive(zipfile.ZipFile):
    """An archive that is unpacked once. Later calls make a link to that copy instead."""

    home: ClassVar[Path]
    lock: ClassVar[threading.Lock] = threading.Lock()

    def extractall(
        self,
        path: str | os.PathLike[str] | None = None,
        members: Iterable[str | zipfile.ZipInfo] | None = None,
        pwd: bytes | None = None,
    ) -> None:
        shared = self.home / hashlib.sha256(Path(self.filename or "").read_bytes()).hexdigest()[:16]
        with self.lock:
            if not shared.exists():
                partial = shared.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                super().extractall(partial, members, pwd)
                partial.rename(shared)
        target = Path(path or ".")
        target.rmdir()
        target.symlink_to(shared)


def prepare_functions(python: str, home: Path) -> None:
    """Make MiniStack start the functions with this Python, and keep their code in this folder."""
    home.mkdir(parents=True, exist_ok=True)
    discard_all_but(KEPT, home)
    SharedArchive.home = home
    lambda_runtime.zipfile = SimpleNamespace(ZipFile=SharedArchive)
    sys.executable = python  # MiniStack starts the functions with it
    lambda_svc.get_state = forget_positions(lambda_svc.get_state)
    queue_invocations()


def queue_invocations() -> None:
    """Make invocations wait until a place is free. Their time limit starts to run after the wait.

    Fifty invocations at once would use all CPU time, and their calls to the emulator would time out.
    """
    acquire = lambda_svc._acquire_execution_slot  # noqa: SLF001 - there is no hook
    release = lambda_svc._release_execution_slot  # noqa: SLF001 - same
    turns: dict[str, threading.Semaphore] = {}

    def acquire_in_turn(function: dict[str, Any], config: dict[str, Any]) -> tuple[str | None, str | None]:
        name = lambda_svc._inflight_key(config)  # noqa: SLF001 - same
        turn = turns.setdefault(name, threading.Semaphore(ENVIRONMENTS))
        turn.acquire()
        slot, limit = acquire(function, config)
        if slot is None:
            turn.release()
        return slot, limit

    def release_turn(slot: str) -> None:
        release(slot)
        turns[slot].release()

    lambda_svc._acquire_execution_slot = acquire_in_turn  # noqa: SLF001 - same
    lambda_svc._release_execution_slot = release_turn  # noqa: SLF001 - same


def forget_positions(get_state: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Return a function that saves no positions in the streams of tables.

    MiniStack does not save the streams, so they are empty after a start. With a saved position, the functions
    would skip as many new entries as they had read before.
    """
    return lambda: get_state() | {"dynamodb_stream_positions": {}}


async def wait_until_idle() -> None:
    """Wait until no function is running. Then uploads are processed, and deleted images are cleaned up."""
    deadline = time.monotonic() + IDLE_PATIENCE
    idle = 0
    while idle < IDLE_ROUNDS and time.monotonic() < deadline:
        await asyncio.sleep(IDLE_INTERVAL)
        idle = 0 if lambda_runtime.workers_in_use() else idle + 1


def stop_functions() -> None:
    """End every execution environment, and wait until it has ended."""
    lambda_runtime.reset()
