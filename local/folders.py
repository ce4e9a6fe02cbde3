"""Deletes folders with thousands of files in the background, because that takes seconds."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DISCARDED = ".discarded"


def discard_all_but(kept: int, home: Path) -> None:
    """Delete all folders in `home` except the newest `kept`. The deletion runs in the background."""
    folders = [path for path in home.iterdir() if path.is_dir()]
    folders.sort(key=lambda path: (path.suffix != DISCARDED, path.stat().st_mtime), reverse=True)
    doomed = [path.rename(path.with_suffix(DISCARDED)) for path in folders[kept:]]
    threading.Thread(
        target=lambda: [shutil.rmtree(path, ignore_errors=True) for path in doomed], daemon=True
    ).start()
