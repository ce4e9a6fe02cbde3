"""Items: the most that one may hold, and the user for whom it counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shared.counters import Ending
from shared.errors import FieldError, InvalidFields
from shared.items import MAX_ITEM_BYTES, Item
from shared.reservations import add_reserved

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.requests.inputs import ItemCreate
    from shared.items import ItemRepository
    from shared.usages import UsageRepository


def add_item(
    items: ItemRepository, usages: UsageRepository, user_id: str, content: ItemCreate, claim: str | None
) -> Item:
    """Count an item, then write it. `claim` is as in `RecordRepository.add`."""
    item = _require_size(Item.create(user_id=user_id, **dict(content)))
    counted = items.get_usage(item)
    return add_reserved(
        items,
        item,
        reserve=lambda: usages.reserve(item.id, user_id, counted),
        release=lambda: usages.release(item.id, user_id, counted),
        claim=claim,
    )


def replace_item(
    items: ItemRepository, item_id: str, content: ItemCreate, guard: Callable[[Item], object]
) -> Item:
    return items.update(item_id, lambda item: _require_size(content.apply_to(item)), guard)


def delete_item(
    items: ItemRepository, usages: UsageRepository, item_id: str, guard: Callable[[Item], object]
) -> None:
    """Delete an item, and give back what it counted.

    If that fails, its user stays charged until the consistency check, which may also run in between.
    """
    before = time.time()
    deleted = items.delete(item_id, guard)
    if deleted.user_id is not None:
        usages.give_back(deleted.user_id, [Ending(items.get_usage(deleted), before)])


def _require_size(item: Item) -> Item:
    """Raises InvalidFields. A number such as 1e15 takes more room in the table than in the request."""
    size = item.measure()
    if size > MAX_ITEM_BYTES:
        message = f"makes the item {size} bytes long; an item may have {MAX_ITEM_BYTES}"
        raise InvalidFields([FieldError("attributes", message)])
    return item
