"""The embedded stack as a platform: two processors for everything, and one emulated AWS."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple, Self

import simpy

from benchmarks.simulation import streams
from benchmarks.simulation.deployment import Deployment, Platform, get_percentile
from benchmarks.simulation.functions import Duration, Machine
from tests.support.costs.runs import Actor, Work
from tests.support.costs.world import TAGS, get_default

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.simulation.functions import Run
    from tests.support.capacity.footprints import Footprint, Step

FUNCTIONS = (Actor.API, Actor.PROCESSOR, Actor.CHANGES)
POLL_SECONDS = 0.05
"""A write wakes the part of the emulator that reads streams. It rests so long between two looks."""
BATCH_ROWS = 100
UNLIMITED = 1e9
ENVIRONMENTS_PER_PROCESSOR = 4
"""As `local.emulator.functions` sets it."""


class Usage(NamedTuple):
    """The runs, rows and units of an upload."""

    api_runs: float
    processor_runs: float
    changes_runs: float
    rows: float
    write_units: float

    @classmethod
    def of(cls, footprint: Footprint) -> Self:
        api, processor, changes = (
            sum(step.actor is actor for step in footprint.steps) for actor in FUNCTIONS
        )
        return cls(api, processor, changes, footprint.rows, footprint.write_units)


@dataclass(frozen=True)
class Measured:
    """The figures of clients: seconds of each upload until its response, and until its image was ready."""

    responses: Sequence[float]
    ready: Sequence[float]
    seconds: float
    """Until the last image was ready."""
    batches: int
    """Runs behind the stream."""

    def compare(self, other: Measured) -> Mapping[str, tuple[float, float]]:
        """Return the figures of both."""
        return {name: (value, other.figures[name]) for name, value in self.figures.items()}

    @property
    def figures(self) -> Mapping[str, float]:
        return {
            "ready/s": len(self.ready) / self.seconds,
            "response p50": statistics.median(self.responses),
            "p95": get_percentile(self.responses),
            "until ready p50": statistics.median(self.ready),
            "p95 ": get_percentile(self.ready),
            "runs behind the stream": self.batches,
        }


def derive_platform(footprint: Footprint, used: Mapping[str, float], slow: Measured) -> Platform:
    """Derive the time of each run from the processor seconds of an upload without haste, by process.

    Each call of a run, and its start, take the same time of the emulator. The rest of the measured time is
    waiting.
    """
    steps = {step.actor: step for step in reversed(footprint.steps)}
    shares = share_emulator(footprint)
    emulator = used["emulator"]
    response, ready = statistics.median(slow.responses), statistics.median(slow.ready)
    upload = Duration(used[Actor.API] + used["client"], emulator=emulator * shares[Actor.API])
    process = Duration(used[Actor.PROCESSOR], emulator=emulator * shares[Actor.PROCESSOR])
    runs = Usage.of(footprint).changes_runs
    return Platform(
        durations={
            steps[Actor.API].work: add_waiting(upload, response),
            steps[Actor.PROCESSOR].work: add_waiting(process, ready - response),
            Work.FOLLOW: Duration(
                used[Actor.CHANGES] / runs, emulator=emulator * shares[Actor.CHANGES] / runs
            ),
        },
        mapping=streams.Mapping(BATCH_ROWS, 1, POLL_SECONDS, filters_first=False),
        partitions=1,
        public_shards=int(get_default("PublicShards")),
        partition_units=(UNLIMITED, UNLIMITED),
        reserved=dict.fromkeys(FUNCTIONS, ENVIRONMENTS_PER_PROCESSOR * (os.cpu_count() or 1)),
        queues_requests=True,
    )


def add_waiting(duration: Duration, seconds: float) -> Duration:
    """Return the duration with so much waiting that it takes these seconds."""
    waiting = seconds - duration.processor - duration.emulator
    return Duration(duration.processor, max(0.0, waiting), duration.emulator)


def share_emulator(footprint: Footprint) -> Mapping[Actor, float]:
    """Return each function's share of the calls of an operation and of the starts of its runs."""

    def weigh(step: Step) -> int:
        return len(step.calls) + 1

    total = sum(map(weigh, footprint.steps))
    return {
        actor: sum(weigh(step) for step in footprint.steps if step.actor is actor) / total
        for actor in FUNCTIONS
    }


def draw_arrivals(rate: float, seconds: float, seed: int = 1) -> list[float]:
    """Draw the moments of requests that come at random, at this rate a second."""
    chance = Random(seed)  # noqa: S311 - repeatable
    arrivals = [chance.expovariate(rate)]
    while arrivals[-1] < seconds:
        arrivals.append(arrivals[-1] + chance.expovariate(rate))
    return arrivals


def simulate_arrivals(platform: Platform, footprint: Footprint, arrivals: Sequence[float]) -> Measured:
    """Let uploads come at these moments, and wait for all that follows."""
    env = simpy.Environment()
    deployment = Deployment(env, platform, Machine(env, os.cpu_count() or 1))

    def upload(number: int, at: float) -> Run:
        yield env.timeout(at)
        image = f"image-{number}"
        names = {"image": image, "user": image, "digest": image, "shard": 0, "tags": TAGS}
        yield from deployment.request(footprint, names)

    for each in enumerate(arrivals):
        env.process(upload(*each))
    env.run()
    results = deployment.results
    return Measured(results.responses, results.ready, results.last_ready_at, deployment.stream.batches)
