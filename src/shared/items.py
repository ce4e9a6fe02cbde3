"""Items in DynamoDB, listed for their owners."""

from collections.abc import Sequence
from urllib.parse import quote

from shared.listing import Span
from shared.models import Item
from shared.records import RecordPage, RecordRepository


class ItemRepository(RecordRepository[Item]):
    """The items table. Items without an owner share a listing."""

    kind = "ITEM"
    model = Item

    def get_partitions(self, record: Item) -> Sequence[str]:
        return [_make_partition(record.user_id)]

    def list_owned(self, user_id: str | None, span: Span, *, limit: int) -> RecordPage[Item]:
        return self.list([[_make_partition(user_id)]], span, limit=limit)


def _make_partition(user_id: str | None) -> str:
    return f"USER#{quote(user_id, safe='@:|+')}" if user_id else "SHARED"
