"""Writes of single items: what a request asks for, and what it does to a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.capacity import count_by_table, count_write_units, describe, describe_all
from tests.support.dynamodb.conditions import Condition, parse_condition
from tests.support.dynamodb.errors import (
    Refusal,
    conflicting_write,
    failed_condition,
    invalid,
    invalid_parameter,
)
from tests.support.dynamodb.expressions import Scope
from tests.support.dynamodb.paths import project
from tests.support.dynamodb.tables import Row, RowKey, Table, make_row
from tests.support.dynamodb.updates import Update, parse_update
from tests.support.dynamodb.values import normalise_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.dynamodb.database import Database
    from tests.support.dynamodb.values import Item

MAX_WRITES_PER_BATCH = 25
_RETURNED = {
    "Put": {"NONE", "ALL_OLD"},
    "Delete": {"NONE", "ALL_OLD"},
    "Update": {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"},
}
_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


@dataclass
class Write:
    """A write that may be done. `row` is that of a Put, `key_item` that of an Update of no item."""

    kind: str
    table: Table
    key: RowKey
    scope: Scope
    condition: Condition | None
    shows_item: bool
    """If the condition does not hold, the answer shows the item."""
    row: Row | None = None
    key_item: Item | None = None
    update: Update | None = None

    def is_admitted(self, old: Row | None) -> bool:
        """Tell if the condition holds."""
        return self.condition is None or self.condition.holds(old.item if old else {}, self.scope)

    def make_row(self, old: Row | None) -> Row | None:
        """Return the row as it is afterwards. Raises Refusal."""
        match self.kind:
            case "Put":
                return self.row
            case "Delete":
                return None
            case "ConditionCheck":
                return old
        item = old.item if old else self.key_item or {}
        if self.update:
            item = self.update.apply(item, self.scope)
        return make_row(item, message=_TOO_LARGE)

    def count_units(self, old: Row | None, new: Row | None = None) -> int:
        """Write units. Without a new row those of a write that was refused."""
        return count_write_units(*(row.size for row in (old, new, self.row) if row))

    def get_attributes(self, wanted: str, old: Row | None, new: Row | None) -> Item:
        """Return what ReturnValues asks for."""
        row = old if wanted.endswith("OLD") else new
        if wanted == "NONE" or row is None:
            return {}
        if wanted.startswith("ALL"):
            return row.item
        return project(row.item, self.update.list_paths(self.scope)) if self.update else {}


def plan(database: Database, kind: str, body: Mapping[str, Any]) -> Write:
    """Read a request for a write. Raises Refusal if it could never be done."""
    table = database.get_table(body["TableName"])
    scope = Scope(body)
    condition, update = None, None
    if (text := body.get("ConditionExpression")) is not None:
        condition = parse_condition("ConditionExpression", text)
        condition.admit(scope)
    elif kind == "ConditionCheck":
        raise invalid("The expression can not be empty")
    if (text := body.get("UpdateExpression")) is not None:
        update = parse_update(text)
        update.admit(scope)
        _spare_keys(table, update, scope)
    scope.close()
    shows_item = body.get("ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD"
    if kind == "Put":
        row = make_row(normalise_item(body["Item"]))
        return Write(kind, table, table.find_key(row.item), scope, condition, shows_item, row)
    key, item = table.read_key(body["Key"])
    return Write(kind, table, key, scope, condition, shows_item, None, item, update)


def write_item(database: Database, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """PutItem, UpdateItem and DeleteItem."""
    operation, wanted = f"{kind}Item", body.get("ReturnValues", "NONE")
    if wanted not in _RETURNED[kind]:
        raise invalid("Return values set to invalid value")
    write = plan(database, kind, body)
    with database.lock:
        old = write.table.get(write.key)
        if refusal := _find_obstacle(database, write, old):
            units = {write.key.partition: write.count_units(old)}
            database.consume_writes(operation, write.table.name, units)
            raise refusal
        new = write.make_row(old)
        database.write(write.table, write.key, new)
        units = {write.key.partition: write.count_units(old, new)}
        consumption = database.consume_writes(operation, write.table.name, units)
    attributes = write.get_attributes(wanted, old, new)
    answer: dict[str, Any] = {"Attributes": attributes} if attributes else {}
    if (mode := body.get("ReturnConsumedCapacity", "NONE")) != "NONE":
        answer["ConsumedCapacity"] = describe(consumption, mode)
    return answer


def write_batch(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    """BatchWriteItem. Rows that a transaction holds are left for later."""
    writes = [
        (write, request)
        for name, requests in body["RequestItems"].items()
        for request in requests
        for write in [plan(database, *_read_request(name, request))]
    ]
    if not 0 < len(writes) <= MAX_WRITES_PER_BATCH:
        raise invalid("Too many items requested for the BatchWriteItem call")
    if len({write.key for write, _ in writes}) < len(writes):
        raise invalid("Provided list of item keys contains duplicates")
    units = count_by_table(write.table.name for write, _ in writes)
    left: dict[str, list[Any]] = {}
    with database.lock:
        for write, request in writes:
            if write.key in database.held:
                left.setdefault(write.table.name, []).append(request)
                continue
            old = write.table.get(write.key)
            new = write.make_row(old)
            database.write(write.table, write.key, new)
            units[write.table.name][write.key.partition] += write.count_units(old, new)
        consumed = [database.consume_writes("BatchWriteItem", name, each) for name, each in units.items()]
    return {"UnprocessedItems": left, **describe_all(consumed, body.get("ReturnConsumedCapacity", "NONE"))}


def _find_obstacle(database: Database, write: Write, old: Row | None) -> Refusal | None:
    if write.key in database.held:
        return conflicting_write()
    if not write.is_admitted(old):
        return failed_condition(old.item if old and write.shows_item else None)
    return None


def _read_request(table: str, request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if len(request) != 1 or not request.keys() <= {"PutRequest", "DeleteRequest"}:
        raise invalid("Supplied AttributeValue has more than one datatypes set")
    ((name, content),) = request.items()
    return name.removesuffix("Request"), {"TableName": table, **content}


def _spare_keys(table: Table, update: Update, scope: Scope) -> None:
    for steps in update.list_paths(scope):
        if steps[0] in table.keys:
            raise invalid_parameter(f"Cannot update attribute {steps[0]}. This attribute is part of the key")
