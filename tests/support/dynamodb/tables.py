"""Tables: their keys, and their rows in the order of their keys."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.dynamodb.capacity import MAX_ITEM_BYTES, measure, measure_item
from tests.support.dynamodb.errors import invalid, invalid_parameter
from tests.support.dynamodb.values import Sortable, get_kind, normalise, to_sortable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.dynamodb.values import Item, Value

MAX_KEY_BYTES = {"hashkey": 2048, "rangekey": 1024}

type Place = tuple[bytes, Sortable]
"""Where a partition is among the others: DynamoDB orders them by a hash."""


class RowKey(NamedTuple):
    """The key of a row, as Python compares it. A table without a sort key has the same one for all."""

    table: str
    partition: Sortable
    sort: Sortable


class Row(NamedTuple):
    """An item and its size. Items are never changed in place."""

    item: Item
    size: int


@dataclass
class Partition:
    """The rows with one partition key."""

    sorts: list[Any] = field(default_factory=list)
    rows: dict[Sortable, Row] = field(default_factory=dict)


@dataclass
class Table:
    """A table with a partition key, and perhaps a sort key."""

    name: str
    keys: dict[str, str]
    """Types of the attributes of the key. The partition key comes first."""
    description: dict[str, Any]
    view: str | None = None
    """What the records of the stream show. None without a stream."""
    end_attribute: str | None = None
    """The attribute that says when a row ends."""
    partitions: dict[Sortable, Partition] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)

    @property
    def partition_name(self) -> str:
        return next(iter(self.keys))

    @property
    def sort_name(self) -> str | None:
        return next(iter([*self.keys][1:]), None)

    def get(self, key: RowKey) -> Row | None:
        partition = self.partitions.get(key.partition)
        return partition.rows.get(key.sort) if partition else None

    def put(self, key: RowKey, row: Row | None) -> None:
        """Write a row, or delete it."""
        partition = self.partitions.get(key.partition)
        if row is None:
            if partition and partition.rows.pop(key.sort, None):
                del partition.sorts[bisect_left(partition.sorts, key.sort)]
                if not partition.rows:
                    del self.partitions[key.partition]
                    del self.places[bisect_left(self.places, make_place(key.partition))]
            return
        if partition is None:
            partition = self.partitions[key.partition] = Partition()
            insort(self.places, make_place(key.partition))
        if key.sort not in partition.rows:
            insort(partition.sorts, key.sort)
        partition.rows[key.sort] = row

    def clear(self) -> None:
        self.partitions.clear()
        self.places.clear()

    def list_rows(self) -> list[Row]:
        return [row for partition in self.partitions.values() for row in partition.rows.values()]

    def read_key(self, key: Mapping[str, Value]) -> tuple[RowKey, Item]:
        """Return a key as it is stored. Raises Refusal if it has other attributes than the table's key."""
        if key.keys() != self.keys.keys():
            raise invalid("The provided key element does not match the schema")
        item = {name: normalise(value) for name, value in key.items()}
        if any(get_kind(value) != self.keys[name] for name, value in item.items()):
            raise invalid("The provided key element does not match the schema")
        return self._make_row_key(item), item

    def find_key(self, item: Item) -> RowKey:
        """Return the key of an item. Raises Refusal if it has none."""
        for name, kind in self.keys.items():
            if name not in item:
                raise invalid_parameter(f"Missing the key {name} in the item")
            if (found := get_kind(item[name])) != kind:
                raise invalid_parameter(
                    f"Type mismatch for key {name} expected: {kind} actual: {found}",
                )
        return self._make_row_key(item)

    def get_key(self, item: Item) -> Item:
        """Return the attributes of an item that are its key."""
        return {name: item[name] for name in self.keys}

    def _make_row_key(self, item: Item) -> RowKey:
        for (name, kind), role in zip(self.keys.items(), MAX_KEY_BYTES, strict=False):
            value = item[name]
            if not value[kind]:
                empty = "string" if kind == "S" else "binary"
                raise invalid(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute"
                    f" cannot contain an empty {empty} value. Key: {name}"
                )
            if measure(value) > MAX_KEY_BYTES[role]:
                raise invalid_parameter(
                    f"Size of {role} has exceeded the maximum size limit of{MAX_KEY_BYTES[role]} bytes"
                )
        partition, *sort = (to_sortable(item[name]) for name in self.keys)
        return RowKey(self.name, partition, sort[0] if sort else "")


def make_row(item: Item, *, message: str = "Item size has exceeded the maximum allowed size") -> Row:
    size = measure_item(item)
    if size > MAX_ITEM_BYTES:
        raise invalid(message)
    return Row(item, size)


def make_place(partition: Sortable) -> Place:
    return hashlib.md5(repr(partition).encode(), usedforsecurity=False).digest(), partition
