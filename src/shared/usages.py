"""Counters of what each user has: one row for each, changed by single writes that count once.

Room is reserved before anything is stored. It is given back once for each image: a marker comes first, then
the counter. A function that dies in between leaves the user charged until the consistency check.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Throttled
from shared.images import make_record_key, make_user_partition
from shared.models import SCHEMA_VERSION, Stored
from shared.quotas import Quota, Usage
from shared.retries import make_pauses
from shared.rows import Key
from shared.table import Table
from shared.transactions import ConditionFailed

USAGE_KIND = "USAGE"
MARKER_KIND = "GIVEN BACK"
MARKER_LIFETIME = timedelta(days=30)
"""Longer than a change of the table can come again: a day from the stream, and 14 from the failure queue."""
WINDOW_SECONDS = 20
"""Longer than the tries of one write take together."""
CLOCK_MARGIN_SECONDS = 5
"""The stream and the table tell whole seconds of two clocks."""


class Counter(Stored, Usage):
    """The row of a user's counter."""

    version: int = 1
    """The number of writes so far."""
    reserved_at: int = 0
    """When room was reserved last, in seconds since 1970."""
    corrected_at: int = 0
    """The consistency check has counted what was there at this time, in seconds since 1970."""


@dataclass(frozen=True)
class Ending:
    """The end of an image that counted: its usage, and the time in seconds since 1970."""

    counted: Usage
    ended_at: float


class Marker(Stored):
    """Says that what an image has counted is given back, or that it is being given back."""

    token: str
    """The call that wrote it."""
    expires_at: int


class UsageRepository:
    """The counters of users, in the images table."""

    def __init__(
        self, table: Table, quota: Quota | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.table = table
        self._quota = quota or Quota()
        self._clock = clock

    def get(self, user_id: str) -> Counter:
        return Counter.model_validate(self.table.get(make_usage_key(user_id)) or {"version": 0})

    def require_room(self, user_id: str, added: Usage) -> None:
        """Raises QuotaExceeded if a user has no room now. It reserves nothing."""
        self._quota.require_room(self.get(user_id), added)

    def reserve(self, name: str, user_id: str, added: Usage) -> None:
        """Count an image before it is stored. Runs that reserve under one name at a time count it once.

        Raises QuotaExceeded.
        """
        self._quota.require_room(Usage(), added)
        limits = {f"max_{name}": limit for name, limit in self._quota.get_limits_before(added).items()}
        within = " AND ".join(f"#{name.removeprefix('max_')} <= :{name}" for name in limits)
        condition = f"(attribute_not_exists(pk) OR ({within}))" if limits else ""
        stamps = {"reserved_at": int(self._clock())}
        if not self._count(f"reserve {name}", user_id, added, condition, limits, stamps):
            raise self._quota.make_error()

    def release(self, name: str, user_id: str, reserved: Usage) -> None:
        """Give back what was reserved under a name for an image that is not stored after all."""
        self._count(f"release {name}", user_id, -reserved, "attribute_exists(pk)")

    def mark(self, image_id: str) -> bool:
        """Write the marker of an image. False if there is one: it was given back, or that has begun."""
        expires_at = int(self._clock() + MARKER_LIFETIME.total_seconds())
        try:
            self.table.add(make_marker_key(image_id), Marker(token=str(uuid.uuid4()), expires_at=expires_at))
        except ConditionFailed:
            return False
        return True

    def give_back(self, user_id: str, endings: Sequence[Ending]) -> None:
        """Give back what marked images of a user have counted, in one write if possible.

        A correction of the counter has left out the images that had ended before it.
        """
        total = sum((ending.counted for ending in endings), Usage())
        if self._subtract(user_id, total, min(ending.ended_at for ending in endings)):
            return
        if len(endings) > 1:
            for ending in endings:
                self._subtract(user_id, ending.counted, ending.ended_at)

    def correct(self, user: Key, version: int, total: Usage, counted_at: datetime) -> None:
        """Set a counter to what was counted at a time. Raises ConditionFailed if it has changed since.

        `version` is 0 if there is no row yet.
        """
        counter = Counter(**dict(total), version=version + 1, corrected_at=int(counted_at.timestamp()))
        if version == 0:
            self.table.add(user, counter)
            return
        fields = {"images", "bytes", "version", "corrected_at", "schema_version"}
        self.table.update(
            user,
            "SET " + ", ".join(f"#{name} = :{name}" for name in sorted(fields)),
            {**counter.model_dump(include=fields), "old": version},
            condition="#version = :old",
        )

    def _subtract(self, user_id: str, counted: Usage, ended_at: float) -> bool:
        """False if a correction may have left it out already. Waits for a throttled table."""
        name = f"give back {uuid.uuid4()}"
        condition = (
            "attribute_exists(pk) AND (attribute_not_exists(#corrected_at) OR #corrected_at < :ended_at)"
        )
        values = {"ended_at": int(ended_at) - CLOCK_MARGIN_SECONDS}
        obstacle: Throttled | None = None
        for pause in make_pauses():
            time.sleep(pause)
            try:
                return self._count(name, user_id, -counted, condition, values)
            except Throttled as error:
                obstacle = error
        raise obstacle or Throttled

    def _count(  # noqa: PLR0913, PLR0917 - the parts of one write
        self,
        name: str,
        user_id: str,
        amounts: Usage,
        condition: str,
        values: Mapping[str, int] | None = None,
        stamps: Mapping[str, int] | None = None,
    ) -> bool:
        """Add to a counter if the condition holds, and once for each name.

        The row keeps the ids of the latest writes in three sets, which take turns. The oldest set is dropped
        when the next turn comes. So a write that is sent again, because its response was lost, finds its id
        and changes nothing.
        """
        write_id = hashlib.sha256(name.encode()).digest()[:8]
        turn = int(self._clock()) // WINDOW_SECONDS
        current, last, oldest = (f"writes_{number % 3}" for number in (turn, turn - 1, turn + 1))
        stamps = {"schema_version": SCHEMA_VERSION, **(stamps or {})}
        update = (
            f"ADD #images :images, #bytes :bytes, #version :one, #{current} :writes "
            f"SET {', '.join(f'#{stamp} = :{stamp}' for stamp in stamps)} REMOVE #{oldest}"
        )
        is_new = f"NOT contains(#{current}, :write) AND NOT contains(#{last}, :write)"
        try:
            self.table.update(
                make_usage_key(user_id),
                update,
                {**dict(amounts), **stamps, **(values or {})}
                | {"one": 1, "write": write_id, "writes": {write_id}},
                condition=" AND ".join(filter(None, [is_new, condition])),
            )
        except ConditionFailed as error:
            row = error.row or {}
            return any(bytes(other) == write_id for turn in (current, last) for other in row.get(turn, ()))
        return True


def make_usage_key(user_id: str) -> Key:
    return make_user_partition(user_id), USAGE_KIND


def make_marker_key(image_id: str) -> Key:
    return make_record_key(image_id)[0], MARKER_KIND
