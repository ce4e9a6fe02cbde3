"""Items, and their rows in DynamoDB, listed for their owners."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator, Field, JsonValue, PlainSerializer
from pydantic_core import to_json

from shared.listing import Span
from shared.models import Record
from shared.quotas import Usage
from shared.records import RecordPage, RecordRepository

MAX_ITEM_BYTES = 100_000
"""The most that an item takes as JSON, in the table and in responses."""


def _read_json_text(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _write_json_text(value: object) -> str:
    return to_json(value).decode()


# One text in the table: DynamoDB's numbers have fewer digits and a smaller range than JSON's.
JsonObject = Annotated[
    dict[str, JsonValue], BeforeValidator(_read_json_text), PlainSerializer(_write_json_text, return_type=str)
]


class Item(Record):
    """A generic item."""

    user_id: str | None = None
    name: str
    description: str | None = None
    attributes: JsonObject = Field(default={})

    def is_owned_by(self, user_id: str | None) -> bool:
        """An item without a user belongs to everyone."""
        return self.user_id in {None, user_id}


class ItemRepository(RecordRepository[Item]):
    """The items table. Items without an owner share a listing."""

    kind = "ITEM"
    model = Item
    max_record_bytes = MAX_ITEM_BYTES

    def get_partitions(self, record: Item) -> Sequence[str]:
        return [_make_partition(record.user_id)]

    def list_partitions_of(self, user_id: str) -> Sequence[str]:
        return [_make_partition(user_id)]

    def get_usage(self, record: Item) -> Usage:
        return Usage(items=1) if record.expires_at is None else Usage()  # it was withdrawn

    def list_owned(self, user_ids: Iterable[str | None], span: Span, *, limit: int) -> RecordPage[Item]:
        """List the items of any of these users. None stands for items without a user."""
        return self.list([[_make_partition(user_id)] for user_id in user_ids], span, limit=limit)


def _make_partition(user_id: str | None) -> str:
    return f"USER#{quote(user_id, safe='@:|+')}" if user_id else "SHARED"
