"""Reads of single items by their keys."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.capacity import MAX_BATCH_BYTES, count_read_units, describe, describe_all
from tests.support.dynamodb.errors import invalid
from tests.support.dynamodb.expressions import Projection, Scope, parse_projection
from tests.support.dynamodb.paths import project
from tests.support.dynamodb.tables import make_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.dynamodb.database import Database
    from tests.support.dynamodb.tables import RowKey, Table
    from tests.support.dynamodb.values import Item, Sortable

MAX_KEYS_PER_BATCH = 100


@dataclass
class Read:
    """A key to look up, and what to show of the item."""

    table: Table
    key: RowKey
    scope: Scope
    projection: Projection | None

    def project(self, item: Item) -> Item:
        return project_item(item, self.projection, self.scope)


def plan_read(database: Database, body: Mapping[str, Any]) -> Read:
    """Raises Refusal if it could never be done."""
    table = database.get_table(body["TableName"])
    scope = Scope(body)
    projection = admit_projection(body, scope)
    scope.close()
    key, _ = table.read_key(body["Key"])
    return Read(table, key, scope, projection)


def get_item(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    read = plan_read(database, body)
    with database.lock:
        row = read.table.get(read.key)
        units = count_read_units(row.size if row else 0, is_consistent=body.get("ConsistentRead", False))
        consumption = database.consume_reads("GetItem", read.table.name, {read.key.partition: units})
    answer: dict[str, Any] = {"Item": read.project(row.item)} if row else {}
    if (mode := body.get("ReturnConsumedCapacity", "NONE")) != "NONE":
        answer["ConsumedCapacity"] = describe(consumption, mode)
    return answer


def get_batch(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    """BatchGetItem. It returns the items in no order, and leaves keys for later after 16 MB."""
    requests = body["RequestItems"]
    if not 0 < sum(len(request["Keys"]) for request in requests.values()) <= MAX_KEYS_PER_BATCH:
        raise invalid("Too many items requested for the BatchGetItem call")
    planned = {name: _plan_keys(database, name, request) for name, request in requests.items()}
    responses: dict[str, list[Item]] = {}
    left: dict[str, dict[str, Any]] = {}
    consumed = []
    size = 0
    with database.lock:
        for name, reads in planned.items():
            units: dict[Sortable, float] = defaultdict(float)
            items, later = [], []
            is_consistent = requests[name].get("ConsistentRead", False)
            for read, key in reads:
                row = read.table.get(read.key)
                if row and size + row.size > MAX_BATCH_BYTES:
                    later.append(key)
                    continue
                amount = count_read_units(row.size if row else 0, is_consistent=is_consistent)
                units[read.key.partition] += amount
                if row:
                    size += row.size
                    items.append(read.project(row.item))
            responses[name] = items
            if later:
                left[name] = {**requests[name], "Keys": later}
            consumed.append(database.consume_reads("BatchGetItem", name, units))
    mode = body.get("ReturnConsumedCapacity", "NONE")
    return {"Responses": responses, "UnprocessedKeys": left, **describe_all(consumed, mode)}


def admit_projection(body: Mapping[str, Any], scope: Scope) -> Projection | None:
    """Return the ProjectionExpression of a request. Raises Refusal."""
    if (text := body.get("ProjectionExpression")) is None:
        return None
    projection = parse_projection(text)
    scope.admit(projection)
    return projection


def project_item(item: Item, projection: Projection | None, scope: Scope) -> Item:
    if projection is None:
        return item
    return project(item, [scope.resolve(path) for path in projection.paths])


def _plan_keys(
    database: Database, name: str, request: Mapping[str, Any]
) -> list[tuple[Read, dict[str, Any]]]:
    """Return the reads in the order in which they are done, each with its key as it was sent."""
    table, scope = database.get_table(name), Scope(request)
    projection = admit_projection(request, scope)
    scope.close()
    reads = [(Read(table, table.read_key(key)[0], scope, projection), key) for key in request["Keys"]]
    if len({read.key for read, _ in reads}) < len(reads):
        raise invalid("Provided list of item keys contains duplicates")
    return sorted(reads, key=lambda read: make_place(repr(read[0].key)))
