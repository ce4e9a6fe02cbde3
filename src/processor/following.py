"""Follows changes of the images table: deletes bytes, and gives back what a record has counted.

A change of an erasure is the event of its next slice.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from processor.erasing import SLICE_SECONDS
from processor.events import derive_event
from processor.publishing import Unpublished
from processor.stream import name_record, read_erasure, read_name, read_versions
from processor.tags import count_tags, find_tag_change
from shared import lifecycle
from shared.counters import Ending, name_upload
from shared.errors import Unavailable
from shared.files import FILE_KIND, get_file_usage
from shared.images import IMAGE_KIND, get_image_usage
from shared.keys import Revision, list_revisions, make_file_key
from shared.models import File, Image, Replacement
from shared.observability import get_logger
from shared.quotas import Usage
from shared.replacements import find_life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from processor.erasing import Eraser
    from processor.events import ImageEvent
    from processor.stream import StreamRecord
    from shared.deletions import DeletionRepository
    from shared.rows import Key
    from shared.storage import ImageStorage
    from shared.tag_counts import TagChange, TagRepository
    from shared.usages import UsageRepository

MAX_AGE = timedelta(hours=1)
"""How long a change that failed for a moment is tried again. Then it goes into the failure queue."""
MAX_UNPUBLISHED_AGE = timedelta(minutes=1)
"""The same for a change that is followed but not told. It holds up those after it, so it waits less."""


@dataclass(frozen=True)
class Change:
    """A change of an image or a file: from `old` to `new`, which is None if it is gone."""

    old: Image | File
    new: Image | File | None
    at: float
    """Seconds since 1970."""

    @property
    def ending(self) -> Ending:
        """The end of that which the record counts no more. What it counts more was reserved before."""
        lost = _get_usage(self.old) + -_get_usage(self.new)
        return Ending(Usage(**{name: max(0, amount) for name, amount in lost.amounts.items()}), self.at)

    @property
    def marked_version(self) -> int | None:
        """The version that counts less than the one before. None: the record counts no more."""
        return None if self.new is None or _get_usage(self.new).is_zero else self.new.version

    @property
    def withdraws(self) -> bool:
        """True if everyone could see the image, and must not see it any more as it was."""
        if isinstance(self.old, File) or not self.old.is_public:
            return False
        return (
            not isinstance(self.new, Image)
            or not self.new.is_public
            or self.new.revision != self.old.revision
        )

    def list_ended_uploads(self) -> list[tuple[str, int]]:
        """Return the name and the size of each direct upload that is gone and was still pending."""
        if self.new or isinstance(self.old, File):
            return []
        lives = (self.old, self.old.replacement)
        return [
            (name_upload(self.old.id, life if isinstance(life, Replacement) else None), life.size)
            for life in lives
            if life and lifecycle.awaits_upload(life.state)
        ]

    def find_keys(self, storage: ImageStorage) -> Iterator[str]:
        """Yield the key of every object that nobody needs any more.

        A replacement that has become the image, or is rejected, is the business of the run that did it.
        """
        if isinstance(self.old, File):
            if not self.new:
                yield make_file_key(self.old)
        elif not isinstance(self.new, Image):
            yield from storage.find_keys(list_revisions(self.old))
        elif (superseded := self.old.replacement) and not find_life(self.new, superseded.revision):
            yield from Revision(self.old.id, superseded.revision).list_keys()


class Follower:
    """Follows changes. To follow one twice, late or in another order is harmless."""

    def __init__(  # noqa: PLR0913 - its parts
        self,
        usages: UsageRepository,
        tags: TagRepository,
        storage: ImageStorage,
        eraser: Eraser,
        *,
        send: Callable[[str], object],
        withdraw: Callable[[Sequence[str]], object] | None = None,
        publish: Callable[[Mapping[str, ImageEvent]], dict[str, Exception]] | None = None,
        deletions: DeletionRepository | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`send` puts a text into the failure queue, and `withdraw` takes images out of the CDN.

        `publish` tells others what happened, and returns the errors of that by the numbers of the changes.
        `deletions`: for a bucket that keeps versions.
        """
        self._usages = usages
        self._tags = tags
        self._storage = storage
        self._eraser = eraser
        self._send = send
        self._withdraw = withdraw
        self._publish = publish
        self._deletions = deletions
        self._clock = clock

    def follow(self, records: Sequence[StreamRecord]) -> dict[str, Exception]:
        """Follow all changes of a batch. Returns the errors of those that shall come again, by their numbers.

        A change that would fail again, or has failed for too long, goes into the failure queue, and so it
        holds up no other.
        """
        changes: dict[str, Change] = {}
        tag_changes: dict[str, TagChange] = {}
        events: dict[str, ImageEvent] = {}
        failures: dict[str, Exception] = {}
        for record in records:
            number = record["dynamodb"]["SequenceNumber"]
            changed_at = float(record["dynamodb"]["ApproximateCreationDateTime"])
            try:
                old, new = read_versions(record, self._usages.table.name)
            except Exception as error:  # noqa: BLE001 - sorted out below
                failures[number] = error
                continue
            if old:
                changes[number] = Change(old, new, changed_at)
            if tag_change := find_tag_change(old, new):
                tag_changes[number] = tag_change
            if event := derive_event(old, new, changed_at):
                events[number] = event
        failures |= self._withdraw_images(
            {number: change.old.id for number, change in changes.items() if change.withdraws}
        )
        failures |= self._delete_bytes(changes)
        failures |= self._note_deletions(changes)
        failures |= self._give_back(
            {number: change for number, change in changes.items() if number not in failures}
        )
        failures |= count_tags(self._tags, tag_changes)
        by_number = {record["dynamodb"]["SequenceNumber"]: record for record in records}
        unpublished = self._publish(events) if self._publish and events else {}
        failures = unpublished | failures
        failures |= self._erase(by_number)
        return {
            number: error
            for number, error in failures.items()
            if not self._put_aside(by_number[number], error)
        }

    def _erase(self, records: Mapping[str, StreamRecord]) -> dict[str, Exception]:
        """Do a slice of each erasure. All have the time of one together. Those that it leaves come again."""
        failures: dict[str, Exception] = {}
        end = datetime.fromtimestamp(self._clock() + SLICE_SECONDS, UTC)
        for number, record in records.items():
            try:
                if erasure := read_erasure(record, self._usages.table.name):
                    self._eraser.work(erasure, end)
            except Exception as error:  # noqa: BLE001 - returned
                failures[number] = error
        return failures

    def _withdraw_images(self, ids: Mapping[str, str]) -> dict[str, Exception]:
        """Take images out of the CDN, all together. It keeps copies of what the bucket has no more."""
        if self._withdraw and ids:
            try:
                self._withdraw([*ids.values()])
            except Exception as error:  # noqa: BLE001 - returned
                return dict.fromkeys(ids, error)
        return {}

    def _delete_bytes(self, removed: Mapping[str, Change]) -> dict[str, Exception]:
        """Delete the bytes that these changes leave together, or one by one if that fails."""
        try:
            self._storage.delete_all(
                key for change in removed.values() for key in change.find_keys(self._storage)
            )
        except Exception as error:  # noqa: BLE001 - returned
            if len(removed) == 1:
                return dict.fromkeys(removed, error)
        else:
            return {}
        failures: dict[str, Exception] = {}
        for number, change in removed.items():
            failures |= self._delete_bytes({number: change})
        return failures

    def _note_deletions(self, changes: Mapping[str, Change]) -> dict[str, Exception]:
        """Note what the bucket keeps for a while, so that an erasure of its user finds it.

        One that is finished looks again. So nothing stays of a deletion that comes late, or once more.
        """
        failures: dict[str, Exception] = {}
        noted: dict[str, list[str]] = {}
        for number, change in changes.items():
            if self._deletions and change.new is None:
                try:
                    self._deletions.add(change.old.user_id, _make_key(change.old))
                except Exception as error:  # noqa: BLE001 - returned
                    failures[number] = error
                else:
                    noted.setdefault(change.old.user_id, []).append(number)
        for user_id, numbers in noted.items():
            try:
                self._eraser.look_again(user_id)
            except Exception as error:  # noqa: BLE001 - same
                failures |= dict.fromkeys(numbers, error)
        return failures

    def _give_back(self, changes: Mapping[str, Change]) -> dict[str, Exception]:
        """Mark the records that count less, and give back what they counted in one write for each user."""
        failures: dict[str, Exception] = {}
        marked: dict[str, list[str]] = {}
        for number, change in changes.items():
            is_marked = False
            try:
                for upload, size in change.list_ended_uploads():
                    self._usages.end_upload(upload, change.old.user_id, size)
                gives_back = not change.ending.counted.is_zero
                is_marked = gives_back and self._usages.mark(_make_key(change.old), change.marked_version)
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
            if number in failures or (change.new and number not in given_back):
                continue
            get_logger().info(
                "followed",
                extra=name_record(change.old.id, is_file=isinstance(change.old, File)),
                removed=not change.new,
                given_back=number in given_back,
            )
        return failures

    def _put_aside(self, record: StreamRecord, error: Exception) -> bool:
        """Put a change into the failure queue, unless it may soon succeed. False if it has to come again."""
        change = record["dynamodb"]
        get_logger().exception("not followed", exc_info=error, extra=read_name(record))
        age = self._clock() - change["ApproximateCreationDateTime"]
        max_age = MAX_UNPUBLISHED_AGE if isinstance(error, Unpublished) else MAX_AGE
        if isinstance(error, Unavailable) and age < max_age.total_seconds():
            return False
        try:
            self._send(json.dumps({"change": record, "error": type(error).__name__}))
        except Unavailable:
            return False
        return True


def _get_usage(record: Image | File | None) -> Usage:
    return get_file_usage(record) if isinstance(record, File) else get_image_usage(record)


def _make_key(record: Image | File) -> Key:
    kind = FILE_KIND if isinstance(record, File) else IMAGE_KIND
    return f"{kind}#{record.id}", kind
