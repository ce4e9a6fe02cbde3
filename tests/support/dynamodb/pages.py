"""Query and Scan: pages of a megabyte, or of as many items as the request allows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.capacity import MAX_PAGE_BYTES, count_read_units, describe
from tests.support.dynamodb.conditions import Condition, parse_condition
from tests.support.dynamodb.errors import invalid
from tests.support.dynamodb.expressions import Scope
from tests.support.dynamodb.ranges import read_range
from tests.support.dynamodb.reads import admit_projection, project_item
from tests.support.dynamodb.tables import make_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.dynamodb.database import Database
    from tests.support.dynamodb.ranges import KeyRange
    from tests.support.dynamodb.tables import Row, RowKey, Table
    from tests.support.dynamodb.values import Item, Sortable

WHOLE_TABLE = ""
"""Stands for the partition key of a scan. No key is empty."""
_SELECTIONS = {"ALL_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES"}


@dataclass
class Page:
    """The items of a page, how many rows and bytes it took to find them, and the last key if it is full."""

    items: list[Item]
    scanned_count: int = 0
    size: int = 0
    last_key: Item | None = None

    def is_full(self, limit: int | None) -> bool:
        return self.scanned_count == limit or self.size >= MAX_PAGE_BYTES


def query(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    table, scope = database.get_table(body["TableName"]), Scope(body)
    if "KeyConditionExpression" not in body:
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    key_range = read_range(table, body["KeyConditionExpression"], scope)
    start = _read_start(table, body)
    if start and (start.partition != key_range.partition):
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    is_descending = not body.get("ScanIndexForward", True)
    rows = _walk(table, key_range, start, is_descending=is_descending)
    return _answer("Query", database, table, key_range.partition, scope, rows, body)


def scan(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    table, scope = database.get_table(body["TableName"]), Scope(body)
    rows = _walk_all(table, _read_start(table, body))
    return _answer("Scan", database, table, WHOLE_TABLE, scope, rows, body)


def _answer(  # noqa: PLR0913, PLR0917 - they are one request
    operation: str,
    database: Database,
    table: Table,
    partition: Sortable,
    scope: Scope,
    rows: Iterator[Row],
    body: Mapping[str, Any],
) -> dict[str, Any]:
    condition = _admit_filter(operation, table, body, scope)
    projection = admit_projection(body, scope)
    scope.close()
    limit, selection = body.get("Limit"), body.get("Select", "ALL_ATTRIBUTES")
    if limit is not None and limit < 1:
        raise invalid("Value at 'limit' failed to satisfy constraint: Member must be at least 1")
    if selection not in _SELECTIONS or (
        projection and body.get("Select", "") not in {"", "SPECIFIC_ATTRIBUTES"}
    ):
        raise invalid("Cannot specify the ProjectionExpression with this Select")
    with database.lock:
        page = _collect(table, rows, limit, condition, scope)
        units = count_read_units(page.size, is_consistent=body.get("ConsistentRead", False))
        consumption = database.consume_reads(operation, table.name, {partition: units})
    answer: dict[str, Any] = {"Count": len(page.items), "ScannedCount": page.scanned_count}
    if selection != "COUNT":
        answer["Items"] = [project_item(item, projection, scope) for item in page.items]
    if page.last_key:
        answer["LastEvaluatedKey"] = page.last_key
    if (mode := body.get("ReturnConsumedCapacity", "NONE")) != "NONE":
        answer["ConsumedCapacity"] = describe(consumption, mode)
    return answer


def _collect(
    table: Table, rows: Iterator[Row], limit: int | None, condition: Condition | None, scope: Scope
) -> Page:
    page = Page([])
    for row in rows:
        page.scanned_count += 1
        page.size += row.size
        if condition is None or condition.holds(row.item, scope):
            page.items.append(row.item)
        if page.is_full(limit):
            page.last_key = table.get_key(row.item)
            break
    return page


def _admit_filter(operation: str, table: Table, body: Mapping[str, Any], scope: Scope) -> Condition | None:
    if (text := body.get("FilterExpression")) is None:
        return None
    condition = parse_condition("FilterExpression", text)
    condition.admit(scope)
    if operation == "Query":
        for path in condition.mentioned:
            if (name := scope.resolve(path)[0]) in table.keys:
                raise invalid(
                    "Filter Expression can only contain non-primary key attributes: Primary key attribute:"
                    f" {name}"
                )
    return condition


def _read_start(table: Table, body: Mapping[str, Any]) -> RowKey | None:
    if (key := body.get("ExclusiveStartKey")) is None:
        return None
    if key.keys() != table.keys.keys():
        raise invalid("The provided starting key is invalid")
    return table.read_key(key)[0]


def _walk(table: Table, key_range: KeyRange, start: RowKey | None, *, is_descending: bool) -> Iterator[Row]:
    """Yield the rows of a range, after the start."""
    partition = table.partitions.get(key_range.partition)
    if partition is None:
        return
    begin, end = key_range.select(partition.sorts)
    if start and is_descending:
        end = min(end, bisect_left(partition.sorts, start.sort))
    elif start:
        begin = max(begin, bisect_right(partition.sorts, start.sort))
    places = range(begin, end)
    for place in reversed(places) if is_descending else places:
        yield partition.rows[partition.sorts[place]]


def _walk_all(table: Table, start: RowKey | None) -> Iterator[Row]:
    """Yield all rows after the start, the partitions in no order that means anything."""
    begin = bisect_left(table.places, make_place(start.partition)) if start else 0
    for place in range(begin, len(table.places)):
        key = table.places[place][1]
        partition = table.partitions[key]
        first = bisect_right(partition.sorts, start.sort) if start and start.partition == key else 0
        for sort in partition.sorts[first:]:
            yield partition.rows[sort]
