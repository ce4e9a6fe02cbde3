"""A simulated deployment: requests, the runs that follow them, and what was measured of both."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.simulation.functions import Account, Duration, Function, ThrottledRun
from benchmarks.simulation.streams import Change, Stream
from benchmarks.simulation.tables import Bucket, Table, ThrottledRequest
from tests.support.capacity.footprints import EVERY_SHARD
from tests.support.capacity.limits import EXECUTIONS, PARTITION_READ_UNITS, PARTITION_WRITE_UNITS
from tests.support.costs.runs import Actor, Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import simpy

    from benchmarks.simulation import streams
    from benchmarks.simulation.functions import Hardware, Run
    from benchmarks.simulation.tables import Amount
    from tests.support.capacity.footprints import Access, Footprint, Step

    type Pair = tuple[Step, Step | None]
    """A run, and the one behind the stream that follows it."""

IMAGES_TABLE = "images"
PERCENTILE = 95
EVENT_RETRIES_SECONDS = (60.0, 120.0)
"""Lambda tries an event again after these times, if its run fails."""
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 1.0, 300.0
"""Lambda tries an event again after these times, and all between them, while no execution is free."""


@dataclass(frozen=True)
class Platform:
    """The limits and the speed of a deployment, on AWS or on the embedded stack."""

    durations: Mapping[Work, Duration]
    mapping: streams.Mapping
    partitions: int
    """Of the images table. Its stream has a shard for each. The keys of other tables are spread evenly."""
    public_shards: int
    partition_units: tuple[float, float] = (PARTITION_WRITE_UNITS, PARTITION_READ_UNITS)
    """Units that a partition writes and reads in a second."""
    executions: int = EXECUTIONS
    reserved: Mapping[Actor, int] = field(default_factory=dict)
    cold_seconds: Mapping[Actor, float] = field(default_factory=dict)
    requests_rate: float = math.inf
    requests_burst: float = math.inf
    """Of the gateway, for the method of the requests."""
    queues_requests: bool = False
    """True: requests and events wait in a queue for an execution, as in the emulator."""
    event_seconds: float = 0.0
    """From the end of a request until the bucket's event is there."""
    follow_seconds: float = 0.0
    """More for each further change in a batch."""
    patience_seconds: float = 4.0
    """Until a client of the table gives up."""
    spread: float = 0.0
    """Of the durations: the sigma of a log-normal distribution."""


@dataclass
class Results:
    """The figures that clients and operators see."""

    responses: list[float] = field(default_factory=list)
    """Seconds of each request that was carried out."""
    ready: list[float] = field(default_factory=list)
    """Seconds from each request until all runs that follow it directly have ended."""
    last_ready_at: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    written_units: float = 0.0
    units_per_second: float = 0.0
    """While the rate was held."""
    written_rows: int = 0
    failed_events: int = 0
    repeated_events: int = 0


