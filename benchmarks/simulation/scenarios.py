"""Scenarios of docs/scaling.md: requests at a rate, on AWS, with settings that carry them or do not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import simpy

from benchmarks.simulation.cloud import Setting, make_platform
from benchmarks.simulation.deployment import Deployment, get_percentile
from benchmarks.simulation.functions import Cloud
from tests.support.costs.runs import Actor
from tests.support.markdown import format_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.simulation.functions import Run
    from tests.support.capacity.footprints import Footprint, Footprints

UPLOAD, PAGE = "Upload, public", "Page, anonymous"
NEWEST = [f"newest-{number}" for number in range(20)]
"""The images of the first page, which everybody reads."""
RAMP_SECONDS = 5.0
HOLD_SECONDS, SHORT_SECONDS = 120.0, 15.0
END_SECONDS = 900.0
"""After the last request, for all that follows it."""
USERS = 100_000
LARGE = Setting(
    partitions=120,
    executions=2500,
    parameters={
        "PostRateLimit": 1200,
        "PostBurstLimit": 2400,
        "PublicShards": 16,
        "ApiConcurrency": 400,
        "ProcessorConcurrency": 1500,
    },
)
"""For 1,000 uploads a second."""
MANY_PAGES = Setting(partitions=64, parameters={"ThrottlingRateLimit": 2500, "ThrottlingBurstLimit": 5000})
"""For 1,000 pages a second."""


@dataclass(frozen=True)
class Scenario:
    """Requests at a rate, for some seconds. In the first `pause_seconds` no function follows the stream."""

    name: str
    rate: float
    setting: Setting = field(default_factory=Setting)
    seconds: float = HOLD_SECONDS
    pause_seconds: float = 0.0
    operation: str = UPLOAD


def vary(**parameters: float) -> Setting:
    """Return the large setting with other parameters."""
    return replace(LARGE, parameters={**LARGE.parameters, **parameters})


SCENARIOS = (
    Scenario("Defaults, new table", 50),
    Scenario("Defaults, new table", 95),
    Scenario("Defaults, table that has grown", 95, Setting(partitions=16)),
    Scenario("Defaults, table that has grown", 150, Setting(partitions=16)),
    Scenario("Large", 1000, LARGE, SHORT_SECONDS),
    Scenario("Large, with the default `PublicShards`", 1000, vary(PublicShards=4), SHORT_SECONDS),
    Scenario("Large, with 40 partitions", 1000, replace(LARGE, partitions=40), SHORT_SECONDS),
    Scenario(
        "Large, with 500 executions of the processor", 1000, vary(ProcessorConcurrency=500), SHORT_SECONDS
    ),
    Scenario("Large, nothing follows the stream for 10 s", 1000, LARGE, SHORT_SECONDS, 10),
    Scenario("Pages, defaults, new table", 250, operation=PAGE),
    Scenario("Pages, defaults, new table", 450, operation=PAGE),
    Scenario("Many pages", 1000, MANY_PAGES, SHORT_SECONDS, operation=PAGE),
    Scenario("Many pages", 2000, MANY_PAGES, SHORT_SECONDS, operation=PAGE),
)


def simulate(scenario: Scenario, footprint: Footprint) -> Deployment:
    """Let the rate grow, hold it, and wait for what is left."""
    env = simpy.Environment()
    platform = make_platform(scenario.setting, "Post" if footprint.write_units else "Throttling")
    deployment = Deployment(env, platform, Cloud(env))
    env.process(arrive(deployment, footprint, scenario))
    env.run(RAMP_SECONDS)
    before, follower = deployment.results.written_units, deployment.functions[Actor.CHANGES]
    if scenario.pause_seconds:
        follower.is_paused = True
        env.run(RAMP_SECONDS + scenario.pause_seconds)
        follower.is_paused = False
        follower.dispatch()
    env.run(RAMP_SECONDS + scenario.seconds)
    deployment.results.units_per_second = (deployment.results.written_units - before) / scenario.seconds
    env.run(RAMP_SECONDS + scenario.seconds + END_SECONDS)
    return deployment


def arrive(deployment: Deployment, footprint: Footprint, scenario: Scenario) -> Run:
    """Send requests at random times."""
    env, chance, number = deployment.env, deployment.chance, 0
    while env.now < RAMP_SECONDS + scenario.seconds:
        share = min(1.0, max(0.05, env.now / RAMP_SECONDS))
        yield env.timeout(chance.expovariate(scenario.rate * share))
        number += 1
        env.process(deployment.request(footprint, name_request(deployment, number)))


def name_request(deployment: Deployment, number: int) -> Mapping[str, Any]:
    """Name a request of any user. Every image has the same three tags, which is the worst case."""
    return {
        "image": f"image-{number}",
        "images": NEWEST,
        "digest": f"digest-{number}",
        "user": f"user-{deployment.chance.randrange(USERS)}",
        "shard": deployment.chance.randrange(deployment.platform.public_shards),
        "tags": ("one", "two", "three"),
    }


def make_scenarios(footprints: Footprints, scenarios: Sequence[Scenario] = SCENARIOS) -> str:
    """Make a table of scenarios."""
    head = (
        *(
            "Setting",
            "Requests/s",
            "For, s",
            "Refused",
            "Response, s",
            "Ready, s",
            "Tried again",
            "Followed, s",
        ),
        *("Executions of API, processor, changes", "Write units/s"),
    )
    rows = [
        describe(scenario, simulate(scenario, footprints.of[scenario.operation])) for scenario in scenarios
    ]
    return format_table(head, rows)


def describe(scenario: Scenario, deployment: Deployment) -> tuple[str, ...]:
    """Return the cells of a scenario. Times are 95th percentiles."""
    results, functions = deployment.results, deployment.functions
    refused = results.refusals.total()
    peaks = (functions[actor].peak for actor in (Actor.API, Actor.PROCESSOR, Actor.CHANGES))
    return (
        scenario.name,
        f"{scenario.rate:,.0f}",
        f"{scenario.seconds:,.0f}",
        f"{refused / (refused + len(results.responses)):.1%}",
        format_percentile(results.responses),
        format_percentile(results.ready),
        f"{results.repeated_events:,}",
        format_percentile(deployment.stream.lags),
        ", ".join(f"{peak:,}" for peak in peaks),
        f"{results.units_per_second:,.0f}",
    )


def format_percentile(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{get_percentile(values):.2f}"
