"""Items in DynamoDB, listed for their owners."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from shared.listing import Span
from shared.models import Item
from shared.quotas import Usage
from shared.records import RecordPage, RecordRepository

MAX_ITEM_BYTES = 100_000
"""The most that an item takes as JSON, in the table and in responses."""


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
