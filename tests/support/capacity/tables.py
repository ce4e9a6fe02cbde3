"""Tables of docs/scaling.md: up to which rate each limit carries uploads, views and pages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.simulation.scenarios import make_scenarios
from operations import consistency
from tests.support.capacity.limits import (
    EXECUTIONS,
    GATEWAY_REQUESTS,
    NEW_ACCOUNT_EXECUTIONS,
    NEW_TABLE_PARTITIONS,
    NEW_TABLE_READ_UNITS,
    NEW_TABLE_WRITE_UNITS,
    PARTITION_BYTES,
    PARTITION_READ_UNITS,
    PARTITION_WRITE_UNITS,
    PREFIX_READS,
    PREFIX_WRITES,
    TABLE_READ_UNITS,
    TABLE_WRITE_UNITS,
)
from tests.support.capacity.parameters import get_mapping, get_number
from tests.support.costs.month import STORED_BYTES, make_row
from tests.support.costs.prices import GB, Part
from tests.support.costs.runs import DURATIONS, MS_PER_SECOND, Work
from tests.support.dynamodb.capacity import READ_UNIT_BYTES
from tests.support.markdown import format_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.capacity.footprints import Footprint, Footprints

UPLOADS = ("Upload, public", "Upload, private", "Direct upload, public")
READS = ("View of a thumbnail", "Page, anonymous", "Page, signed in")
CAPACITY_OPERATIONS = (*UPLOADS, *READS)
SECONDS_PER_MINUTE = 60
UNBOUND = "-"


@dataclass(frozen=True)
class Limit:
    """Something that carries so many operations in a second. None: an operation does not use it."""

    name: str
    carry: Callable[[Footprint], float | None]
    moved_by: str

    def make_cells(self, footprints: Sequence[Footprint], least: Sequence[float]) -> tuple[str, ...]:
        """Write the rates. That of the lowest limit is in bold."""
        rates = [self.carry(footprint) for footprint in footprints]
        cells = [
            UNBOUND if rate is None else f"**{rate:,.0f}**" if rate == lowest else f"{rate:,.0f}"
            for rate, lowest in zip(rates, least, strict=True)
        ]
        return (self.name, *cells, self.moved_by)


def divide(amount: float, use: float) -> float | None:
    return amount / use if use else None


def follow_changes(footprint: Footprint) -> float:
    """Seconds of the runs behind the stream, if each change has a run of its own."""
    changes = sum(step.changes for step in footprint.steps)
    return changes * DURATIONS[Work.FOLLOW].ms / MS_PER_SECOND


UPLOAD_LIMITS = (
    Limit(
        "Executions of a new account",
        lambda each: divide(NEW_ACCOUNT_EXECUTIONS, each.seconds),
        "quota `Concurrent executions`",
    ),
    Limit(
        "Requests that the stage takes",
        lambda _: get_number("PostRateLimit"),
        "`PostRateLimit`, `PostBurstLimit`",
    ),
    Limit(
        "Writes of a new table",
        lambda each: divide(NEW_TABLE_WRITE_UNITS, each.write_units),
        "warm throughput of the table, or its own growth",
    ),
    Limit(
        "Batches behind the stream of a new table, with one change each",
        lambda each: divide(
            NEW_TABLE_PARTITIONS * get_mapping()["ParallelizationFactor"], follow_changes(each)
        ),
        "the growth of the table: each partition has a shard",
    ),
    Limit(
        "Writes of the busiest listing of all users",
        lambda each: divide(
            get_number("PublicShards") * PARTITION_WRITE_UNITS, each.get_most_written("shard")
        ),
        "`PublicShards`, which may grow and never shrink",
    ),
    Limit(
        "Writes of a tag that all public images have",
        lambda each: divide(
            get_number("PublicShards") * PARTITION_WRITE_UNITS, each.get_most_written("tags")
        ),
        "`PublicShards`",
    ),
    Limit(
        "Executions at once",
        lambda each: divide(EXECUTIONS, each.seconds),
        "quota `Concurrent executions`; `ApiConcurrency` and `ProcessorConcurrency` share them out",
    ),
    Limit(
        "Writes of the table",
        lambda each: divide(TABLE_WRITE_UNITS, each.write_units),
        "quota `Table-level write throughput`",
    ),
    Limit(
        "Writes to the bucket, before S3 has split its prefixes",
        lambda each: divide(PREFIX_WRITES, each.count_calls(Part.S3_WRITE)),
        "none needed: S3 splits them in minutes",
    ),
    Limit("Requests of the account", lambda _: GATEWAY_REQUESTS, "quota `Throttle rate`"),
    Limit(
        "One user alone",
        lambda _: get_number("UserWritesPerMinute") / SECONDS_PER_MINUTE,
        "`UserWritesPerMinute`, `UserWriteBurst`",
    ),
)
READ_LIMITS = (
    Limit(
        "Requests that the stage takes",
        lambda _: get_number("ThrottlingRateLimit"),
        "`ThrottlingRateLimit`, `ThrottlingBurstLimit`",
    ),
    Limit(
        "Executions of a new account",
        lambda each: divide(NEW_ACCOUNT_EXECUTIONS, each.seconds),
        "quota `Concurrent executions`",
    ),
    Limit(
        "Reads of a new table",
        lambda each: divide(NEW_TABLE_READ_UNITS, each.read_units),
        "warm throughput of the table, or its own growth",
    ),
    Limit(
        "Reads of the table",
        lambda each: divide(TABLE_READ_UNITS, each.read_units),
        "quota `Table-level read throughput`",
    ),
    Limit(
        "Reads of one image that everybody looks at",
        lambda each: divide(PARTITION_READ_UNITS, each.get_most_read("image")),
        "`Cdn`",
    ),
    Limit(
        "Reads of one listing of all users",
        lambda each: divide(PARTITION_READ_UNITS, each.get_most_read("every")),
        "none",
    ),
    Limit(
        "Reads of the bucket, before S3 has split its prefixes",
        lambda each: divide(PREFIX_READS, each.count_calls(Part.S3_READ)),
        "`Cdn`; S3 splits them in minutes",
    ),
    Limit(
        "Executions at once",
        lambda each: divide(EXECUTIONS, each.seconds),
        "quota `Concurrent executions`, `ApiConcurrency`",
    ),
    Limit("Requests of the account", lambda _: GATEWAY_REQUESTS, "quota `Throttle rate`; `Cdn` for views"),
)
OF_ONE = {"One user alone", "Executions of a new account"}
"""Limits that do not say what the service carries."""


def make_limits(limits: Sequence[Limit], names: Sequence[str], footprints: Footprints) -> str:
    """Make a table with the lowest limit first."""
    found = [footprints.of[name] for name in names]
    counted = [limit for limit in limits if limit.name not in OF_ONE]
    least = [min(rate for limit in counted if (rate := limit.carry(each))) for each in found]
    rows = sorted(limits, key=lambda limit: limit.carry(found[0]) or float("inf"))
    head = ("Limit", *names, "Moved by")
    return format_table(head, [limit.make_cells(found, least) for limit in rows])


IMAGES = 10**7
HEADS_AT_ONCE = consistency.MAX_CONCURRENT_CALLS
HEAD_SECONDS = 0.03
"""Of a call of S3, as in the table of durations."""
SECONDS_PER_HOUR = 3600


def make_stock(footprints: Footprints) -> str:
    """Make the table of what ten million images take while nobody uses them, and of their check."""
    table_bytes = IMAGES * footprints.row_bytes
    heads = IMAGES * footprints.objects
    hours = heads * HEAD_SECONDS / HEADS_AT_ONCE / SECONDS_PER_HOUR
    reads = round(table_bytes / READ_UNIT_BYTES, -5)
    rows = [
        make_row("Originals and renditions", Part.BUCKET_GB, IMAGES * STORED_BYTES / GB),
        make_row("Rows of the images", Part.TABLE_GB, round(table_bytes / GB)),
        make_row("Backups of the rows", Part.BACKUP_GB, round(table_bytes / GB)),
    ]
    checks = [
        make_row("A check: units to read all rows", Part.READ_UNIT, reads),
        make_row("A check: requests to S3, one for each object", Part.S3_READ, heads),
    ]
    return format_table(
        ("What", "How much", "USD"),
        [
            ("Rows, and objects", f"{IMAGES * footprints.rows:,}, and {heads:,}", ""),
            ("Partitions that their size needs", f"{-(-table_bytes // PARTITION_BYTES)}", ""),
            *((f"{row.name}, a month", *row.cells[1:]) for row in rows),
            *(row.cells for row in checks),
            ("A check: hours, if S3 answers in 30 ms", f"{hours:.0f}", ""),
        ],
    )


CAPACITY_TABLES: Mapping[str, Callable[[Footprints], str]] = {
    "capacity_uploads": partial(make_limits, UPLOAD_LIMITS, UPLOADS),
    "capacity_reads": partial(make_limits, READ_LIMITS, READS),
    "capacity_stock": make_stock,
    "capacity_scenarios": make_scenarios,
}


def bind_capacity_tables(footprints: Footprints) -> dict[str, Callable[[], str]]:
    """Return the makers of the tables for what was measured."""
    return {name: partial(make, footprints) for name, make in CAPACITY_TABLES.items()}
