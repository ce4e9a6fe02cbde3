"""The rates that the limits of AWS carry, and the simulation of more than that."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import scaling
from benchmarks.simulation import streams
from benchmarks.simulation.cloud import Setting
from benchmarks.simulation.deployment import pair_steps
from benchmarks.simulation.embedded import Measured, derive_platform, simulate_arrivals
from benchmarks.simulation.functions import Account, Function, ThrottledRun
from benchmarks.simulation.scenarios import LARGE, UPLOAD, Scenario, simulate
from benchmarks.simulation.streams import Change, Stream
from benchmarks.simulation.tables import Bucket, Table, ThrottledRequest
from tests.support.capacity.footprints import Footprints, measure_footprints
from tests.support.capacity.limits import NEW_TABLE_PARTITIONS, PARTITION_WRITE_UNITS
from tests.support.capacity.tables import (
    CAPACITY_OPERATIONS,
    READ_LIMITS,
    READS,
    UPLOAD_LIMITS,
    UPLOADS,
    Limit,
    bind_capacity_tables,
)
from tests.support.costs.meter import Meter
from tests.support.costs.operations import OPERATIONS, measure
from tests.support.costs.prices import Part
from tests.support.costs.runs import Actor
from tests.support.costs.world import World, run_deployment
from tests.support.documents import ROOT, list_tables, write_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.simulation.functions import Run
    from tests.support.dynamodb.engine import Engine

SCALING = ROOT / "docs/scaling.md"
FEW, MANY = 0.8, 1.25
"""Of a limit: what is well below, and well above it."""
COLD_SHARE = 0.7
"""Executions that begin take longer, so fewer are there for others."""


@pytest.fixture(scope="module")
def footprints(engine: Engine) -> Footprints:
    return measure_footprints(CAPACITY_OPERATIONS, engine)


def get_rate(name: str, footprints: Footprints) -> float:
    (limit,) = (each for each in UPLOAD_LIMITS if each.name == name)
    rate = limit.carry(footprints.of[UPLOAD])
    assert rate
    return rate


def test_tables_are_those_of_the_document(footprints: Footprints) -> None:
    """If this fails, run `make docs`, and say in the commit what carries less now."""
    tables = bind_capacity_tables(footprints)
    assert {*tables} == {*list_tables(SCALING)}
    text = SCALING.read_text()
    assert write_tables(text, tables) == text


def test_footprint_has_the_units_that_the_operation_costs(footprints: Footprints, engine: Engine) -> None:
    with run_deployment(engine) as deployment:
        world = World(Meter(deployment))
        world.fill()
        for name in CAPACITY_OPERATIONS:
            bill = measure(world, name, OPERATIONS[name]).bill
            footprint = footprints.of[name]
            assert footprint.write_units == bill[Part.WRITE_UNIT], name
            assert footprint.read_units == bill[Part.READ_UNIT], name


def test_footprints_name_kinds_of_keys_and_no_image_or_user(footprints: Footprints) -> None:
    accesses = [access for name in CAPACITY_OPERATIONS for access in footprints.of[name].accesses]
    assert {access.key for access in accesses if "{" not in access.key} == set()
    assert all(not any(part.isdigit() for part in access.key.split("#")) for access in accesses)
    assert {access.key for access in accesses} >= {"PUBLIC#{shard}", "PUBLIC#{every}", "IMAGE#{image}"}


def test_each_run_behind_the_stream_follows_a_run_that_changed_an_image(footprints: Footprints) -> None:
    for name in UPLOADS:
        steps = footprints.of[name].steps
        pairs = pair_steps(steps)
        assert [step for step, _ in pairs] == [step for step in steps if step.actor is not Actor.CHANGES]
        followed = [(step, following) for step, following in pairs if following]
        assert len(followed) == len(steps) - len(pairs) > 0
        assert all(step.changes for step, _ in followed)


@pytest.mark.parametrize("limit", [*UPLOAD_LIMITS, *READ_LIMITS], ids=lambda limit: limit.name)
def test_every_limit_ends_something(footprints: Footprints, limit: Limit) -> None:
    names = UPLOADS if limit in UPLOAD_LIMITS else READS
    assert any(limit.carry(footprints.of[name]) for name in names)


@given(
    st.floats(1, 5000), st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 3000)), min_size=1, max_size=50)
)
def test_bucket_never_gives_more_than_its_rate_and_its_store(
    rate: float, requests: Sequence[tuple[float, float]]
) -> None:
    bucket, now, free_at, given_units = Bucket(rate), 0.0, 0.0, 0.0
    for pause, amount in requests:
        now += pause
        free_at = now + bucket.compute_wait(now, amount)
        bucket.take(now, amount)
        given_units += amount
        assert given_units <= rate + rate * free_at * (1 + 1e-9) + 1e-6


def test_table_takes_nothing_of_a_request_that_one_partition_refuses() -> None:
    table = Table(2)
    one, other = (next(key for key in map(str, range(9)) if table.locate(key) == place) for place in (0, 1))
    assert table.take(0, [(one, 0, PARTITION_WRITE_UNITS)], patience_seconds=0) == 0
    with pytest.raises(ThrottledRequest):
        table.take(0, [(one, 0, 1), (other, 0, PARTITION_WRITE_UNITS)], patience_seconds=0)
    assert table.take(0, [(other, 0, PARTITION_WRITE_UNITS)], patience_seconds=0) == 0


@pytest.mark.parametrize(
    ("limit", "setting", "scale"),
    [
        ("Writes of a new table", Setting(parameters={"PostRateLimit": 9000, "PostBurstLimit": 9000}), 1),
        (
            "Writes of the busiest listing of all users",
            Setting(64, 9000, {**LARGE.parameters, "PublicShards": 1, "ApiConcurrency": 0}),
            1 / 4,
        ),
        ("Requests that the stage takes", Setting(partitions=64), 1),
        (
            "Executions at once",
            Setting(64, 100, {"PublicShards": 64, "PostRateLimit": 9000, "PostBurstLimit": 9000}),
            COLD_SHARE / 10,
        ),
    ],
)
def test_simulation_agrees_with_the_computed_limit(
    footprints: Footprints, limit: str, setting: Setting, scale: float
) -> None:
    """Two ways to the same figure: divisions of the footprint, and a run of its parts in time."""
    rate, footprint = get_rate(limit, footprints) * scale, footprints.of[UPLOAD]
    few = simulate(Scenario("few", rate * FEW, setting), footprint)
    many = simulate(Scenario("many", rate * MANY, setting), footprint)
    assert few.results.refusals.total() == 0
    is_slow = sum(many.results.ready) / len(many.results.ready) > 1.5 * sum(few.results.ready) / len(
        few.results.ready
    )
    assert many.results.refusals or is_slow


def test_simulation_ends_what_it_has_begun(footprints: Footprints) -> None:
    footprint = footprints.of[UPLOAD]
    deployment = simulate(Scenario("paused", 60, Setting(), pause_seconds=8), footprint)
    uploads = len(deployment.results.responses)
    assert len(deployment.results.ready) == uploads > 500
    assert deployment.results.written_units == uploads * footprint.write_units
    assert deployment.results.written_rows == uploads * footprint.rows
    assert len(deployment.stream.lags) == uploads * sum(step.changes for step in footprint.steps)
    assert deployment.stream.waiting == deployment.results.failed_events == 0
    assert deployment.account.running == 0
    assert max(deployment.stream.lags) > 8


def test_uploads_that_the_table_held_up_become_ready_all_the_same(footprints: Footprints) -> None:
    results = simulate(Scenario("slow", 110, Setting(), 60), footprints.of[UPLOAD]).results
    assert results.repeated_events > 0 == results.failed_events
    assert len(results.ready) == len(results.responses)
    assert results.units_per_second <= NEW_TABLE_PARTITIONS * PARTITION_WRITE_UNITS


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({"PublicShard": 8}, "PublicShard"), ({"Cdn": 1}, "Cdn"), ({"ApiConcurrency": 901}, "100 executions")],
)
def test_setting_that_no_deployment_can_have_is_refused(parameters: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Setting(parameters=parameters)


def test_command_simulates_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    scaling.main("--rate", "20", "--set", "PublicShards=2", "--operation", "Page, anonymous")
    head, _, row = capsys.readouterr().out.strip().splitlines()
    cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
    assert (cells["| Setting"], cells["Requests/s"], cells["Refused"]) == ("| Page, anonymous", "20", "0.0%")


def test_embedded_stack_is_simulated_with_its_own_speed(footprints: Footprints) -> None:
    """An upload alone sees the times that were measured. Many have no more than the processors give."""
    used = {
        "client": 0.004,
        "emulator": 0.04,
        Actor.API: 0.01,
        Actor.PROCESSOR: 0.1,
        Actor.CHANGES: 0.01,
    }
    slow = Measured([0.05] * 9, [0.25] * 9, 1.0, 0)
    platform = derive_platform(footprints.of[UPLOAD], used, slow)
    alone = simulate_arrivals(platform, footprints.of[UPLOAD], [0.0])
    assert alone.responses == pytest.approx([0.05], rel=0.1)
    assert alone.ready == pytest.approx([0.25], rel=0.1)
    many = simulate_arrivals(platform, footprints.of[UPLOAD], [0.0] * 80)
    assert len(many.ready) == 80
    until_ready = sum(used.values()) - used[Actor.CHANGES]
    assert many.seconds > 80 * until_ready * 0.9 / (os.cpu_count() or 1)
    assert many.batches < alone.batches * 80


@given(st.integers(0, 10**6), st.integers(1, 5), st.booleans())
def test_changes_of_a_key_are_followed_in_their_order_and_none_is_lost(
    seed: int, lanes: int, filters_first: bool
) -> None:
    env, chance = simpy.Environment(), random.Random(seed)  # noqa: S311 - repeatable
    followed: list[Any] = []

    def handle(changes: Sequence[Change]) -> Run:
        yield env.timeout(chance.random())
        if chance.random() < 0.3:
            raise ThrottledRequest
        followed.extend(change.amounts for change in changes)

    function = Function(env, Account(chance.randrange(1, 4)))
    mapping = streams.Mapping(chance.randrange(1, 8), lanes, 0.25, filters_first=filters_first)
    stream = Stream(env, mapping, function, handle, chance)
    sent: dict[str, list[Any]] = {key: [] for key in "abcd"}

    def send() -> Run:
        for number in range(40):
            key = chance.choice("abcd")
            changed: Any = [(f"{key}{number}", 0, 0)]
            sent[key].append(changed)
            stream.add(chance.randrange(1), key, [Change(env.now, changed), Change(env.now)])
            yield env.timeout(chance.random() / 5)

    env.process(send())
    env.run()
    assert len(followed) == 40 == len(stream.lags)
    for key, changes in sent.items():
        assert [each for each in followed if each[0][0].startswith(key)] == changes


@given(st.integers(1, 6), st.integers(1, 30), st.booleans())
def test_function_never_runs_more_at_once_than_it_may(limit: int, runs: int, waits: bool) -> None:
    env = simpy.Environment()
    function = Function(env, Account(limit), cold_seconds=0.1)
    ended = refused = 0

    def work() -> Run:
        assert function.running <= limit
        yield env.timeout(1)

    def call() -> Run:
        nonlocal ended, refused
        try:
            yield from function.run(work, waits=waits)
            ended += 1
        except ThrottledRun:
            refused += 1

    for _ in range(runs):
        env.process(call())
    env.run()
    assert function.peak == min(limit, runs)
    assert (ended, refused) == ((runs, 0) if waits else (min(limit, runs), max(0, runs - limit)))
    assert function.running == function.account.running == 0
