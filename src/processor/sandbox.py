"""Runs a function on untrusted bytes in a process of its own, within bounds of time and memory.

A decoder that hangs or grows is stopped from outside, as nothing inside could: it runs in C, and asks nobody.
"""

import multiprocessing
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

from shared.errors import UnacceptableImage, Unavailable

# Forked, it has all modules at hand, and the bytes without a copy.
_processes = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Bounds:
    """What a call may take. Processor time does not pass while the machine is busy with others."""

    cpu_seconds: int
    memory_bytes: int
    """On top of what is shared with the caller."""


def call[T](function: Callable[[bytes], T], data: bytes, bounds: Bounds, *, seconds: float) -> T:
    """Return what `function` returns, or raise what it raises.

    Raises `UnacceptableImage` where that goes beyond the bounds, `Unavailable` where `seconds` pass before.
    """
    receiver, sender = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_work, args=(function, data, bounds, sender), daemon=True)
    process.start()
    sender.close()
    try:
        with receiver:
            if not receiver.poll(max(seconds, 0)):
                raise Unavailable("There was no time left to process the image.")
            outcome: tuple[T, None] | tuple[None, Exception]
            try:
                outcome = receiver.recv()
            except EOFError:
                process.join()
                raise _explain_end(process.exitcode) from None
    finally:
        process.kill()
        process.join()
    result, error = outcome
    if error:
        raise error
    return cast("T", result)


def _work[T](function: Callable[[bytes], T], data: bytes, bounds: Bounds, sender: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (_get_data_bytes() + bounds.memory_bytes,) * 2)
    outcome: tuple[T | None, Exception | None]
    try:
        outcome = function(data), None
    except MemoryError:
        outcome = None, UnacceptableImage("The image takes more memory to decode than there is.")
    except UnacceptableImage as error:
        outcome = None, error
    except Exception as error:  # noqa: BLE001 - raised again on the other side, which has no traceback of it
        error.add_note("".join(traceback.format_exception(error)))
        outcome = None, error
    sender.send(outcome)


def _get_data_bytes() -> int:
    """What the process has of its own already, as `RLIMIT_DATA` counts it (proc(5))."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path to work with
        return int(file.read().split()[5]) * resource.getpagesize()


def _explain_end(exit_code: int | None) -> Exception:
    if exit_code == -signal.SIGXCPU:
        return UnacceptableImage("The image takes too long to decode.")
    return Unavailable("Processing was ended from outside.")
