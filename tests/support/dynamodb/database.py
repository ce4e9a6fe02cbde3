"""All tables and streams, what is held by transactions, and what was consumed."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.capacity import Consumption, measure_item
from tests.support.dynamodb.errors import missing_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.dynamodb.tables import Row, RowKey, Table
    from tests.support.dynamodb.values import Item, Sortable

REGION, ACCOUNT = "eu-central-1", "123456789012"
FIRST_SEQUENCE_NUMBER = 10**20
EXPIRY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
"""Who removes rows that have ended."""
OLDEST_END_SECONDS = 5 * 365 * 86400
"""A row whose end is longer ago than that stays."""


@dataclass
class Database:
    """The state that all operations share. Whoever reads or writes rows holds the lock."""

    clock: Callable[[], float] = time.time
    pause: Callable[[float], object] = time.sleep
    transaction_seconds: float | Callable[[], float] = 0
    tables: dict[str, Table] = field(default_factory=dict)
    streams: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    held: set[RowKey] = field(default_factory=set)
    consumed: list[Consumption] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    _sequence_number: int = FIRST_SEQUENCE_NUMBER

    def get_table(self, name: str) -> Table:
        """Raises Refusal."""
        try:
            return self.tables[name]
        except KeyError:
            raise missing_table(name) from None

    def consume_reads(self, operation: str, table: str, units: Mapping[Sortable, float]) -> Consumption:
        """Note the units that a request reads from each partition key."""
        return self._consume(Consumption(operation, table, sum(units.values()), 0, units))

    def consume_writes(self, operation: str, table: str, units: Mapping[Sortable, float]) -> Consumption:
        """Note the units that a request writes to each partition key."""
        return self._consume(Consumption(operation, table, 0, sum(units.values()), units))

    def _consume(self, consumption: Consumption) -> Consumption:
        self.consumed.append(consumption)
        return consumption

    def write(
        self, table: Table, key: RowKey, row: Row | None, *, writer: dict[str, str] | None = None
    ) -> None:
        """Replace a row, or remove it, and say so in the stream if anything changes."""
        old = table.get(key)
        table.put(key, row)
        if table.view:
            before, after = old and old.item, row and row.item
            if before != after:
                self.streams[table.name].append(self._make_record(table, before, after, writer))

    def sweep(self, now: float) -> int:
        """Remove the rows that have ended, but for those that a transaction holds. Returns how many."""
        count = 0
        for table in self.tables.values():
            for key in list(_list_ended(table, now)):
                if key not in self.held:
                    self.write(table, key, None, writer=EXPIRY)
                    count += 1
        return count

    def _make_record(
        self, table: Table, before: Item | None, after: Item | None, writer: dict[str, str] | None
    ) -> dict[str, Any]:
        self._sequence_number += 1
        keys = table.get_key(after or before or {})
        images = {"OldImage": before, "NewImage": after}
        shown = {
            name: image
            for name, image in images.items()
            if image is not None and table.view in {"NEW_AND_OLD_IMAGES", _VIEWS[name]}
        }
        return {
            "eventID": uuid.uuid4().hex,
            "eventName": "INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": {
                "ApproximateCreationDateTime": int(self.clock()),
                "Keys": keys,
                **shown,
                "SequenceNumber": str(self._sequence_number),
                "SizeBytes": sum(map(measure_item, [keys, *shown.values()])),
                "StreamViewType": table.view,
            },
            "eventSourceARN": table.description["LatestStreamArn"],
            **({"userIdentity": writer} if writer else {}),
        }


_VIEWS = {"OldImage": "OLD_IMAGE", "NewImage": "NEW_IMAGE"}


def _list_ended(table: Table, now: float) -> Iterable[RowKey]:
    if table.end_attribute is None:
        return
    for row in table.list_rows():
        end = row.item.get(table.end_attribute, {}).get("N")
        if end is not None and now - OLDEST_END_SECONDS < float(end) < now:
            yield table.find_key(row.item)
