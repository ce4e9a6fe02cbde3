"""The trash: where an image waits until its owner wants it back, or until it ends."""

from datetime import UTC, datetime, timedelta
from typing import Self

from shared.bases import Model, Timestamp


class Trash(Model):
    """The time of an image in the trash. The row of the image ends with the first of both ends."""

    at: Timestamp
    """When it came there."""
    ends_at: int
    """In seconds since 1970."""
    state_ends_at: int | None = None
    """When the image would end outside of the trash."""

    @classmethod
    def begin(cls, lifetime: timedelta) -> Self:
        now = datetime.now(UTC)
        return cls(at=now, ends_at=int((now + lifetime).timestamp()))
