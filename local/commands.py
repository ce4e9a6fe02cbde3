"""Starts, runs and stops other programs."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 # subprocess's
    """Run a command to its end and capture its output."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # noqa: S603 # our own


def start(*command: str | Path, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 # subprocess's
    """Start a command in its own session. Then Ctrl-C reaches only this process, which stops the command."""
    return subprocess.Popen(command, start_new_session=True, **options)  # noqa: S603 # our own


def stop(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """Stop a command and its children. Kill them if they do not end in time."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
