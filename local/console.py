"""What the terminal shows: each step as it happens with its seconds, each problem in one line."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Problem(Exception):
    """Something that the person at the terminal can mend; the message says how."""


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
    """The last thing that a command said."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")
