"""Output to the terminal: each step with its seconds, each problem in one line."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Problem(Exception):
    """Something that the person at the terminal can fix. The message says how."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step: its name when it begins, its seconds when it ends."""
    started = time.monotonic()
    print(f"  {name:<44}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("  failed", flush=True)
        raise
    print(f"{time.monotonic() - started:6.1f} s", flush=True)


def read_last_line(log: Path) -> str:
    """Return the last line that a command has written."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")


def run_command(options: dict[str, Any]) -> int:
    """Run the function in `run` with the other options, and return the exit code."""
    run = options.pop("run")
    try:
        run(**options)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    return 0
