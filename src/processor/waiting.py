"""Waits for the row of an object, which is written after it, and may come a moment later than its event."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from shared.errors import NotFound, Unavailable
from shared.models import Record

ROW_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4)
"""Between the tries to read a row that is just being written. Lambda's next try comes a minute later."""
# API Gateway and the function's timeout end a request after 29 seconds: its row is written by then, or never.
ROW_PATIENCE = timedelta(seconds=35)


class NotRecorded(Unavailable):
    """The object has no row yet."""


def get_age(uploaded_at: datetime) -> timedelta:
    return max(timedelta(), datetime.now(UTC) - uploaded_at)


def await_row[R: Record](
    get: Callable[[], R], has_object: Callable[[], bool], age: timedelta, sleep: Callable[[float], None]
) -> R | None:
    """Read the row of an object. None if it never comes, or if the object is gone.

    Raises NotRecorded if it may still come after that. Then Lambda waits, which costs nothing.
    """
    for pause in (*ROW_PAUSES_SECONDS, 0):
        with suppress(NotFound):
            return get()
        if age > ROW_PATIENCE or not has_object():
            return None
        sleep(pause)
    raise NotRecorded
