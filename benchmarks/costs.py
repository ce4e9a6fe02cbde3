"""Runs each operation of the service in one process, and prints what AWS bills for it.

PYTHONPATH=src:. python benchmarks/costs.py [--measure]

The functions are the real ones, on emulated AWS services, with the events between them. `make docs` writes
the same tables into docs/costs.md. With `--measure` the script also prints the processor time of each kind
of run on this machine, with a photo of 2.5 MB, beside the time that the tables are made with.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from benchmarks.pictures import make_photo
from imaging.renditions import render
from tests.support.costs.meter import Meter
from tests.support.costs.operations import OPERATIONS, measure
from tests.support.costs.runs import DURATIONS, Work
from tests.support.costs.tables import measure_tables
from tests.support.costs.world import World, run_deployment

if TYPE_CHECKING:
    from tests.support.faults import Wire

WIDTH_PX, HEIGHT_PX, GRAIN = 4000, 3000, 5.0
"""They make a JPEG of 2.5 MB."""
ROUNDS = 5
MS_PER_SECOND = 1000


class Stopwatch:
    """Counts the processor seconds of this process, without those of the emulated AWS services."""

    def __init__(self, wire: Wire) -> None:
        self._emulated_seconds = 0.0
        self._work = wire._work  # noqa: SLF001 - the place where AWS begins
        vars(wire)["_work"] = self._time

    def __call__(self) -> float:
        return time.process_time() - self._emulated_seconds

    def _time(self, *request: Any) -> Any:  # noqa: ANN401 - passed on
        start = time.thread_time()
        try:
            return self._work(*request)
        finally:
            self._emulated_seconds += time.thread_time() - start


def measure_seconds(photo: bytes) -> dict[Work, float]:
    """Return the median processor seconds of each kind of run."""
    seconds: dict[Work, list[float]] = defaultdict(list)
    with run_deployment() as deployment:
        world = World(Meter(deployment, Stopwatch(deployment.wire)), photo)
        world.fill()
        for _ in range(ROUNDS):
            for name, act in OPERATIONS.items():
                for run in measure(world, name, act).runs:
                    seconds[run.work].append(run.processor_seconds)
    medians = {work: statistics.median(seconds[work]) for work in DURATIONS}
    # The deployment renders each picture once, and not when it is measured.
    medians[Work.PROCESS] += statistics.median(measure_render_seconds(photo) for _ in range(ROUNDS))
    return medians


def measure_render_seconds(photo: bytes) -> float:
    start = time.process_time()
    render(photo)
    return time.process_time() - start


def main(*, measures: bool) -> None:
    for name, make in measure_tables().items():
        print(name, make(), sep="\n")
    if measures:
        photo = make_photo(WIDTH_PX, HEIGHT_PX, grain=GRAIN)
        print(f"Processor time of a run here, with a photo of {len(photo) / 1e6:.2f} MB; median")
        for work, seconds in measure_seconds(photo).items():
            stated_ms = DURATIONS[work].processor_ms
            print(f"  {work:42}{seconds * MS_PER_SECOND:7.1f} ms; the tables take {stated_ms} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", action="store_true", help="measure processor times on this machine")
    main(measures=parser.parse_args().measure)
