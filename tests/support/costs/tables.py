"""The tables of docs/costs.md, made from what was measured."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from tests.support.costs.cdn import (
    AUDIENCES,
    LIFETIMES_SECONDS,
    get_usd_with_cdn,
    get_usd_without_cdn,
)
from tests.support.costs.meter import Meter
from tests.support.costs.month import list_recovery, list_standing, list_traffic, list_web_acl
from tests.support.costs.observing import list_observing, price_uploads
from tests.support.costs.operations import measure_all
from tests.support.costs.prices import MILLION, PRICES, Part, format_usd
from tests.support.costs.runs import DURATIONS, Actor, get_memory_mib
from tests.support.costs.world import World, run_deployment
from tests.support.markdown import format_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.costs.month import Row
    from tests.support.costs.operations import Measured
    from tests.support.costs.runs import Run

KB = 1000
NAMES = {Actor.API: "API", Actor.PROCESSOR: "processor", Actor.CHANGES: "changes", Actor.CLIENT: "client"}
COUNTED = {
    "Write units": Part.WRITE_UNIT,
    "Read units": Part.READ_UNIT,
    "S3 PUT class": Part.S3_WRITE,
    "S3 GET class": Part.S3_READ,
    "Runs": Part.RUN,
}


def make_prices(_: Measured) -> str:
    rows = [
        (part.service, part.format_amount(price.amount), format_usd(price.usd) if price.usd else "free")
        for part, price in PRICES.items()
    ]
    return format_table(("Service", "For", "USD"), rows)


def make_durations(_: Measured) -> str:
    rows = []
    for work, duration in DURATIONS.items():
        function = f"{NAMES[duration.actor]}, {get_memory_mib(duration.actor):,} MB"
        times = duration.processor_ms, duration.waiting_ms, duration.ms
        rows.append((work, function, *map(str, times)))
    return format_table(("Work", "Function", "Processor, ms", "Waiting, ms", "Billed, ms"), rows)


def make_operations(measured: Measured) -> str:
    head = ("Operation", *COUNTED, "GB-seconds", "**USD**", "KB sent", "USD for it")
    rows = {}
    for cost in measured.costs.values():
        bill = cost.bill
        counts = [f"{bill[part]:g}" for part in COUNTED.values()]
        usd, transfer_usd = cost.requests_usd * MILLION, cost.transfer_usd * MILLION
        sent_kb = sum(run.response_bytes for run in cost.runs) / KB
        seconds = f"{bill[Part.GB_SECOND]:.3f}"
        rows[cost.name] = (*counts, seconds, f"**{usd:.2f}**", f"{sent_kb:,.1f}", f"{transfer_usd:.2f}")
    return format_table(head, _share_rows(rows))


def make_calls(measured: Measured) -> str:
    described = {cost.name: ("; ".join(map(describe_run, cost.runs)),) for cost in measured.costs.values()}
    return format_table(("Operation", "Calls"), _share_rows(described))


def describe_run(run: Run) -> str:
    """Name the calls of a run, each operation of DynamoDB with its units."""
    texts = []
    for call, count in Counter(run.calls).items():
        name = call.partition(".")[2]
        consumed = [each for each in run.capacity if call == f"dynamodb.{each.operation}"]
        units = {
            "r": sum(each.read_units for each in consumed),
            "w": sum(each.write_units for each in consumed),
        }
        shown = ", ".join(f"{amount:g} {unit}" for unit, amount in units.items() if amount)
        texts.append((f"{count} " if count > 1 else "") + name + (f" ({shown})" if shown else ""))
    return f"{NAMES[run.actor]}: {', '.join(texts) or 'no call'}"


def _share_rows(cells: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return a row for each operation. Those with the same cells share one."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name, shown in cells.items():
        names.setdefault(shown, []).append(name)
    return [(" / ".join(same), *shown) for shown, same in names.items()]


def make_month(measured: Measured) -> str:
    return _make_bill([*list_traffic(measured), *list_standing(measured)])


def make_recovery(measured: Measured) -> str:
    return _make_bill(list_recovery(measured))


def make_web_acl(measured: Measured) -> str:
    return _make_bill(list_web_acl(measured))


def make_observing(_: Measured) -> str:
    return _make_bill(list_observing())


def make_observed_uploads(measured: Measured) -> str:
    prices = price_uploads(measured)
    rows = [(name, f"{usd:.4f}") for name, usd in prices.items()]
    return format_table(("For 1,000 uploads", "USD"), [*rows, ("**Sum**", f"**{sum(prices.values()):.4f}**")])


def make_cdn(measured: Measured) -> str:
    head = ["Views of thumbnails in a month", "Without CDN"]
    for seconds in LIFETIMES_SECONDS:
        head += [f"Hits, {seconds:,} s", f"USD, {seconds:,} s"]
    rows = []
    for audience in AUDIENCES:
        cells = [audience.name, f"{get_usd_without_cdn(audience, measured):.2f}"]
        for seconds in LIFETIMES_SECONDS:
            usd = get_usd_with_cdn(audience, measured, seconds)
            cells += [f"{audience.compute_hit_rate(seconds):.1%}", f"**{usd:.2f}**"]
        rows.append(cells)
    return format_table(head, rows)


def _make_bill(rows: list[Row]) -> str:
    total = f"**{sum(row.usd for row in rows):.2f}**"
    return format_table(("What", "How much", "USD"), [*(row.cells for row in rows), ("**Sum**", "", total)])


COST_TABLES: Mapping[str, Callable[[Measured], str]] = {
    "cost_prices": make_prices,
    "cost_durations": make_durations,
    "cost_operations": make_operations,
    "cost_calls": make_calls,
    "cost_month": make_month,
    "cost_recovery": make_recovery,
    "cost_web_acl": make_web_acl,
    "cost_observing": make_observing,
    "cost_observed_uploads": make_observed_uploads,
    "cost_cdn": make_cdn,
}


def bind_tables(measured: Measured) -> dict[str, Callable[[], str]]:
    """Return the makers of the tables for what was measured."""
    return {name: partial(make, measured) for name, make in COST_TABLES.items()}


def measure_tables() -> dict[str, Callable[[], str]]:
    """Measure in a deployment of its own."""
    with run_deployment() as deployment:
        return bind_tables(measure_all(World(Meter(deployment))))
