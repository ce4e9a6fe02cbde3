"""The stream of a table: a shard for each partition, and batches of changes for the function behind it."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.simulation.tables import ThrottledRequest, hash_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    import simpy

    from benchmarks.simulation.functions import Function, Run
    from benchmarks.simulation.tables import Amount

    type Lane = tuple[int, int]

RETRY_SECONDS = 1.0


class Change(NamedTuple):
    """A changed row, and what the function behind the stream reads and writes for it."""

    at: float
    amounts: Sequence[Amount] | None = None
    """None: the filters leave this row out."""
    rows: int = 0
    """So many further rows change because of it."""


@dataclass(frozen=True)
class Mapping:
    """The way from the shards to the function: an event source mapping."""

    batch_size: int
    lanes: int
    """Batches of one shard at once. All changes of a key are in one lane, in their order."""
    poll_seconds: float
    """Between two looks at a lane that was empty."""
    filters_first: bool = True
    """False: a batch is filled before rows without a follower are left out."""


@dataclass
class Stream:
    """Brings changes to the function. A batch that fails comes again, and holds up those behind it."""

    env: simpy.Environment
    mapping: Mapping
    function: Function
    handle: Callable[[Sequence[Change]], Run]
    chance: Random
    lags: list[float] = field(default_factory=list)
    """Seconds from each change until it was followed."""
    batches: int = 0
    _lanes: defaultdict[Lane, deque[Change]] = field(default_factory=lambda: defaultdict(deque))
    _busy: set[Lane] = field(default_factory=set)

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lanes.values()))

    def add(self, shard: int, key: str, changes: Sequence[Change]) -> None:
        """Add rows that one request changed."""
        lane = shard, hash_key(key) % self.mapping.lanes
        if self.mapping.filters_first:
            changes = [change for change in changes if change.amounts is not None]
        if not changes:
            return
        self._lanes[lane] += changes
        if lane not in self._busy:
            self._busy.add(lane)
            self.env.process(self._read(lane))

    def _read(self, lane: Lane) -> Run:
        """Read a lane until it is empty."""
        waiting = self._lanes[lane]
        yield self.env.timeout(self.chance.uniform(0, self.mapping.poll_seconds))
        while waiting:
            batch = [waiting[index] for index in range(min(len(waiting), self.mapping.batch_size))]
            followed = [change for change in batch if change.amounts is not None]
            try:
                if followed:
                    yield from self.function.run(partial(self.handle, followed), waits=True)
                    self.batches += 1
            except ThrottledRequest:
                yield self.env.timeout(RETRY_SECONDS)
                continue
            self.lags += [self.env.now - change.at for change in followed]
            for _ in batch:
                waiting.popleft()
        self._busy.discard(lane)
        del self._lanes[lane]
