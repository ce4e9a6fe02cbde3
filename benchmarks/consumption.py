"""The use of an embedded stack by its functions: runs, processor time, bytes and write units."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import commands
from local.deployment import STACK_NAME
from tests.support.dynamodb.capacity import TRANSACTIONAL, count_write_units, measure_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

FUNCTIONS = ("api", "processor", "changes")
QUIET_SECONDS = 6
OVERLAP_MILLISECONDS = 5000
REPORT = re.compile(r"REPORT RequestId: (\S+)")
EMULATOR, ENDED = "emulator", "ended"
"""The process of the emulator itself, and those below it that have ended."""


def count_bytes(stack: Stack) -> int:
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["BucketName"])
    return sum(item["Size"] for page in pages for item in page.get("Contents", []))


class Runs:
    """The runs of each function from now on. The emulator keeps only the last lines of each log."""

    def __init__(self, stack: Stack) -> None:
        self._logs = stack.client("logs")
        self._since = int(time.time() * 1000)
        self._ids: dict[str, set[str]] = {name: set() for name in FUNCTIONS}

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(ids) for name, ids in self._ids.items()}

    def collect(self) -> None:
        """Read the new lines. Call it before a log has more of them than the emulator keeps."""
        begun = int(time.time() * 1000)
        pages = self._logs.get_paginator("filter_log_events")
        for name, ids in self._ids.items():
            group = f"/aws/lambda/{STACK_NAME}/{name}"
            for page in pages.paginate(logGroupName=group, startTime=self._since):
                found = (REPORT.match(event["message"]) for event in page["events"])
                ids |= {match[1] for match in found if match}
        self._since = begun - OVERLAP_MILLISECONDS

    def await_quiet(self) -> None:
        """Wait until what was begun is processed."""
        before: dict[str, int] = {}
        while self.counts != before:
            before = self.counts
            time.sleep(QUIET_SECONDS)
            self.collect()


def measure_processor_seconds(stack: Stack) -> float:
    """Return the processor time of all functions so far.

    The durations that the emulator tells are no measure: an invocation that waits for a place takes time too.
    """
    seconds = measure_seconds_by_process(stack)
    return sum(seconds.values()) - seconds[EMULATOR]


def measure_seconds_by_process(stack: Stack) -> dict[str, float]:
    """Return the processor time so far of the emulator, and of the processes below it, by their functions."""
    found = commands.run("pgrep", "-f", f"local.emulator [0-9]+ {stack.aws_port} ")
    emulator = int(found.stdout.split()[0])
    parents: dict[int, int] = {}
    ticks: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            pid = int(path.parent.name)
            parents[pid], ticks[pid] = int(fields[1]), [int(field) for field in fields[11:15]]

    def find_function(pid: int) -> str | None:
        if pid not in parents:
            return None
        return read_function(pid) if parents[pid] == emulator else find_function(parents[pid])

    found_ticks = Counter({EMULATOR: sum(ticks[emulator][:2]), ENDED: sum(ticks[emulator][2:])})
    for pid, each in ticks.items():
        if name := find_function(pid):
            found_ticks[name] += sum(each)
    return {name: count / os.sysconf("SC_CLK_TCK") for name, count in found_ticks.items()}


def read_function(pid: int) -> str:
    """Return the function that a process runs, by its name in the template."""
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if entry.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                return entry.decode().rpartition("=")[2].removeprefix(f"{STACK_NAME}-").partition("-")[0]
    return ENDED


class Journal:
    """The emulator's journal of writes. From now on it counts what AWS would charge for those carried out."""

    def __init__(self, stack: Stack) -> None:
        self._path = stack.state / "services" / "dynamodb.journal"
        self._begun = self._path.stat().st_size if self._path.exists() else 0

    def count_units(self) -> int:
        """Without writes that a condition refused, and without the size of what was deleted."""
        units = 0
        for writes in self._list_requests():
            each = sum(count_write_units(measure_item(item or {})) for *_, item in writes)
            units += each * (TRANSACTIONAL if len(writes) > 1 else 1)
        return units

    def count_rows(self) -> int:
        return sum(map(len, self._list_requests()))

    def _list_requests(self) -> Iterator[list[Any]]:
        """Yield what each request has written."""
        with self._path.open("rb") as file:
            file.seek(self._begun)
            for line in file:
                if line.strip():
                    yield json.loads(line)
