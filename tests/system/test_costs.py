from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from shared.models import Visibility
from tests.conftest import TABLES
from tests.support.costs.meter import Meter
from tests.support.costs.operations import (
    FORMATS,
    OPERATIONS,
    Measured,
    measure,
    measure_all,
    upload,
)
from tests.support.costs.prices import PRICES, Part
from tests.support.costs.runs import DURATIONS, Actor, Cost, Run, Work
from tests.support.costs.tables import COST_TABLES, bind_tables, make_calls, make_operations
from tests.support.costs.world import TAGS, World, run_deployment
from tests.support.documents import ROOT, write_tables
from tests.support.dynamodb.capacity import KB, Consumption, measure_item

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.dynamodb.engine import Engine

COSTS = (ROOT / "docs/costs.md", ROOT / "docs/cdn.md")
MARGIN_BYTES = 16
"""Numbers and times may make a row some bytes longer or shorter."""


@dataclass(frozen=True)
class Measurement:
    """Everything that is measured for the tests here, in one deployment."""

    measured: Measured
    repeated: dict[str, Cost]
    uploads: dict[str, list[Cost]]
    """By their formats: private, then public."""
    untagged: list[Cost]
    """Without tags: private, then public."""
    row_sizes: set[int]
    trashed_sizes: set[int]
    """Of the records in the trash."""


@pytest.fixture(scope="module")
def measurement(engine: Engine) -> Measurement:
    with run_deployment(engine) as deployment:
        world = World(Meter(deployment))
        measured = measure_all(world)
        measurement = Measurement(
            measured,
            {name: measure(world, name, act) for name, act in OPERATIONS.items()},
            {
                how: [measure_upload(world, visibility, how=how) for visibility in Visibility]
                for how in FORMATS
            },
            [measure_upload(world, visibility, tags=()) for visibility in Visibility],
            set(),
            set(),
        )
        for row in (row for table in TABLES for row in engine.list_items(table)):
            sizes = measurement.trashed_sizes if "M" in row.get("trash", {}) else measurement.row_sizes
            sizes.add(measure_item(row))
        return measurement


TAGGING_UNITS = 2
"""The row that says which tags of the image are counted. Without tags there is none."""


def measure_upload(
    world: World, visibility: Visibility, *, how: str = "form", tags: tuple[str, ...] = TAGS
) -> Cost:
    return measure(world, "", partial(upload, visibility=visibility, how=how, tags=tags))


@pytest.mark.parametrize("document", COSTS, ids=lambda path: path.name)
def test_costs_are_those_of_the_document(measurement: Measurement, document: Path) -> None:
    """If this fails, run `make docs`, and say in the commit why it costs more."""
    text = document.read_text()
    assert write_tables(text, bind_tables(measurement.measured)) == text


def test_operation_costs_the_same_each_time(measurement: Measurement) -> None:
    assert measurement.repeated == measurement.measured.costs


def test_format_of_an_upload_changes_no_call_and_no_unit(measurement: Measurement) -> None:
    assert len(measurement.uploads) == 3
    assert measurement.uploads["JSON"] == measurement.uploads["form"]
    assert measurement.uploads["raw"] == measurement.uploads["form"]


def test_each_tag_takes_as_many_write_units_as_the_document_says(measurement: Measurement) -> None:
    found = {}
    for visibility, untagged in zip(Visibility, measurement.untagged, strict=True):
        tagged = measurement.measured.costs[f"Upload, {visibility}"]
        units = untagged.bill[Part.WRITE_UNIT]
        found[visibility] = (units, (tagged.bill[Part.WRITE_UNIT] - units - TAGGING_UNITS) / len(TAGS))
    assert found == {"public": (19, 10), "private": (11, 4)}
    assert "a public image takes 21 + 10t units, and a private one 13 + 4t" in COSTS[0].read_text()


def test_what_follows_a_deletion_takes_as_many_write_units_as_the_document_says(
    measurement: Measurement,
) -> None:
    text = COSTS[0].read_text()
    for kind, units in (("", 2), (" with `RecoveryDays`", 3)):
        for visibility in Visibility:
            runs = measurement.measured.costs[f"Deletion{kind}, {visibility}"].runs
            single = [
                each
                for run in runs
                if run.actor is Actor.CHANGES
                for each in run.capacity
                if each.operation in {"PutItem", "UpdateItem"}
            ]
            assert sum(each.write_units for each in single) == units
    assert "so that nothing is given back twice, and the counter | 2 |" in text
    assert "for the erasure of its user, of one unit (and a read of one) | 3 |" in text


@pytest.mark.parametrize("operation", OPERATIONS)
def test_one_more_call_or_unit_is_seen(measurement: Measurement, operation: str) -> None:
    cost = measurement.measured.costs[operation]
    for position, run in enumerate(cost.runs):
        for more in (
            replace(run, calls=(*run.calls, "s3.HeadObject")),
            replace(run, calls=(*run.calls, "s3.DeleteObject")),
            replace(run, calls=(*run.calls, "dynamodb.GetItem")),
        ):
            assert show(measurement, cost, position, more) != show(measurement, cost, position, run)
        for units in ((0.5, 0), (0, 1)):
            more = replace(run, capacity=(*run.capacity, Consumption("Query", "images", *units)))
            assert show(measurement, cost, position, more) != show(measurement, cost, position, run)
    assert show(measurement, cost, len(cost.runs), make_run()) != show(measurement, cost, 0, cost.runs[0])


def make_run() -> Run:
    return Run(Actor.PROCESSOR, Work.PROCESS, ())


def show(measurement: Measurement, cost: Cost, position: int, run: Run) -> str:
    """The tables, with another run at this position of an operation."""
    runs = (*cost.runs[:position], run, *cost.runs[position + 1 :])
    costs = {**measurement.measured.costs, cost.name: replace(cost, runs=runs)}
    changed = replace(measurement.measured, costs=costs)
    return make_calls(changed) + make_operations(changed)


def test_no_row_is_so_close_to_the_next_unit_that_a_measurement_may_differ(measurement: Measurement) -> None:
    assert max(measurement.row_sizes) < KB, "a record takes one unit"
    assert min(measurement.trashed_sizes) > KB, "a record in the trash takes two"
    sizes = measurement.row_sizes | measurement.trashed_sizes
    assert all(MARGIN_BYTES < size % KB < KB - MARGIN_BYTES for size in sizes)


def test_every_part_has_a_price_and_every_kind_of_run_a_duration() -> None:
    assert PRICES.keys() == {*Part}
    assert DURATIONS.keys() == {*Work} - {Work.TRANSFER}
    shown = "".join(path.read_text() for path in COSTS)
    assert len(COST_TABLES) == shown.count("<!-- table: cost_")
