"""Prints to the terminal: each step with its seconds, and each problem in one line."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Problem(Exception):
    """A problem that the person at the terminal can fix. The message says how."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print the name of a step when it begins, and its seconds when it ends."""
    started = time.monotonic()
    print(f"  {name:<44}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("  failed", flush=True)
        raise
    print(f"{time.monotonic() - started:6.1f} s", flush=True)


def read_last_line(log: Path) -> str:
    """Return the last line of a log that is not blank."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")


def run_command(options: dict[str, Any]) -> int:
    """Call the function in the option `run` with the other options, and return the exit code."""
    run = options.pop("run")
    try:
        run(**options)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    return 0
