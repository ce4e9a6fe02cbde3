"""Tags of users with counts: one counter for each tag, and one row for each image that it counts.

The row of an image says which of its tags the counters count. Both change in one transaction, after the image
and apart from it. So a count may lag, but a change that comes twice, late or in another order counts once.
No request touches these rows: the transactions of the function behind the stream wait for each other.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Self

from shared import lifecycle
from shared.counters import MARKER_LIFETIME
from shared.images import make_record_key, make_user_partition
from shared.models import SCHEMA_VERSION, Stored
from shared.table import MAX_KEYS_PER_READ
from shared.tags import fold_tag
from shared.transactions import MAX_WRITES, Transaction, repeat
from shared.writes import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shared.models import Image
    from shared.rows import Key
    from shared.table import Table

TAGGING_KIND = "TAGS"
LISTING_PREFIX = "TAGS#"
COUNT_PREFIX = "TAG#"
HIGHEST_TEXT = "\U0010ffff"


class Tagging(Stored):
    """The row of an image: which of its tags the counters count."""

    version: int
    """The version of the image whose tags are counted."""
    user_id: str | None = None
    """None: the image is gone."""
    tags: tuple[str, ...] = ()
    expires_at: int | None = None
    """When the row of an image that is gone ends, in seconds since 1970."""

    @property
    def by_folded(self) -> Mapping[str, str]:
        """The tags as they were written, by their folded forms."""
        return {fold_tag(tag): tag for tag in self.tags}


class TagCount(Stored):
    """The counter of a tag: how many images of a user have it."""

    name: str
    """The tag as it was written last."""
    count: int
    version: int = 1
    """The number of writes so far."""


@dataclass(frozen=True)
class TagPage:
    """Counters by the names of their tags, and the sort key at which the next page begins."""

    counts: Sequence[TagCount]
    next_key: str | None


@dataclass(frozen=True)
class TagChange:
    """The tags that count for an image from a version on."""

    image_id: str
    user_id: str
    version: int
    tags: Mapping[str, str]
    """As they are written, by their folded forms."""
    is_gone: bool = False
    had_tags: bool = False
    """Of an image that is gone: a change from before may still come."""

    @classmethod
    def of(cls, image: Image) -> Self:
        return cls(image.id, image.user_id, image.version, list_counted_tags(image))

    @classmethod
    def of_removal(cls, image: Image) -> Self:
        """The change that comes after the last version of an image."""
        return cls(image.id, image.user_id, image.version + 1, {}, is_gone=True, had_tags=bool(image.tags))

    def make_tagging(self, now: float) -> Tagging:
        if self.is_gone:
            return Tagging(version=self.version, expires_at=int(now + MARKER_LIFETIME.total_seconds()))
        return Tagging(version=self.version, user_id=self.user_id, tags=tuple(self.tags.values()))


@dataclass
class _Delta:
    """Changes of some images, and what they add to each counter."""

    changes: list[TagChange] = field(default_factory=list)
    amounts: Counter[Key] = field(default_factory=Counter)
    names: dict[Key, str] = field(default_factory=dict)

    def count_writes(self, change: TagChange, counted: Mapping[str, str]) -> int:
        """Return the number of writes that a transaction needs with one more change."""
        keys = {make_count_key(change.user_id, tag) for tag, _ in change.tags.items() ^ counted.items()}
        return len(self.changes) + 1 + len(self.amounts.keys() | keys)

    def add(self, change: TagChange, counted: Mapping[str, str]) -> None:
        self.changes.append(change)
        for tag, name in change.tags.items() - counted.items():
            key = make_count_key(change.user_id, tag)
            self.amounts[key] += tag not in counted  # another spelling of a tag that counts already
            self.names[key] = name
        for tag in counted.keys() - change.tags.keys():
            self.amounts[make_count_key(change.user_id, tag)] -= 1


class TagRepository:
    """The counters of tags, in the images table."""

    def __init__(self, table: Table, *, clock: Callable[[], float] = time.time) -> None:
        self.table = table
        self._clock = clock

    def list(self, user_id: str, prefix: str = "", *, start: str | None = None, limit: int) -> TagPage:
        """Read a page of a user's counters whose tags begin with a text, whatever its case.

        `start` is the `next_key` of the page before. A page may be a moment old.
        """
        low = COUNT_PREFIX + fold_tag(prefix)
        rows = self.table.query(
            make_count_partition(user_id), max(low, start or low), low + HIGHEST_TEXT, limit=limit + 1
        )
        next_key = rows[limit]["sk"] if len(rows) > limit else None
        return TagPage([TagCount.model_validate(row) for row in rows[:limit]], next_key)

    def get(self, image_id: str) -> Tagging | None:
        row = self.table.get(make_tagging_key(image_id))
        return Tagging.model_validate(row) if row else None

    def count(self, changes: Iterable[TagChange]) -> None:
        """Count what images have from these versions on. What counts a later version already stays.

        Raises Contended and Throttled.
        """
        latest: dict[str, TagChange] = {}
        for change in changes:
            if change.image_id not in latest or latest[change.image_id].version < change.version:
                latest[change.image_id] = change
        for some in batched(latest.values(), MAX_KEYS_PER_READ, strict=False):
            repeat(partial(self._count, some))

    def erase(self, user_id: str) -> None:
        """Delete all counters of a user whose images are gone. What still counts less finds none."""
        while page := self.list(user_id, limit=MAX_WRITES).counts:
            keys = [make_count_key(user_id, fold_tag(tag.name)) for tag in page]
            self.table.transact(Transaction().delete_entries(keys))

    def recount(self, change: TagChange, found: Tagging | None) -> None:
        """Count an image as it is, in place of what its row says. Raises ConditionFailed if that has changed.

        So it also mends a row that counts a version which the image does not have yet.
        """
        delta = _Delta()
        delta.add(change, found.by_folded if found else {})
        self._write(delta, {change.image_id: found} if found else {})

    def correct(self, key: Key, found: TagCount | None, count: int, name: str) -> None:
        """Set a counter to what was counted. Raises ConditionFailed if it has changed since."""
        if found and not count:
            self.table.transact(Transaction().delete(key, version=found.version))
        elif found:
            corrected = found.model_copy(update={"count": count, "version": found.version + 1})
            self.table.transact(Transaction().replace(key, corrected, version=found.version))
        elif count:
            self.table.add(key, TagCount(name=name, count=count))

    def _count(self, changes: Sequence[TagChange]) -> None:
        """Raises ConditionFailed if another run has counted meanwhile."""
        rows = self.table.get_many([make_tagging_key(change.image_id) for change in changes])
        found = {
            change.image_id: Tagging.model_validate(row)
            for change in changes
            if (row := rows.get(make_tagging_key(change.image_id)))
        }
        delta = _Delta()
        for change in changes:
            tagging = found.get(change.image_id)
            is_late = tagging is not None and tagging.version >= change.version
            if is_late or (tagging is None and change.is_gone and not change.had_tags):
                continue
            counted = tagging.by_folded if tagging else {}
            if delta.count_writes(change, counted) > MAX_WRITES:
                self._write(delta, found)
                delta = _Delta()
            delta.add(change, counted)
        self._write(delta, found)

    def _write(self, delta: _Delta, found: Mapping[str, Tagging]) -> None:
        """Raises ConditionFailed."""
        transaction = Transaction()
        for change in delta.changes:
            key, tagging = make_tagging_key(change.image_id), change.make_tagging(self._clock())
            if change.image_id in found:
                transaction.replace(key, tagging, version=found[change.image_id].version)
            else:
                transaction.add(key, tagging)
        for key, write in self._make_writes(delta):
            if isinstance(write, Write):
                transaction.update(key, write)
            else:
                transaction.delete(key, version=write.version)
        if len(transaction):
            self.table.transact(transaction)

    def _make_writes(self, delta: _Delta) -> Iterator[tuple[Key, Write | TagCount]]:
        """Yield what each counter needs: a write, or its end, so that no counter stays at zero.

        A counter that is not raised is read before: if it is missing, it stays so.
        """
        unraised = [key for key, amount in delta.amounts.items() if amount <= 0]
        rows = self.table.get_many(unraised) if unraised else {}
        for key, amount in delta.amounts.items():
            name = {"name": delta.names[key]} if key in delta.names else {}
            change = Write({"count": amount, "version": 1}, {"schema_version": SCHEMA_VERSION, **name})
            if amount > 0:
                yield key, change
            elif key in rows:
                counter = TagCount.model_validate(rows[key])
                if counter.count <= -amount:
                    yield key, counter
                else:
                    yield key, change + Write(conditions=["#count > :least"], values={"least": -amount})


def list_counted_tags(image: Image | None) -> Mapping[str, str]:
    """Return the tags of an image that count, as they are written, by their folded forms.

    An image that ends by itself counts no more: it is in the trash, or has no picture.
    """
    if image is None or not lifecycle.is_listed(image.state) or lifecycle.get_end(image.state) is not None:
        return {}
    return {fold_tag(tag): tag for tag in image.tags}


def make_tagging_key(image_id: str) -> Key:
    return make_record_key(image_id)[0], TAGGING_KIND


def make_count_partition(user_id: str) -> str:
    return LISTING_PREFIX + make_user_partition(user_id)


def make_count_key(user_id: str, folded_tag: str) -> Key:
    return make_count_partition(user_id), COUNT_PREFIX + folded_tag
