"""The price of a page of images: it does not grow with the table."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from shared.images import ImageFilter, ImageRepository
from shared.listing import Span
from shared.table import Table
from tests.conftest import PUBLIC_SHARDS
from tests.support.handlers import ignore, listen
from tests.support.images import make_ready

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.transactions import Transaction

READ_UNIT_BYTES = 4096
ENTRY_BYTES = 100  # the longest here: "PUBLIC#0#TAG#sea", a sort key of 64, and the names of both


class Meter:
    """Counts calls, and the read units of DynamoDB's price list: moto and the emulator count too few."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self.calls: Counter[str] = Counter()
        self.read_units = 0.0
        self._lock = threading.Lock()  # partitions are read side by side
        listen(dynamodb, "after-call.dynamodb", self._count)

    def _count(self, model: Any, parsed: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's
        if model.name == "Query":
            # A unit for every 4 KB read, rounded up over the whole query.
            read_bytes = parsed["ScannedCount"] * ENTRY_BYTES
            units = max(1, math.ceil(read_bytes / READ_UNIT_BYTES))
        else:
            # A unit for every 4 KB of every row.
            rows = parsed["Responses"]["images"]
            units = sum(math.ceil(len(str(row)) / READ_UNIT_BYTES) for row in rows)
        with self._lock:
            self.calls[model.name] += 1
            self.read_units += units


class Collector(Table):
    """Keeps the rows that a repository would write, to write many at a time."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def transact(self, transaction: Transaction) -> None:
        self.rows += [write["Put"]["Item"] for write in transaction.make_writes("images") if "Put" in write]


def fill(dynamodb: DynamoDBClient, count: int) -> None:
    collector = Collector()
    repository = ImageRepository(collector)
    for number in range(count):
        tags = ("sea", "sun") if number % 4 == 0 else ()
        repository.add(make_ready(user_id=f"user{number % 2}", tags=tags, shard=number % PUBLIC_SHARDS))
    for start in range(0, len(collector.rows), 25):
        batch: Any = [{"PutRequest": {"Item": row}} for row in collector.rows[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"images": batch})


SHOWN = {
    "public and own": ImageFilter("user0"),
    "of a user": ImageFilter(None, user_id="user1"),
    "all tags": ImageFilter(None, tags=("sea", "sun")),
    "any tag": ImageFilter(None, tags=("sea", "sun"), match="any"),
}


def measure(dynamodb: DynamoDBClient, images: ImageRepository) -> dict[str, tuple[int, float]]:
    costs = {}
    for name, shown in SHOWN.items():
        meter = Meter(dynamodb)
        page = images.list_visible(shown, Span(), limit=5)
        ignore(dynamodb, "after-call.dynamodb", meter._count)  # noqa: SLF001 - ours
        assert len(page.records) == 5
        costs[name] = meter.calls.total(), meter.read_units
    return costs


def test_page_costs_the_same_in_a_table_of_50_images_and_in_one_of_250(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    fill(dynamodb, 50)
    small = measure(dynamodb, images)
    fill(dynamodb, 200)
    assert measure(dynamodb, images) == small
    # A call for each partition and one for the records; a unit for each partition and each record.
    assert small == {
        "public and own": (PUBLIC_SHARDS + 3, PUBLIC_SHARDS + 7),
        "of a user": (2, 6),
        "all tags": (2 * PUBLIC_SHARDS + 1, 2 * PUBLIC_SHARDS + 5),
        "any tag": (2 * PUBLIC_SHARDS + 1, 2 * PUBLIC_SHARDS + 5),
    }
