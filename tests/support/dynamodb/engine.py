"""DynamoDB in memory: it answers the requests of a client, and keeps what they cost.

It knows tables without indexes, and takes no time but for transactions. Answers may not be changed: they
share their items with the tables.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb import administration, pages, reads, writes
from tests.support.dynamodb.database import Database
from tests.support.dynamodb.errors import Refusal
from tests.support.dynamodb.parameters import PARAMETERS
from tests.support.dynamodb.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.dynamodb.capacity import Consumption
    from tests.support.dynamodb.values import Item

OK, REFUSED = 200, 400


class Engine:
    """All tables of an account in one region. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(clock)
        self._transactions = Transactions(self._database)
        self._operations = self._list_operations()
        self.calls: list[str] = []
        """The operations that were asked for, those that were refused too."""

    @property
    def consumed(self) -> list[Consumption]:
        """The capacity that each request consumed of each of its tables."""
        return self._database.consumed

    @property
    def streams(self) -> dict[str, list[dict[str, Any]]]:
        """The records of each table with a stream, as Lambda gets them."""
        return self._database.streams

    @property
    def transaction_seconds(self) -> float | Callable[[], float]:
        """The time for which TransactWriteItems holds its rows. A callable is called meanwhile."""
        return self._database.transaction_seconds

    @transaction_seconds.setter
    def transaction_seconds(self, seconds: float | Callable[[], float]) -> None:
        self._database.transaction_seconds = seconds

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since 1970."""
        return self._database.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._database.clock = clock

    def respond(self, operation: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of the response."""
        self.calls.append(operation)
        if unknown := body.keys() - PARAMETERS[operation]:
            raise NotImplementedError(f"{operation} with {', '.join(sorted(unknown))}")
        try:
            return OK, self._operations[operation](body)
        except Refusal as refusal:
            return REFUSED, refusal.make_body()
        except UnicodeEncodeError:
            return REFUSED, Refusal("SerializationException", "Not UTF-8").make_body()

    def list_items(self, table: str) -> list[Item]:
        """Return all items of a table, free of charge."""
        with self._database.lock:
            return [row.item for row in self._database.tables[table].list_rows()]

    def take_records(self, table: str) -> list[dict[str, Any]]:
        """Return the records of a table's stream, and forget them."""
        with self._database.lock:
            records, self.streams[table] = self.streams[table], []
            return records

    def sweep(self, now: float) -> int:
        """Remove the rows whose time has passed, as DynamoDB does some day. Returns how many."""
        with self._database.lock:
            return self._database.sweep(now)

    def empty(self) -> None:
        """Remove all rows, their records and their costs. The tables stay."""
        with self._database.lock:
            for table in self._database.tables.values():
                table.clear()
            for records in self.streams.values():
                records.clear()
            self._forget()

    def reset(self) -> None:
        """Become as new."""
        with self._database.lock:
            self._database.tables.clear()
            self.streams.clear()
            self._forget()
            self._database.held.clear()
            self.transaction_seconds = 0
            self.clock = time.time

    def _forget(self) -> None:
        self._transactions.clear()
        self.consumed.clear()
        self.calls.clear()

    def _list_operations(self) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        on_database: dict[str, Callable[[Database, Mapping[str, Any]], dict[str, Any]]] = {
            "CreateTable": administration.create_table,
            "DescribeTable": administration.describe_table,
            "ListTables": administration.list_tables,
            "DeleteTable": administration.delete_table,
            "UpdateTimeToLive": administration.update_time_to_live,
            "DescribeTimeToLive": administration.describe_time_to_live,
            "GetItem": reads.get_item,
            "BatchGetItem": reads.get_batch,
            "Query": pages.query,
            "Scan": pages.scan,
            "BatchWriteItem": writes.write_batch,
        }
        operations = {name: partial(operation, self._database) for name, operation in on_database.items()}
        for kind in ("Put", "Update", "Delete"):
            operations[f"{kind}Item"] = partial(writes.write_item, self._database, kind)
        return {
            **operations,
            "TransactWriteItems": self._transactions.write,
            "TransactGetItems": self._transactions.read,
        }
