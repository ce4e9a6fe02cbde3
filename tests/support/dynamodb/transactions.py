"""Transactions: they last, hold their rows meanwhile, and are known by their tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.capacity import (
    MAX_TRANSACTION_BYTES,
    TRANSACTIONAL,
    count_by_table,
    count_read_units,
    describe_all,
)
from tests.support.dynamodb.errors import Refusal, cancelled, invalid
from tests.support.dynamodb.reads import Read, plan_read
from tests.support.dynamodb.writes import Write, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.support.dynamodb.database import Database
    from tests.support.dynamodb.tables import Row

MAX_ACTIONS = 100
MAX_TOKEN_CHARS = 36
TOKEN_SECONDS = 600
_WRITES = {"Put", "Update", "Delete", "ConditionCheck"}


@dataclass
class Call:
    """A transaction with a token. `ended_at` is None while it lasts."""

    fingerprint: str
    ended_at: float | None = None


@dataclass
class Transactions:
    """The two operations on many items."""

    database: Database
    _calls: dict[str, Call] = field(default_factory=dict)

    def clear(self) -> None:
        self._calls.clear()

    def write(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """TransactWriteItems."""
        database = self.database
        actions = [_read_action(action, _WRITES) for action in _list_actions(body)]
        writes = [plan(database, kind, content) for kind, content in actions]
        _require_different(writes)
        token = body.get("ClientRequestToken")
        if token is not None and not 0 < len(token) <= MAX_TOKEN_CHARS:
            raise invalid("Value at 'clientRequestToken' must have a length between 1 and 36")
        call = Call(json.dumps(body, sort_keys=True))
        with database.lock:
            if token and self._is_repeated(token, call):
                return self._repeat(writes, body)
            rows = self._prepare(writes)
            if token:
                self._calls[token] = call
            if not database.transaction_seconds:
                return self._commit(writes, rows, call, body)
            database.held.update(write.key for write in writes)
        try:
            self._wait()
        except BaseException:
            with database.lock:
                database.held.difference_update(write.key for write in writes)
                self._calls.pop(token or "", None)
            raise
        with database.lock:
            database.held.difference_update(write.key for write in writes)
            return self._commit(writes, rows, call, body)

    def read(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """TransactGetItems."""
        database = self.database
        reads = [
            plan_read(database, content)
            for action in _list_actions(body)
            for _, content in [_read_action(action, {"Get"})]
        ]
        _require_different(reads)
        units = count_by_table()
        with database.lock:
            rows = [read.table.get(read.key) for read in reads]
            _require_size(rows)
            for read, row in zip(reads, rows, strict=True):
                amount = TRANSACTIONAL * count_read_units(row.size if row else 0)
                units[read.table.name][read.key.partition] += amount
            consumed = [
                database.consume_reads("TransactGetItems", name, each) for name, each in units.items()
            ]
            self._require_free(reads)
        responses = [
            {"Item": read.project(row.item)} if row else {} for read, row in zip(reads, rows, strict=True)
        ]
        mode = body.get("ReturnConsumedCapacity", "NONE")
        return {"Responses": responses, **describe_all(consumed, mode, is_transactional=True)}

    def _is_repeated(self, token: str, call: Call) -> bool:
        """Raises Refusal if the first call with this token lasts, or was another one."""
        now = self.database.clock()
        while self._calls:  # the oldest come first
            oldest, found = next(iter(self._calls.items()))
            if found.ended_at is None or now - found.ended_at <= TOKEN_SECONDS:
                break
            del self._calls[oldest]
        known = self._calls.get(token)
        if known is None or (known.ended_at is not None and now - known.ended_at > TOKEN_SECONDS):
            return False
        if known.fingerprint != call.fingerprint:
            raise Refusal("IdempotentParameterMismatchException", "Request parameters do not match the token")
        if known.ended_at is None:
            message = "Transaction with the given request token is already in progress"
            raise Refusal("TransactionInProgressException", message)
        return True

    def _repeat(self, writes: Sequence[Write], body: Mapping[str, Any]) -> dict[str, Any]:
        """Respond as to the first call. It costs the reads of the items."""
        units = count_by_table()
        for write in writes:
            row = write.table.get(write.key)
            amount = TRANSACTIONAL * count_read_units(row.size if row else 0)
            units[write.table.name][write.key.partition] += amount
        consumed = [
            self.database.consume_reads("TransactWriteItems", name, each) for name, each in units.items()
        ]
        return describe_all(consumed, body.get("ReturnConsumedCapacity", "NONE"), is_transactional=True)

    def _prepare(self, writes: Sequence[Write]) -> list[Row | None]:
        """Return the rows as they will be. Raises Refusal if the transaction is cancelled."""
        olds = [write.table.get(write.key) for write in writes]
        try:
            self._require_free(writes)
            decisions = [_decide(write, old) for write, old in zip(writes, olds, strict=True)]
            reasons = [reason for _, reason in decisions]
            if any(reason["Code"] != "None" for reason in reasons):
                raise cancelled(reasons)
        except Refusal:
            self._consume(writes, [None] * len(writes))
            raise
        rows = [row for row, _ in decisions]
        _require_size([row or old for row, old in zip(rows, olds, strict=True)])
        return rows

    def _commit(
        self, writes: Sequence[Write], rows: Sequence[Row | None], call: Call, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        consumed = self._consume(writes, rows)
        for write, row in zip(writes, rows, strict=True):
            if write.kind != "ConditionCheck":
                self.database.write(write.table, write.key, row)
        call.ended_at = self.database.clock()
        return describe_all(consumed, body.get("ReturnConsumedCapacity", "NONE"), is_transactional=True)

    def _consume(self, writes: Sequence[Write], rows: Sequence[Row | None]) -> list[Any]:
        units = count_by_table()
        for write, row in zip(writes, rows, strict=True):
            amount = TRANSACTIONAL * write.count_units(write.table.get(write.key), row)
            units[write.table.name][write.key.partition] += amount
        return [
            self.database.consume_writes("TransactWriteItems", name, each) for name, each in units.items()
        ]

    def _require_free(self, actions: Sequence[Read] | Sequence[Write]) -> None:
        held = [action.key in self.database.held for action in actions]
        if any(held):
            raise cancelled([_CONFLICT if is_held else _NONE for is_held in held])

    def _wait(self) -> None:
        seconds = self.database.transaction_seconds
        self.database.pause(seconds() if callable(seconds) else seconds)


_NONE = {"Code": "None"}
_CONFLICT = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}


def _list_actions(body: Mapping[str, Any]) -> list[Any]:
    actions: list[Any] = body["TransactItems"]
    if not 0 < len(actions) <= MAX_ACTIONS:
        bound = f"less than or equal to {MAX_ACTIONS}" if actions else "greater than or equal to 1"
        raise invalid(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must"
            f" have length {bound}"
        )
    return actions


def _read_action(action: Mapping[str, Any], kinds: set[str]) -> tuple[str, Mapping[str, Any]]:
    if len(action) != 1 or not action.keys() <= kinds:
        raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, content),) = action.items()
    return kind, content


def _require_different(actions: Sequence[Read] | Sequence[Write]) -> None:
    if len({action.key for action in actions}) < len(actions):
        raise invalid("Transaction request cannot include multiple operations on one item")


def _require_size(rows: Iterable[Row | None]) -> None:
    if sum(row.size for row in rows if row) > MAX_TRANSACTION_BYTES:
        raise invalid("The aggregate size of the items in the transaction exceeds 4 MB")


def _decide(write: Write, old: Row | None) -> tuple[Row | None, dict[str, Any]]:
    """Return the row as it will be, and the reason against it."""
    if not write.is_admitted(old):
        item = {"Item": old.item} if old and write.shows_item else {}
        message = "The conditional request failed"
        return None, {"Code": "ConditionalCheckFailed", "Message": message, **item}
    try:
        return write.make_row(old), _NONE
    except Refusal as refusal:
        return None, {"Code": "ValidationError", "Message": refusal.message}
