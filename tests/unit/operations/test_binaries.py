from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from operations.binaries import find_flaw, find_foreign_binaries

if TYPE_CHECKING:
    from pathlib import Path

X86, ARM = 62, 183


def make_module(machine: int = X86, *versions: str) -> bytes:
    """Make what a compiled module begins with, and the texts that name the versions it needs."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 3, machine)
    return head + b"\0" * 44 + b"".join(f"\0{version}".encode() for version in versions) + b"\0"


@pytest.mark.parametrize(
    ("module", "architecture", "flaw"),
    [
        (make_module(), "x86_64", None),
        (make_module(ARM), "arm64", None),
        (make_module(X86, "GLIBC_2.2.5", "GLIBC_2.34"), "x86_64", None),
        (make_module(X86, "GLIBC_2.9", "GLIBC_2.34"), "x86_64", None),
        (make_module(X86, "GLIBC_PRIVATE", "CXXABI_1.3.99"), "x86_64", None),
        (make_module(X86, "GLIBC_2.2.5", "GLIBC_2.35"), "x86_64", "needs glibc 2.35"),
        (make_module(ARM), "x86_64", "is not for x86_64"),
        (make_module(X86), "arm64", "is not for arm64"),
        (b"\xcf\xfa\xed\xfe" + b"\0" * 60, "arm64", "is not for 64-bit Linux"),
        (b"", "arm64", "is not for 64-bit Linux"),
        (make_module().replace(b"\x7fELF\x02", b"\x7fELF\x01"), "x86_64", "is not for 64-bit Linux"),
    ],
)
def test_module_is_refused_if_lambda_cannot_load_it(
    module: bytes, architecture: str, flaw: str | None
) -> None:
    assert find_flaw(module, architecture) == flaw


def test_every_module_of_a_build_is_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "ApiFunction" / "pillow.libs"
    folder.mkdir(parents=True)
    (folder / "good.so").write_bytes(make_module())
    (folder / "old.so.6.0").write_bytes(make_module(ARM))
    (folder / "new.cpython-313.so").write_bytes(make_module(X86, "GLIBC_2.38"))
    (folder / "notes.txt").write_bytes(b"GLIBC_2.99")
    assert find_foreign_binaries(tmp_path, "x86_64") == [
        "ApiFunction/pillow.libs/new.cpython-313.so needs glibc 2.38",
        "ApiFunction/pillow.libs/old.so.6.0 is not for x86_64",
    ]
    assert find_foreign_binaries(tmp_path / "nothing", "x86_64") == []
