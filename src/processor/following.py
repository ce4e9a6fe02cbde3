"""Follows changes of the images table: deletes bytes, and gives back what an image has counted."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.errors import Unavailable
from shared.images import get_image_usage, parse_record_key
from shared.models import Image
from shared.observability import get_logger
from shared.rows import decode
from shared.storage import list_revisions
from shared.usages import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

    type StreamRecord = Mapping[str, Any]
    """A record of a DynamoDB stream, as Lambda gets it."""

MAX_AGE = timedelta(hours=1)
"""How long a change that failed for a moment is tried again. Then it goes into the failure queue."""


class ForeignChange(Exception):
    """The change is of another table, for example of one that was restored. Its image may live here."""


@dataclass(frozen=True)
class Change:
    """A change of an image: from `old` to `new`, which is None if the image is gone."""

    old: Image
    new: Image | None
    at: float
    """Seconds since 1970."""

    @property
    def ending(self) -> Ending:
        return Ending(get_image_usage(self.old), self.at)

    @property
    def ends_counting(self) -> bool:
        return not get_image_usage(self.old).is_zero and get_image_usage(self.new).is_zero


class Follower:
    """Follows changes. To follow one twice, late or in another order is harmless."""

    def __init__(
        self,
        usages: UsageRepository,
        storage: ImageStorage,
        *,
        send: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`send` puts a text into the failure queue."""
        self._usages = usages
        self._storage = storage
        self._send = send
        self._clock = clock

    def follow(self, records: Sequence[StreamRecord]) -> dict[str, Exception]:
        """Follow all changes of a batch. Returns the errors of those that shall come again, by their numbers.

        A change that would fail again, or has failed for too long, goes into the failure queue, and so it
        holds up no other.
        """
        changes: dict[str, Change] = {}
        failures: dict[str, Exception] = {}
        for record in records:
            number = record["dynamodb"]["SequenceNumber"]
            try:
                if change := read_change(record, self._usages.table.name):
                    changes[number] = change
            except Exception as error:  # noqa: BLE001 - sorted out below
                failures[number] = error
        failures |= self._delete_bytes(
            {number: change for number, change in changes.items() if not change.new}
        )
        failures |= self._give_back(
            {number: change for number, change in changes.items() if number not in failures}
        )
        by_number = {record["dynamodb"]["SequenceNumber"]: record for record in records}
        return {
            number: error
            for number, error in failures.items()
            if not self._put_aside(by_number[number], error)
        }

    def _delete_bytes(self, removed: Mapping[str, Change]) -> dict[str, Exception]:
        """Delete the bytes of all removed images together, or one by one if that fails."""
        revisions = {number: list_revisions(change.old) for number, change in removed.items()}
        try:
            self._storage.delete_revisions(revision for some in revisions.values() for revision in some)
        except Exception as error:  # noqa: BLE001 - returned
            if len(revisions) == 1:
                return dict.fromkeys(revisions, error)
        else:
            return {}
        failures: dict[str, Exception] = {}
        for number, change in removed.items():
            failures |= self._delete_bytes({number: change})
        return failures

    def _give_back(self, changes: Mapping[str, Change]) -> dict[str, Exception]:
        """Mark the images that count no more, and give back what they counted in one write for each user."""
        failures: dict[str, Exception] = {}
        marked: dict[str, list[str]] = {}
        for number, change in changes.items():
            is_marked = False
            try:
                is_marked = change.ends_counting and self._usages.mark(change.old.id)
            except Exception as error:  # noqa: BLE001 - returned
                failures[number] = error
                continue
            if is_marked:
                marked.setdefault(change.old.user_id, []).append(number)
        for user_id, numbers in marked.items():
            endings = [changes[number].ending for number in numbers]
            try:
                self._usages.give_back(user_id, endings)
            except Exception as error:  # noqa: BLE001 - same
                failures |= dict.fromkeys(numbers, error)
        given_back = {number for numbers in marked.values() for number in numbers}
        for number, change in changes.items():
            if number in failures:
                continue
            get_logger().info(
                "followed",
                image_id=change.old.id,
                removed=not change.new,
                given_back=number in given_back,
            )
        return failures

    def _put_aside(self, record: StreamRecord, error: Exception) -> bool:
        """Put a change into the failure queue, unless it may soon succeed. False if it has to come again."""
        change = record["dynamodb"]
        get_logger().exception("not followed", exc_info=error, image_id=_read_image_id(record))
        age = self._clock() - change["ApproximateCreationDateTime"]
        if isinstance(error, Unavailable) and age < MAX_AGE.total_seconds():
            return False
        try:
            self._send(json.dumps({"change": record, "error": type(error).__name__}))
        except Unavailable:
            return False
        return True


def read_change(record: StreamRecord, table: str) -> Change | None:
    """Return None for a record that is of no image. Raises ValidationError and ForeignChange."""
    change = record["dynamodb"]
    if record["eventName"] == "INSERT" or _read_image_id(record) is None:
        return None
    if f":table/{table}/" not in record["eventSourceARN"]:
        raise ForeignChange
    return Change(
        old=Image.model_validate(decode(change["OldImage"])),
        new=Image.model_validate(decode(change["NewImage"])) if "NewImage" in change else None,
        at=float(change["ApproximateCreationDateTime"]),
    )


def _read_image_id(record: StreamRecord) -> str | None:
    key = record["dynamodb"]["Keys"]
    return parse_record_key((key["pk"]["S"], key["sk"]["S"]))
