"""Writes every change of a table to a file, because MiniStack saves its tables only at a clean exit."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ministack.services import dynamodb  # type: ignore[import-not-found] # MiniStack's environment has it

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    # a table's id, two keys, and the item, or None if it is deleted
    type Write = tuple[str, str, str, dict[str, Any] | None]


class Journal:
    """A file with one line for each request that wrote. So a transaction is kept as a whole or not at all."""

    def __init__(self, path: Path, saved: Path) -> None:
        self._path = path
        self._saved = saved
        self._writes: list[Write] = []

    def add(self, table: dict[str, Any], partition: str, sort: str, item: dict[str, Any] | None) -> None:
        self._writes.append((table["TableId"], partition, sort, item))

    def flush(self) -> None:
        writes, self._writes = self._writes, []
        if writes:
            with self._path.open("a", encoding="utf-8") as file:
                # The line break is at the start, because a kill may have cut off the line before.
                file.write(f"\n{json.dumps(writes)}")

    def replay(self, put: Callable[..., object], remove: Callable[..., object]) -> None:
        """Repeat the writes that the saved tables lack. To repeat them twice, in order, does no harm."""
        if not self._path.exists():
            return
        if self._path.stat().st_mtime < self._saved.stat().st_mtime:
            self._path.unlink()
            return
        tables = {table["TableId"]: table for table in dynamodb._tables.all_values()}  # noqa: SLF001 - no hook
        for line in self._path.read_text(encoding="utf-8").splitlines():
            with suppress(json.JSONDecodeError):
                for table_id, partition, sort, item in json.loads(line or "[]"):
                    table = tables.get(table_id)
                    if table and item:
                        put(table, partition, sort, item)
                    elif table:
                        remove(table, partition, sort)


def keep_journal(path: Path, saved: Path) -> None:
    """Make tables survive a kill. `saved` is the file in which MiniStack saves them."""
    journal = Journal(path, saved)
    put, remove = dynamodb._set_item, dynamodb._remove_item  # noqa: SLF001 - there is no hook
    load, handle = dynamodb.load_persisted_state, dynamodb.handle_request

    def put_item(table: dict[str, Any], partition: str, sort: str, item: dict[str, Any]) -> object:
        journal.add(table, partition, sort, item)
        return put(table, partition, sort, item)

    def remove_item(table: dict[str, Any], partition: str, sort: str) -> object:
        journal.add(table, partition, sort, None)
        return remove(table, partition, sort)

    def load_state(state: dict[str, Any]) -> None:
        load(state)
        journal.replay(put, remove)

    async def handle_request(*request: Any) -> object:  # noqa: ANN401 - the arguments are MiniStack's
        response = await handle(*request)
        journal.flush()
        return response

    dynamodb._set_item, dynamodb._remove_item = put_item, remove_item  # noqa: SLF001 - same
    dynamodb.load_persisted_state, dynamodb.handle_request = load_state, handle_request
