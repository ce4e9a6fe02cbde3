"""The limits of a process that decodes an image, and what keeps it out of the processes beside it."""

import ctypes
import os
import resource
from dataclasses import dataclass

PR_SET_DUMPABLE = 4
NOBODY = 65534
"""The user and the group that own nothing."""


@dataclass(frozen=True)
class Bounds:
    """The resources that one image may take."""

    cpu_seconds: int
    memory_bytes: int
    """On top of what the process had before it forked."""


def limit_resources(bounds: Bounds) -> None:
    """Bound this process for good. Sockets and files that are open stay open."""
    data_bytes = _get_data_bytes()
    _drop_root()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes + bounds.memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # threads are processes, too


def _get_data_bytes() -> int:
    """Memory that the process has of its own already, as `RLIMIT_DATA` counts it (proc(5))."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path to work with
        return int(file.read().split()[5]) * resource.getpagesize()


def _drop_root() -> None:
    """Root could start processes and read memory in spite of the limits. On Lambda no function is root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def hide_memory() -> None:
    """Keep processes of the same user from reading or changing the memory of this one (prctl(2)).

    Without it, a decoder that an image has taken over could read the credentials of the function.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
