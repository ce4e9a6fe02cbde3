"""Simulates requests at a rate, on AWS with the parameters and quotas that you name.

PYTHONPATH=src:. python benchmarks/scaling.py [--rate 1000] [--partitions 120] [--executions 2500]
    [--set PublicShards=16 ...] [--operation "Upload, private"]

Without options it prints the scenarios of docs/scaling.md. What each request reads and writes comes from the
real functions, which run once in one process. The durations are those of docs/costs.md.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.simulation.cloud import Setting
from benchmarks.simulation.scenarios import SCENARIOS, UPLOAD, Scenario, make_scenarios
from tests.support.capacity.footprints import measure_footprints
from tests.support.capacity.limits import EXECUTIONS, NEW_TABLE_PARTITIONS
from tests.support.capacity.tables import CAPACITY_OPERATIONS


def read_setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


def main(*words: str) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, help="requests a second")
    parser.add_argument("--operation", choices=CAPACITY_OPERATIONS, default=UPLOAD)
    parser.add_argument("--partitions", type=int, default=NEW_TABLE_PARTITIONS)
    parser.add_argument("--executions", type=int, default=EXECUTIONS)
    parser.add_argument("--set", type=read_setting, nargs="+", default=[], metavar="PARAMETER=NUMBER")
    given = parser.parse_args(words)
    setting = Setting(given.partitions, given.executions, dict(given.set))
    chosen = (
        [Scenario(given.operation, given.rate, setting, operation=given.operation)]
        if given.rate
        else SCENARIOS
    )
    print(make_scenarios(measure_footprints({each.operation for each in chosen}), chosen))


if __name__ == "__main__":
    main(*sys.argv[1:])
