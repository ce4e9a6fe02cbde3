"""Measures what observing costs: processor time and bytes of logs, everything on against everything off.

PYTHONPATH=src:. python benchmarks/observing.py [--rounds 15]

Each round runs the same requests in two new processes, one with metrics and one without, in turns. The time
of the emulated AWS services does not count, and each picture is rendered once. The figures are ratios of the
medians. Traces cost no time here: Lambda and API Gateway make them.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from benchmarks.costs import Stopwatch
from shared.models import Visibility
from tests.support.costs.meter import Meter
from tests.support.costs.runs import Work
from tests.support.costs.world import ANN, World, make_form_options, run_deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUESTS = 40
MODES = {"on": "images-prod", "off": ""}
WARM_UPS = 5


def measure_here() -> dict[str, float]:
    """Return the processor milliseconds of each kind of run, and the bytes of logs that it writes."""
    log = io.StringIO()
    with redirect_stdout(log), run_deployment() as deployment:
        world = World(Meter(deployment, Stopwatch(deployment.wire)))
        world.fill()
        image_id = world.ready[Visibility.PUBLIC]
        upload = make_form_options(world.photo, Visibility.PUBLIC)
        found: dict[str, list[float]] = {"upload": [], "processing": [], "view": []}
        sizes = []
        for number in range(WARM_UPS + REQUESTS):
            world.meter.take()
            before = log.tell()
            world.upload(upload)
            world.meter.settle()
            sizes.append(log.tell() - before)
            runs = world.meter.take()
            world.meter.request(Work.VIEW, "GET", f"/images/{image_id}/content/small", status=200, user=ANN)
            (view,) = world.meter.take()
            if number >= WARM_UPS:
                found["upload"] += [run.processor_seconds for run in runs if run.work is Work.UPLOAD]
                found["processing"].append(
                    sum(run.processor_seconds for run in runs if run.work is Work.PROCESS)
                )
                found["view"].append(view.processor_seconds)
    figures = {f"{name}, CPU ms": statistics.median(values) * 1000 for name, values in found.items()}
    return figures | {"lines of an upload, bytes": statistics.median(sizes)}


def run_apart(mode: str, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    environment = os.environ | {"METRICS_NAMESPACE": MODES[mode]}
    command = [sys.executable, __file__, "--here", *arguments]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - this script
    return json.loads(ran.stdout.splitlines()[-1])


def compare(rounds: int) -> None:
    figures: dict[str, list[Mapping[str, float]]] = {mode: [] for mode in MODES}
    for number in range(rounds):
        for mode in sorted(MODES, reverse=bool(number % 2)):
            figures[mode].append(run_apart(mode))
    print(f"{'median of ' + str(rounds) + ' rounds':28}{'off':>10}{'on':>10}{'on / off':>10}")
    for name in figures["on"][0]:
        off, on = (statistics.median(each[name] for each in figures[mode]) for mode in ("off", "on"))
        ratio = f"{on / off:10.3f}" if off else ""
        print(f"{name:28}{off:10.2f}{on:10.2f}{ratio}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--here", action="store_true", help="measure in this process alone")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure_here()))
    else:
        compare(options.rounds)
