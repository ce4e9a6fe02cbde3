"""Finds compiled modules that Lambda cannot load: for another processor or system, or for a newer glibc."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_GLIBC = (2, 34)
"""That of Amazon Linux 2023, on which Lambda runs Python 3.13."""


@dataclass(frozen=True)
class Machine:
    """A processor: its number in ELF files, and what systems call it."""

    number: int
    names: frozenset[str]


MACHINES = {
    "x86_64": Machine(62, frozenset({"x86_64", "amd64"})),
    "arm64": Machine(183, frozenset({"aarch64", "arm64"})),
}


def find_foreign_binaries(build: Path, architecture: str) -> list[str]:
    """Return a message for each compiled module that does not run on Lambda."""
    modules = sorted(path for path in build.rglob("*.so*") if path.is_file())
    return [
        f"{path.relative_to(build)} {flaw}"
        for path in modules
        if (flaw := find_flaw(path.read_bytes(), architecture))
    ]


def find_flaw(module: bytes, architecture: str) -> str | None:
    """Return why Lambda cannot load a compiled module. None if it can."""
    if module[:6] != b"\x7fELF\x02\x01":
        return "is not for 64-bit Linux"
    (number,) = struct.unpack_from("<H", module, 18)
    if number != MACHINES[architecture].number:
        return f"is not for {architecture}"
    newest = max(find_glibc_versions(module), default=(0, 0))
    return f"needs glibc {newest[0]}.{newest[1]}" if newest > MAX_GLIBC else None


def find_glibc_versions(module: bytes) -> set[tuple[int, int]]:
    """Return the versions of glibc that a module names. It names each version that it needs."""
    found = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", module)
    return {(int(major), int(minor)) for major, minor in found}
