"""Folders: one run at a time writes into a folder."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform != "win32":
    import fcntl


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Raises BlockingIOError if another run holds it. What holds a folder ends with its process.

    Windows and some network drives have no such locks. There it holds nothing.
    """
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


if sys.platform != "win32":

    def _lock(handle: int, folder: Path) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(f"another run of this command writes into {folder}") from error
        except OSError:
            pass  # a network drive
