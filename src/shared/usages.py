"""Usages of users: one counter for each, changed by single writes that count once.

Room is reserved before anything is stored. It is given back once for each record: a marker comes first, then
the counter. A function that dies in between leaves the user charged until the consistency check. The write
that reserves also takes a token of the user's rate.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from itertools import chain
from typing import TYPE_CHECKING

from shared.counters import (
    MARKER_LIFETIME,
    Counter,
    Ending,
    Form,
    Marker,
    make_marker_key,
    make_usage_key,
    name_form,
)
from shared.errors import Contended, Erased, Throttled
from shared.models import SCHEMA_VERSION
from shared.quotas import PENDING_FIELDS, Quota, Usage
from shared.rates import Rate
from shared.retries import make_pauses
from shared.transactions import ConditionFailed
from shared.writes import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from shared.rows import Key, Row
    from shared.table import Table

WINDOW_SECONDS = 20
"""Longer than the tries of one write take together."""
CLOCK_MARGIN_SECONDS = 5
"""The stream and the table tell whole seconds of two clocks."""


class UsageRepository:
    """The counters of users, in the images table."""

    def __init__(
        self,
        table: Table,
        quota: Quota | None = None,
        rate: Rate | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.table = table
        self._quota = quota or Quota()
        self._rate = rate or Rate()
        self._clock = clock

    def get(self, user_id: str) -> Counter:
        row = self.table.get(make_usage_key(user_id)) or {"version": 0}
        return Counter.model_validate(row).as_of(self._clock())

    def reserve(self, name: str, user_id: str, added: Usage, *, takes_token: bool = True) -> None:
        """Count something before it is stored. Runs that reserve under one name at a time count it once.

        Raises QuotaExceeded, RateExceeded and Erased.
        """
        write = Write(added.amounts, stamps={"reserved_at": int(self._clock())})
        self._reserve(name, user_id, write, needed=added, tokens=int(takes_token))

    def begin_upload(self, upload: str, user_id: str, form: Form, later: Usage | None = None) -> None:
        """Count a direct upload as pending. It needs room for what it will add `later`: an image by default.

        Raises as `reserve` does, and TooManyPending.
        """
        write = Write(form.usage.amounts, stamps={name_form(upload): form.model_dump()})
        needed = form.usage + (later or Usage(images=1, bytes=form.bytes))
        self._reserve(upload, user_id, write, needed=needed)

    def end_upload(self, upload: str, user_id: str, size: int) -> None:
        """Count a direct upload as pending no more. It may have ended before."""
        self.end_forms(user_id, {name_form(upload): Form(bytes=size, ends_at=0)})

    def end_forms(self, user_id: str, forms: Mapping[str, Form]) -> None:
        """Count uploads as pending no more, by the names of their attributes, if all of them still do."""
        ended = sum((form.usage for form in forms.values()), Usage())
        conditions = [f"attribute_exists(#{name})" for name in forms]
        write = Write((-ended).amounts, removed=[*forms], conditions=conditions)
        self._count(f"end {' '.join(forms)}", user_id, write)

    def take_tokens(self, user_id: str, count: int = 1) -> None:
        """Take tokens of a user's rate for writes that reserve nothing: all of them, or none.

        If a response is lost, it may take twice as many. So it leaves no id in the row. Raises RateExceeded
        and Erased.
        """
        if count:
            self._reserve(None, user_id, Write(), needed=Usage(), tokens=count)

    def release(self, name: str, user_id: str, reserved: Usage) -> None:
        """Give back what was reserved under a name for something that is not stored after all."""
        write = Write((-reserved).amounts, conditions=["attribute_exists(pk)"])
        self._count(f"release {name}", user_id, write)

    def close(self, user_id: str) -> Counter | None:
        """Refuse everything new of a user from now on. Return the counter if it was closed before."""
        now = int(self._clock())
        write = Write(stamps={"erased_at": now}, conditions=["attribute_not_exists(#erased_at)"])
        found = self._count(f"close {uuid.uuid4()}", user_id, write)
        return None if found is None else Counter.model_validate(found)

    def empty(self, user_id: str, counter: Counter, *, expires_at: int) -> None:
        """Set the counter of a closed user to nothing, and let it end. Nothing is given back after that.

        Raises ConditionFailed if it has changed since.
        """
        stamps = {
            "version": counter.version + 1,
            "corrected_at": int(self._clock()),
            "expires_at": expires_at,
        }
        write = Write(stamps=Usage().amounts | stamps, values={"old": counter.version})
        key, condition = make_usage_key(user_id), "#version = :old"
        self.table.update(key, write.expression, write.expression_values, condition=condition)

    def mark(self, record: Key, version: int | None = None) -> bool:
        """Write a marker, as `make_marker_key` names it. False if there is one: it was given back, or that
        has begun.
        """
        expires_at = int(self._clock() + MARKER_LIFETIME.total_seconds())
        try:
            marker = Marker(token=str(uuid.uuid4()), expires_at=expires_at)
            self.table.add(make_marker_key(record, version), marker)
        except ConditionFailed:
            return False
        return True

    def give_back(self, user_id: str, endings: Sequence[Ending]) -> None:
        """Give back what marked records of a user have counted, in one write if possible.

        A correction of the counter has left out the records that had ended before it.
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
        stamps = {"version": version + 1, "corrected_at": int(counted_at.timestamp())}
        counter = Counter.model_validate(total.amounts | stamps)
        if version == 0:
            self.table.add(user, counter)
            return
        fields = {*Usage.model_fields, "version", "corrected_at", "schema_version"} - PENDING_FIELDS
        self.table.update(
            user,
            "SET " + ", ".join(f"#{name} = :{name}" for name in sorted(fields)),
            {**counter.model_dump(include=fields), "old": version},
            condition="#version = :old",
        )

    def _reserve(
        self, name: str | None, user_id: str, write: Write, *, needed: Usage, tokens: int = 1
    ) -> None:
        """Make a write if there is room for what is needed, and if the bucket has the tokens."""
        self._quota.require_room(Usage(), needed)
        limits = self._quota.get_limits_before(needed)
        bounds = Write(
            conditions=[
                "attribute_not_exists(#erased_at)",
                *(f"(attribute_not_exists(#{name}) OR #{name} <= :max_{name})" for name in limits),
            ],
            values={f"max_{name}": limit for name, limit in limits.items()},
        )
        rate = self._rate if tokens else Rate()
        is_busy = False
        for pause in chain([0], make_pauses()):
            time.sleep(pause)
            now_ms = int(self._clock() * 1000)
            token = _write_tokens(rate, tokens, now_ms, is_busy=is_busy)
            found = self._count(name and f"reserve {name}", user_id, write + bounds + token)
            if found is None:
                return
            counter = Counter.model_validate(found)
            if counter.erased_at is not None:
                raise Erased
            if needed.pending_uploads and (ended := counter.list_ended_forms(self._clock())):
                self.end_forms(user_id, ended)  # unless another request has just done so
                continue
            self._quota.require_room(counter, needed)
            rate.require_tokens(tokens, counter.full_at, now_ms)
            is_busy = counter.full_at > now_ms
        raise Contended

    def _subtract(self, user_id: str, counted: Usage, ended_at: float) -> bool:
        """False if a correction may have left it out already. Waits for a throttled table."""
        name = f"give back {uuid.uuid4()}"
        write = Write(
            (-counted).amounts,
            conditions=[
                "attribute_exists(pk)",
                "(attribute_not_exists(#corrected_at) OR #corrected_at < :ended_at)",
            ],
            values={"ended_at": int(ended_at) - CLOCK_MARGIN_SECONDS},
        )
        obstacle: Throttled | None = None
        for pause in make_pauses():
            time.sleep(pause)
            try:
                return self._count(name, user_id, write) is None
            except Throttled as error:
                obstacle = error
        raise obstacle or Throttled

    def _count(self, name: str | None, user_id: str, write: Write) -> Row | None:
        """Change a counter if the conditions hold, and once for each name. Returns the row if they do not.

        The row keeps the ids of the latest writes in three sets, which take turns. The oldest set is dropped
        when the next turn comes. So a write that is sent again, because its response was lost, finds its id
        and changes nothing.
        """
        write_id = hashlib.sha256((name or "").encode()).digest()[:8]
        turn = int(self._clock()) // WINDOW_SECONDS
        current, last, oldest = (f"writes_{number % 3}" for number in (turn, turn - 1, turn + 1))
        whole = write + Write({"version": 1}, stamps={"schema_version": SCHEMA_VERSION})
        if name is not None:
            whole += Write(
                {current: {write_id}},
                removed=[oldest],
                conditions=[f"NOT contains(#{current}, :write)", f"NOT contains(#{last}, :write)"],
                values={"write": write_id},
            )
        try:
            self.table.update(
                make_usage_key(user_id),
                whole.expression,
                whole.expression_values,
                condition=" AND ".join(whole.conditions),
            )
        except ConditionFailed as error:
            row = error.row or {}
            is_done = any(bytes(other) == write_id for turn in (current, last) for other in row.get(turn, ()))
            return None if is_done else row
        return None


def _write_tokens(rate: Rate, count: int, now_ms: int, *, is_busy: bool) -> Write:
    """Take tokens. The first try expects a full bucket, and the row that it finds tells if that is wrong."""
    if not rate.interval_ms:
        return Write()
    if is_busy:
        return Write(
            {"full_at": count * rate.interval_ms},
            conditions=["#full_at BETWEEN :now_ms AND :latest"],
            values={"now_ms": now_ms, "latest": rate.get_latest(count, now_ms)},
        )
    return Write(
        stamps={"full_at": now_ms + count * rate.interval_ms},
        conditions=["(attribute_not_exists(#full_at) OR #full_at <= :now_ms)"],
        values={"now_ms": now_ms},
    )
