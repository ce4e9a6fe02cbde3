from __future__ import annotations

import subprocess
import sys

from tests.support.documents import ROOT

GROWTH = """
import ctypes, resource, sys
from imaging.heap import reserve_heap
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]) * 2**20,) * 2)
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
reserve_heap()
end = libc.sbrk(ctypes.c_ssize_t(0))
for _ in range(3):
    blocks = [bytes(4 * 2**20) for _ in range(4)]
    del blocks
print(libc.sbrk(ctypes.c_ssize_t(0)) - end)
"""
"""The bytes by which the heap grows when large blocks come and go."""


def measure_growth(megabytes: int) -> int:
    command = [sys.executable, "-c", GROWTH, str(megabytes)]
    ran = subprocess.run(command, cwd=ROOT / "src", check=True, capture_output=True)  # noqa: S603 - our own code
    return int(ran.stdout)


def test_reserved_heap_holds_the_blocks_of_a_picture_and_keeps_them() -> None:
    assert measure_growth(200) == 0


def test_process_goes_on_without_room_for_a_reserve() -> None:
    assert measure_growth(30) > 0
