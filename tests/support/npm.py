"""Packages of npm, in the versions that a folder pins."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

from local.layout import LOCAL

if TYPE_CHECKING:
    from pathlib import Path

PINS = ("package.json", "package-lock.json")


def find_obstacle() -> str | None:
    """Return why no package can be installed here, or None."""
    return None if shutil.which("npm") else "npm is not installed"


def provide_packages(pins: Path) -> Path:
    """Install the packages that a folder pins. npm compares their files with the hashes of the pins."""
    home = LOCAL / "npm" / pins.name
    stamp = home / "stamp"
    digest = hashlib.sha256(b"".join((pins / name).read_bytes() for name in PINS)).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != digest:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in PINS:
            shutil.copy(pins / name, home)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=home, check=True, capture_output=True, timeout=240)  # noqa: S603 - our own words
        stamp.write_text(digest, encoding="utf-8")
    return home