class Deployment:
    """Runs footprints on a platform."""

    def __init__(self, env: simpy.Environment, platform: Platform, hardware: Hardware, seed: int = 1) -> None:
        self.env = env
        self.platform = platform
        self.hardware = hardware
        self.chance = Random(seed)  # noqa: S311 - repeatable
        self.results = Results()
        self.account = Account(platform.executions)
        self.functions = {
            actor: Function(
                env,
                self.account,
                platform.reserved.get(actor),
                platform.cold_seconds.get(actor, 0.0),
            )
            for actor in (Actor.API, Actor.PROCESSOR, Actor.CHANGES)
        }
        self.table = Table(platform.partitions, *platform.partition_units)
        self.stream = Stream(env, platform.mapping, self.functions[Actor.CHANGES], self._follow, self.chance)
        self._gateway = Bucket(platform.requests_rate, platform.requests_burst)

    def request(self, footprint: Footprint, names: Mapping[str, Any]) -> Run:
        """Send a request, and begin what follows it. `names` has the fields of the footprint's keys."""
        begun = self.env.now
        if not math.isinf(self._gateway.rate):
            if self._gateway.compute_wait(begun, 1):
                self.results.refusals["429"] += 1
                return
            self._gateway.take(begun, 1)
        first, *later = pair_steps(footprint.steps)
        try:
            yield from self._run(*first, names, waits=self.platform.queues_requests)
        except (ThrottledRun, ThrottledRequest) as error:
            self.results.refusals[type(error).__name__] += 1
            return
        self.results.responses.append(self.env.now - begun)
        if later:
            self.env.process(self._process(later, names, begun))

    def _process(self, steps: Sequence[Pair], names: Mapping[str, Any], begun: float) -> Run:
        for step, following in steps:
            yield self.env.timeout(self.platform.event_seconds)
            for pause in (*EVENT_RETRIES_SECONDS, None):
                try:
                    yield from self._deliver(step, following, names)
                    break
                except ThrottledRequest:
                    if pause is None:
                        self.results.failed_events += 1
                        return
                    self.results.repeated_events += 1
                    yield self.env.timeout(pause)
        self.results.ready.append(self.env.now - begun)
        self.results.last_ready_at = self.env.now

    def _deliver(self, step: Step, following: Step | None, names: Mapping[str, Any]) -> Run:
        """Run the function for an event, as soon as there is an execution. Raises ThrottledRequest."""
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            try:
                yield from self._run(step, following, names, waits=self.platform.queues_requests)
            except ThrottledRun:
                yield self.env.timeout(backoff * self.chance.uniform(0.5, 1))
                backoff = min(2 * backoff, MAX_BACKOFF_SECONDS)
            else:
                return

    def _run(self, step: Step, following: Step | None, names: Mapping[str, Any], *, waits: bool) -> Run:
        body = partial(self._execute, step, following, names)
        if step.actor is Actor.CLIENT:
            yield from body()
        else:
            yield from self.functions[step.actor].run(body, waits=waits)

    def _execute(self, step: Step, following: Step | None, names: Mapping[str, Any]) -> Run:
        yield from self.hardware.work(self._vary(self.platform.durations[step.work]))
        yield from self._access(self._list_amounts(step, names))
        self._tell(str(names["image"]), step, following, names)

    def _tell(self, image: str, step: Step, following: Step | None, names: Mapping[str, Any]) -> None:
        """Put the rows that a run changed into the stream."""
        if step.rows:
            self.results.written_rows += step.rows
            changes = [Change(self.env.now, ()) for _ in range(step.changes)]
            if following:
                amounts = self._list_amounts(following, names)
                changes[0] = Change(self.env.now, amounts, following.rows)
            others = [Change(self.env.now)] * (step.rows - step.changes)
            self.stream.add(self.table.locate(f"IMAGE#{image}"), image, changes + others)

    def _follow(self, changes: Sequence[Change]) -> Run:
        """Run the function behind the stream for a batch. Raises ThrottledRequest."""
        duration = self.platform.durations[Work.FOLLOW]
        more = (len(changes) - 1) * self.platform.follow_seconds
        yield from self.hardware.work(self._vary(replace(duration, processor=duration.processor + more)))
        yield from self._access([amount for change in changes for amount in change.amounts or ()])
        if rows := sum(change.rows for change in changes):
            self.results.written_rows += rows
            self.stream.add(0, "", [Change(self.env.now)] * rows)  # no function follows these

    def _access(self, amounts: Sequence[Amount]) -> Run:
        """Wait until the table has taken what a run reads and writes. Raises ThrottledRequest."""
        patience = self.platform.patience_seconds
        try:
            wait = self.table.take(self.env.now, amounts, patience)
        except ThrottledRequest:
            yield self.env.timeout(patience)
            raise
        if wait:
            yield self.env.timeout(wait)
        self.results.written_units += sum(writes for _, _, writes in amounts)

    def _list_amounts(self, step: Step, names: Mapping[str, Any]) -> list[Amount]:
        return [
            (key, access.reads, access.writes)
            for access in step.accesses
            if access.table == IMAGES_TABLE
            for key in self._list_keys(access, names)
        ]

    def _list_keys(self, access: Access, names: Mapping[str, Any]) -> Iterator[str]:
        if EVERY_SHARD in access.key:
            for shard in range(self.platform.public_shards):
                yield access.key.replace(EVERY_SHARD, str(shard))
        elif access.keys > 1:
            for image in names["images"][: access.keys]:
                yield access.key.format_map({**names, "image": image})
        else:
            yield access.key.format_map(names)

    def _vary(self, duration: Duration) -> Duration:
        if not self.platform.spread:
            return duration
        factor = self.chance.lognormvariate(-(self.platform.spread**2) / 2, self.platform.spread)
        return Duration(duration.processor * factor, duration.waiting * factor, duration.emulator * factor)


def get_percentile(values: Sequence[float]) -> float:
    """Return the value that 95 % do not exceed."""
    return sorted(values)[(len(values) - 1) * PERCENTILE // 100]


def pair_steps(steps: Sequence[Step]) -> list[Pair]:
    """Put each run together with the run behind the stream that follows it, if there is one."""
    pairs: list[Pair] = []
    for step in steps:
        if step.actor is not Actor.CHANGES:
            pairs.append((step, None))
        else:
            last = max(index for index, (before, _) in enumerate(pairs) if before.changes)
            pairs[last] = (pairs[last][0], step)
    return pairs
