"""Sizes of items, and the capacity that requests consume, by the rules of AWS's documentation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.dynamodb.values import Item, Sortable, Value

KB = 1024
MAX_ITEM_BYTES = 400 * KB
MAX_PAGE_BYTES = KB * KB
MAX_BATCH_BYTES = 16 * KB * KB
MAX_TRANSACTION_BYTES = 4 * KB * KB
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4 * KB, KB

TRANSACTIONAL = 2
"""Transactions prepare and commit: both cost."""


type Units = defaultdict[Sortable, float]
"""Units by partition keys."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """The capacity that one request consumed of one table."""

    operation: str
    table: str
    read_units: float
    write_units: float
    partitions: Mapping[Sortable, float] = field(default_factory=dict, compare=False, repr=False)
    """The units of each partition key. A scan names none."""


def measure_item(item: Item) -> int:
    """Bytes of the names and values."""
    return sum(_measure_text(name) + measure(value) for name, value in item.items())


def measure(value: Value) -> int:
    ((kind, content),) = value.items()
    return _MEASURES[kind](content)


def count_read_units(size: int, *, is_consistent: bool = True) -> float:
    """Units of reading so many bytes at once. Nothing costs as much as a small item."""
    units = max(1, -(-size // READ_UNIT_BYTES))
    return units if is_consistent else units / 2


def count_write_units(*sizes: int) -> int:
    """Units of a write, from the sizes of the item before and after it."""
    return max(1, -(-max(sizes, default=0) // WRITE_UNIT_BYTES))


def count_by_table(tables: Iterable[str] = ()) -> defaultdict[str, Units]:
    """Return counters of units by tables and partition keys. These tables are there in any case."""
    return defaultdict(lambda: defaultdict(float), {table: defaultdict(float) for table in tables})


def describe(consumption: Consumption, mode: str, *, is_transactional: bool = False) -> dict[str, Any]:
    """Return a ConsumedCapacity."""
    units: dict[str, float] = {"CapacityUnits": consumption.read_units + consumption.write_units}
    if is_transactional:
        parts = {
            "ReadCapacityUnits": consumption.read_units,
            "WriteCapacityUnits": consumption.write_units,
        }
        units |= {name: part for name, part in parts.items() if part}
    table = {"Table": dict(units)} if mode == "INDEXES" else {}
    return {"TableName": consumption.table, **units, **table}


def describe_all(
    consumptions: Iterable[Consumption], mode: str, *, is_transactional: bool = False
) -> dict[str, Any]:
    """Return a field with a ConsumedCapacity for each table, or nothing."""
    if mode == "NONE":
        return {}
    found = [describe(each, mode, is_transactional=is_transactional) for each in consumptions]
    return {"ConsumedCapacity": found}


def _measure_text(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _measure_number(text: str) -> int:
    """A byte for each two significant digits, and one more."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1


def _measure_binary(text: str) -> int:
    return len(text) * 3 // 4 - text.count("=")


_MEASURES: dict[str, Callable[[Any], int]] = {
    "S": _measure_text,
    "N": _measure_number,
    "B": _measure_binary,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda content: sum(map(_measure_text, content)),
    "NS": lambda content: sum(map(_measure_number, content)),
    "BS": lambda content: sum(map(_measure_binary, content)),
    "L": lambda content: 3 + sum(1 + measure(element) for element in content),
    "M": lambda content: 3 + len(content) + measure_item(content),
}
