"""A deployment on AWS as a platform: the template's parameters, and the durations of docs/costs.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.simulation import streams
from benchmarks.simulation.deployment import Platform
from benchmarks.simulation.functions import Duration
from tests.support.capacity.limits import EXECUTIONS, MIN_UNRESERVED_EXECUTIONS, NEW_TABLE_PARTITIONS
from tests.support.capacity.parameters import get_mapping, get_number, is_number
from tests.support.costs.runs import DURATIONS, MS_PER_SECOND, Actor

if TYPE_CHECKING:
    from collections.abc import Mapping

POLL_SECONDS = 0.25
"""Lambda looks at each shard of a stream four times a second."""
EVENT_SECONDS = 0.1
"""Until an event of the bucket has reached the queue of the function. An estimate."""
COLD_SECONDS = {Actor.API: 1.0, Actor.PROCESSOR: 1.5, Actor.CHANGES: 1.0}
"""From the first byte of an execution environment until its first run. Estimates, rounded up."""
FOLLOW_SECONDS = 0.01
"""For each further change in a batch: a write of its own in the transaction. An estimate."""
SPREAD = 0.3
"""Some runs take twice as long as others."""


@dataclass(frozen=True)
class Setting:
    """Parameters and quotas. The defaults are those of the template and of an account that is not new."""

    partitions: int = NEW_TABLE_PARTITIONS
    executions: int = EXECUTIONS
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for a parameter that is not there, and for more executions than there are."""
        if unknown := {name for name in self.parameters if not is_number(name)}:
            raise ValueError(f"the template has no number with the name {', '.join(sorted(unknown))}")
        if self.unreserved < MIN_UNRESERVED_EXECUTIONS:
            raise ValueError(f"{MIN_UNRESERVED_EXECUTIONS} executions of the account cannot be reserved")

    @property
    def unreserved(self) -> int:
        """The executions that are left for all functions without a reservation."""
        return self.executions - int(self.get("ApiConcurrency") + self.get("ProcessorConcurrency"))

    def get(self, parameter: str) -> float:
        return self.parameters.get(parameter, get_number(parameter))


def make_platform(setting: Setting, bounds: str) -> Platform:
    """Describe a deployment. The names of the parameters that bound the requests begin with `bounds`."""
    reserved = {
        Actor.API: int(setting.get("ApiConcurrency")),
        Actor.PROCESSOR: int(setting.get("ProcessorConcurrency")),
    }
    mapping = get_mapping()
    return Platform(
        durations={
            work: Duration(each.processor_ms / MS_PER_SECOND, each.waiting_ms / MS_PER_SECOND)
            for work, each in DURATIONS.items()
        },
        mapping=streams.Mapping(mapping["BatchSize"], mapping["ParallelizationFactor"], POLL_SECONDS),
        partitions=setting.partitions,
        public_shards=int(setting.get("PublicShards")),
        executions=setting.unreserved,
        reserved={actor: count for actor, count in reserved.items() if count},
        cold_seconds=COLD_SECONDS,
        requests_rate=setting.get(f"{bounds}RateLimit"),
        requests_burst=setting.get(f"{bounds}BurstLimit"),
        event_seconds=EVENT_SECONDS,
        follow_seconds=FOLLOW_SECONDS,
        spread=SPREAD,
    )
