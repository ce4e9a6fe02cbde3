"""Reports expired rows in the stream of their table, as AWS does. MiniStack deletes them without an event."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ministack.core.responses import request_scope  # type: ignore[import-not-found] # MiniStack's own
from ministack.services import dynamodb  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable

REAPER_THREAD = "dynamodb-ttl-reaper"

type Remove = Callable[[dict[str, Any], str, str], dict[str, Any] | None]


def announce_expiry() -> None:
    """Make the stream report each row that MiniStack's reaper deletes."""
    dynamodb._remove_item = announcing(dynamodb._remove_item)  # noqa: SLF001 - there is no hook


def announcing(remove: Remove) -> Remove:
    def remove_item(table: dict[str, Any], partition: str, sort: str) -> dict[str, Any] | None:
        item = remove(table, partition, sort)
        if item and threading.current_thread().name == REAPER_THREAD:
            _, _, _, region, account, _ = table["TableArn"].split(":", 5)
            with request_scope(account, region):
                dynamodb._emit_stream_event(table["TableName"], "REMOVE", item, None)  # noqa: SLF001 - same
        return item

    return remove_item
