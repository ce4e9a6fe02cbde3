"""Footprints of operations: what each of their runs reads and writes, by partition keys.

The real functions run in one process, on the emulated AWS services. So a footprint is as new as the code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.models import Visibility
from tests.support.costs.meter import Meter
from tests.support.costs.operations import OPERATIONS, measure
from tests.support.costs.runs import DURATIONS, MS_PER_SECOND, S3_CLASSES, Actor
from tests.support.costs.world import ANN, TAGS, World, run_deployment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.support.costs.prices import Part
    from tests.support.costs.runs import Run, Work
    from tests.support.dynamodb.engine import Engine

SHARD, EVERY_SHARD = "{shard}", "{every}"
PLACES = (
    (re.compile(ANN), "{user}"),
    (re.compile(r"[0-9a-f]{64}"), "{digest}"),
    (re.compile(r"(?<=#)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "{image}"),
    (re.compile(r"(?<=^PUBLIC#)\d+|(?<=^ALL#)\d+"), SHARD),
    *((re.compile(rf"(?<=#TAG#){tag}$"), f"{{tags[{number}]}}") for number, tag in enumerate(TAGS)),
)
"""Names in partition keys, and the fields that stand for them."""


@dataclass(frozen=True)
class Access:
    """The units that a run reads and writes of some partition keys."""

    table: str
    key: str
    """A format string with the fields of `PLACES`."""
    keys: int
    """The number of such keys that the run touches, with the same units each."""
    reads: float
    writes: float
    """Of each of the keys."""


@dataclass(frozen=True)
class Step:
    """A run of an operation."""

    actor: Actor
    work: Work
    calls: tuple[str, ...]
    """`service.Operation`."""
    accesses: tuple[Access, ...]
    rows: int
    """Of the images table: so many records the run adds to the stream."""
    changes: int
    """Those of them that reach the function behind the stream."""


@dataclass(frozen=True)
class Footprint:
    """An operation with all that follows it, in the order of time."""

    name: str
    steps: tuple[Step, ...]

    @property
    def accesses(self) -> tuple[Access, ...]:
        return tuple(access for step in self.steps for access in step.accesses)

    @property
    def write_units(self) -> float:
        return sum(access.keys * access.writes for access in self.accesses)

    @property
    def read_units(self) -> float:
        return sum(access.keys * access.reads for access in self.accesses)

    @property
    def rows(self) -> int:
        return sum(step.rows for step in self.steps)

    @property
    def seconds(self) -> float:
        """Of all runs of functions together."""
        works = [step.work for step in self.steps if step.actor is not Actor.CLIENT]
        return sum(DURATIONS[work].ms for work in works) / MS_PER_SECOND

    def count_calls(self, part: Part) -> int:
        """Return the number of requests to S3 with this price."""
        return sum(S3_CLASSES.get(call) is part for step in self.steps for call in step.calls)

    def get_most_written(self, field: str) -> float:
        """Return the most units that go to one key of all users with this last field."""
        return max(self._sum_by_key(field, "writes").values(), default=0)

    def get_most_read(self, field: str) -> float:
        """Return the most units that come from one key of all users with this last field."""
        return max(self._sum_by_key(field, "reads").values(), default=0)

    def _sum_by_key(self, field: str, kind: str) -> dict[str, float]:
        units: dict[str, float] = defaultdict(float)
        for access in self.accesses:
            fields = re.findall(r"{(\w+)", access.key)
            if fields[-1:] == [field] and "user" not in fields:
                units[access.key] += getattr(access, kind)
        return units


@dataclass(frozen=True)
class Footprints:
    """The footprints of some operations by their names, and what is stored of an image."""

    of: Mapping[str, Footprint]
    rows: int
    """Of a public image with three tags."""
    row_bytes: int
    objects: int


def measure_footprints(names: Iterable[str], engine: Engine | None = None) -> Footprints:
    """Run these operations of the costs."""
    with run_deployment(engine) as deployment:
        world = World(Meter(deployment, follows_first=True))
        world.fill()
        image_id = world.ready[Visibility.PUBLIC]
        rows = [row for row in deployment.engine.list_items("images") if image_id in str(row)]
        keys = [key for page in deployment.storage.list_keys() for key, _ in page if image_id in key]
        footprints = {
            name: Footprint(name, tuple(map(make_step, measure(world, name, OPERATIONS[name]).runs)))
            for name in names
        }
        return Footprints(footprints, len(rows), world.measure_rows(image_id), len(keys))


def make_step(run: Run) -> Step:
    """Join what a run reads and writes of keys of the same kind."""
    reads: dict[tuple[str, str], float] = defaultdict(float)
    writes: dict[tuple[str, str], float] = defaultdict(float)
    for each in run.capacity:
        units = writes if each.write_units else reads
        for key, amount in each.partitions.items():
            units[each.table, str(key)] += amount
    counts: dict[tuple[str, str, float, float], int] = defaultdict(int)
    for place in reads.keys() | writes.keys():
        table, key = place
        counts[table, generalise(key), reads[place], writes[place]] += 1
    accesses = [
        Access(table, key.replace(SHARD, EVERY_SHARD) if count > 1 else key, count, read, written)
        for (table, key, read, written), count in sorted(counts.items())
    ]
    return Step(run.actor, run.work, run.calls, tuple(accesses), run.rows, run.changes)


def generalise(key: str) -> str:
    """Replace what a partition key names by the fields of `PLACES`."""
    for pattern, field in PLACES:
        key = pattern.sub(field, key)
    return key
