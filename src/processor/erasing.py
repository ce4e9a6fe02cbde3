"""Erases users: deletes all that they have, in slices that each leave the rest to the next one.

A slice first closes the user's counter, so that nothing new is taken. It reads the user's own listings and
pending uploads, and deletes what they name in the normal way: other changes of the stream delete the bytes
and give back. Then it writes how far it is. That write is the event of the next slice.

A request that had reserved room before the counter was closed may still add its record. It is in the counter
meanwhile. So the erasure is finished when the counter is at zero and nothing was listed after that. A counter
that is wrong, because a function was killed, holds the end up for as long as such a request may take.

Where the bucket keeps versions of what was deleted, the erasure deletes these at its end, for good.
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from processor.purging import SETTLING
from shared.counters import parse_form
from shared.erasures import TOMBSTONE_LIFETIME, Deleted
from shared.errors import Unavailable
from shared.listing import HIGHEST_KEY, LOWEST_KEY
from shared.observability import get_logger
from shared.quotas import Usage
from shared.records import parse_sort_key
from shared.transactions import ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from processor.purging import Purger
    from shared.counters import Counter, Form
    from shared.erasures import Erasure, ErasureRepository
    from shared.files import FileRepository
    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.records import RecordRepository
    from shared.rows import Key
    from shared.tag_counts import TagRepository
    from shared.tombstones import TombstoneStorage
    from shared.usages import UsageRepository

SLICE_SECONDS = 10
PAUSE_SECONDS = 5
"""How long a slice that finds nothing waits before the next one looks again."""
GRACE = timedelta(seconds=40)
"""Longer than a request can take to add its record: API Gateway and the function end it after 29 seconds."""
BATCH_SIZE = 100
MAX_CONCURRENT_CALLS = 8


@dataclass(frozen=True)
class Target:
    """A record to delete, and the listing entry that has led to it. A pending upload has none."""

    repository: RecordRepository[Any]
    record_id: str
    entries: Sequence[Key] = ()


@dataclass(frozen=True)
class Outcome:
    """The targets of some deletions: those that were deleted, those that were gone, and the errors."""

    deleted: Deleted
    gone: Sequence[Target]
    errors: Sequence[Exception]


class Eraser:
    """Works on erasures. A slice that comes twice, late or beside another one is harmless."""

    def __init__(  # noqa: PLR0913, PLR0917 - its stores
        self,
        erasures: ErasureRepository,
        usages: UsageRepository,
        images: ImageRepository,
        files: FileRepository,
        items: ItemRepository,
        tags: TagRepository,
        tombstones: TombstoneStorage,
        *,
        purger: Purger | None = None,
        sleep: Callable[[float], object],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`purger`: for a bucket that keeps versions."""
        self._erasures = erasures
        self._usages = usages
        self._images = images
        self._repositories: dict[str, RecordRepository[Any]] = {
            "images": images,
            "files": files,
            "items": items,
        }
        self._tags = tags
        self._tombstones = tombstones
        self._purger = purger
        self._clock = clock
        self._sleep = sleep

    def work(self, begun: Erasure, end: datetime) -> None:
        """Do a slice of an erasure, until a time. Another slice does the work if its row has changed since.

        Raises the error that keeps it from deleting anything that is left, and Unavailable if it is too late.
        """
        if self._clock() >= end:
            raise Unavailable
        erasure = self._erasures.get(begun.user_id)
        if erasure is None or erasure.finished_at or erasure.version != begun.version:
            return
        counter = self._usages.close(erasure.user_id)
        outcome = self._delete_some(erasure, counter, end)
        if not outcome.deleted.is_zero:
            self._note(erasure.after(outcome.deleted, self._clock()))
        elif outcome.errors:
            raise outcome.errors[0]
        elif (
            counter
            and self._has_settled(erasure, counter)
            and self._purge(erasure, counter, end)
            and self._finish(erasure, counter)
        ):
            self._note(erasure.finish(self._clock()))
        else:
            self._sleep(min(PAUSE_SECONDS, max(0, (end - self._clock()).total_seconds())))
            self._note(erasure.after(Deleted(), self._clock()))

    def look_again(self, user_id: str) -> None:
        """Let the erasure of a user begin again if it is finished: there is something new to delete."""
        erasure = self._erasures.get(user_id)
        if erasure and erasure.finished_at:
            self._note(erasure.restart(self._clock()))

    def _delete_some(self, erasure: Erasure, counter: Counter | None, end: datetime) -> Outcome:
        """Delete until the time is over, nothing is left, or what is left cannot be deleted."""
        total, errors = Deleted(), list[Exception]()
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
            if counter:
                total += self._delete_pending(executor, erasure, counter)
            while True:
                targets = [*islice(self._list_targets(erasure.user_id), BATCH_SIZE)]
                outcome = self._delete_all(executor, erasure.user_id, targets)
                self._give_back_items(erasure.user_id, outcome.deleted.items)
                total += outcome.deleted
                errors = [*outcome.errors]
                if outcome.deleted.is_zero or self._clock() >= end:
                    return Outcome(total, outcome.gone, errors)

    def _delete_pending(self, executor: ThreadPoolExecutor, erasure: Erasure, counter: Counter) -> Deleted:
        """Delete the images whose direct uploads are pending: no listing has a new one.

        One without a record may get it from a request that is still running. After the grace it never does.
        """
        total = Deleted()
        forms: dict[str, dict[str, Form]] = {}
        for name, form in counter.forms.items():
            forms.setdefault(parse_form(name), {})[name] = form
        for ids in batched(forms, BATCH_SIZE, strict=False):
            targets = [Target(self._images, image_id) for image_id in ids]
            outcome = self._delete_all(executor, erasure.user_id, targets)
            total += outcome.deleted
            for target in outcome.gone if self._is_quiet(erasure, counter, GRACE) else ():
                self._usages.end_forms(erasure.user_id, forms[target.record_id])
        return total

    def _list_targets(self, user_id: str) -> Iterator[Target]:
        for repository in self._repositories.values():
            for partition in repository.list_partitions_of(user_id):
                entries, _ = repository.table.query_entries(
                    partition, LOWEST_KEY, HIGHEST_KEY, descending=False, limit=BATCH_SIZE
                )
                for sort_key, _ in entries:
                    yield Target(repository, parse_sort_key(sort_key), [(partition, sort_key)])

    def _delete_all(self, executor: ThreadPoolExecutor, user_id: str, targets: Sequence[Target]) -> Outcome:
        def erase(target: Target) -> object:
            try:
                if self._purger and target.repository is not self._repositories["items"]:
                    self._purger.note(user_id, target.repository.make_key(target.record_id))
                return target.repository.erase(target.record_id, target.entries)
            except Exception as error:  # noqa: BLE001 - returned
                return error

        results = [*zip(targets, executor.map(erase, targets), strict=True)]
        errors = [result for _, result in results if isinstance(result, Exception)]
        gone = [target for target, result in results if result is None]
        deleted = [
            target.repository for target, result in results if result and not isinstance(result, Exception)
        ]
        counts = {name: deleted.count(repository) for name, repository in self._repositories.items()}
        return Outcome(Deleted(**counts), gone, errors)

    def _give_back_items(self, user_id: str, count: int) -> None:
        """Give back what deleted items have counted. If that fails, the end of the erasure does it."""
        if count:
            with suppress(Unavailable):
                self._usages.release(f"items {uuid.uuid4()}", user_id, Usage(items=count))

    def _has_settled(self, erasure: Erasure, counter: Counter) -> bool:
        """Tell if no request can add anything any more. The counter was read before the listings."""
        return not counter.forms and (counter.is_zero or self._is_quiet(erasure, counter, GRACE))

    def _is_quiet(self, erasure: Erasure, counter: Counter, grace: timedelta) -> bool:
        """Tell if every request has ended that had begun when something was deleted last."""
        since = max(erasure.changed_at.timestamp(), counter.erased_at or 0)
        return self._clock().timestamp() - since >= grace.total_seconds()

    def _purge(self, erasure: Erasure, counter: Counter, end: datetime) -> bool:
        """Delete what the bucket keeps of the user. False if something is left, or may still be written."""
        if self._purger is None:
            return True
        if not self._is_quiet(erasure, counter, SETTLING):
            return False
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
            return self._purger.purge(erasure.user_id, executor, end)

    def _finish(self, erasure: Erasure, counter: Counter) -> bool:
        """Delete the counters, and let the tombstones end. False if the counter of the usage has changed."""
        self._tags.erase(erasure.user_id)
        self._tombstones.add(erasure.user_id)
        expires_at = int((self._clock() + TOMBSTONE_LIFETIME).timestamp())
        try:
            self._usages.empty(erasure.user_id, counter, expires_at=expires_at)
        except ConditionFailed:
            return False
        return True

    def _note(self, erasure: Erasure) -> None:
        self._erasures.replace(erasure)
        get_logger().info("erased", deleted=erasure.amounts, is_finished=erasure.finished_at is not None)
