"""Follows the bytes of legacy files: those without a record are deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from processor.waiting import await_row, get_age

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.files import FileRepository
    from shared.storage import ImageStorage


def follow_file(  # noqa: PLR0913 - the stores, and the parts of an event
    files: FileRepository,
    storage: ImageStorage,
    key: str,
    file_id: str,
    uploaded_at: datetime,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Keep the bytes of a file that has a record. An upload that was killed has left others.

    Returns the outcome, for the log. Raises NotRecorded if the record may still come.
    """
    file = await_row(lambda: files.get(file_id), lambda: storage.has(key), get_age(uploaded_at), sleep)
    if file:
        return "kept"
    storage.delete(key)
    return "deleted"
