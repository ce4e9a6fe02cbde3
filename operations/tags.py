"""Checks that the tags of all images are counted, and that the counters equal the sums over the images.

Tags are counted a moment after an image has changed. So an image that looks wrong is read again later. A
counter is wrong if it differs from two sums while nothing was counted.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from operations.findings import Finding, Flaw, get_all, read_image
from operations.sums import Sums
from shared.images import IMAGE_KIND, make_record_key
from shared.tag_counts import (
    COUNT_PREFIX,
    LISTING_PREFIX,
    TAGGING_KIND,
    TagChange,
    TagCount,
    Tagging,
    list_counted_tags,
    make_count_key,
    make_tagging_key,
)
from shared.tags import fold_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shared.models import Image
    from shared.rows import Key, Row
    from shared.tag_counts import TagRepository

MAX_LAG_SECONDS = 10
"""How long the function behind the stream may take to count what has changed."""
MAX_SUSPECTS = 10_000
MAX_TAGS_PER_WALK = 200_000


class TagCheck:
    """Checks the tags of one deployment."""

    def __init__(
        self,
        tags: TagRepository,
        *,
        max_suspects: int = MAX_SUSPECTS,
        max_tags: int = MAX_TAGS_PER_WALK,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._tags = tags
        self._max_suspects = max_suspects
        self._max_tags = max_tags
        self._sleep = sleep
        self._suspects: set[str] = set()

    def check_images(self, rows: Sequence[Row]) -> Iterator[Finding]:
        """Note which images among some rows look wrong. Check them again if there are many."""
        ids = {row["pk"].partition("#")[2] for row in rows if row["sk"] in {IMAGE_KIND, TAGGING_KIND}}
        by_key = {(row["pk"], row["sk"]): row for row in rows}
        wrong = {image_id for image_id in ids if self._judge(image_id, by_key)}
        found = self._read(wrong)
        self._suspects |= {image_id for image_id in wrong if self._judge(image_id, found)}
        if len(self._suspects) >= self._max_suspects:
            yield from self.check_suspects()

    def check_suspects(self) -> Iterator[Finding]:
        """Check the images that have looked wrong again, a moment later."""
        suspects, self._suspects = self._suspects, set()
        if suspects:
            self._sleep(MAX_LAG_SECONDS)
            found = self._read(suspects)
            yield from (finding for each in sorted(suspects) if (finding := self._judge(each, found)))

    def check_counters(self) -> Iterator[Finding]:
        """Read the table once for each number of tags, and once more for those whose sum differs."""
        after: Key | None = ("", "")
        while after is not None:
            sums = Sums[int](after, self._max_tags)
            for key, _, count in self._list_counted():
                sums.add(key, count)
            sums.cut()
            counters = self._get_counters(sums.by_key)
            wrong = {
                key: count for key, count in sums.by_key.items() if _get_count(counters.get(key)) != count
            }
            if wrong:
                yield from self._look_again(wrong)
            after = sums.last

    def _read(self, image_ids: Iterable[str]) -> Mapping[Key, Row]:
        makers = (make_record_key, make_tagging_key)
        return get_all(self._tags.table, [make(image_id) for image_id in image_ids for make in makers])

    def _judge(self, image_id: str, rows: Mapping[Key, Row]) -> Finding | None:
        row = rows.get(make_record_key(image_id))
        image = read_image(row) if row else None
        if row and image is None:
            return None
        try:
            tagging = _read_tagging(rows.get(make_tagging_key(image_id)))
        except ValidationError:
            return Finding(Flaw.UNREADABLE, f"{TAGGING_KIND} of {image_id}")
        change = _find_change(image_id, image, tagging)
        return (
            Finding(Flaw.WRONG_TAGS, image_id, partial(self._tags.recount, change, tagging))
            if change
            else None
        )

    def _list_counted(self) -> Iterator[tuple[Key, str, int]]:
        """Yield the key of a counter, the name of its tag, and what a row of the table counts for it."""
        for rows in self._tags.table.scan():
            for row in rows:
                if row["pk"].startswith(LISTING_PREFIX) and row["sk"].startswith(COUNT_PREFIX):
                    yield (row["pk"], row["sk"]), str(row.get("name")), 0
                elif row["sk"] == TAGGING_KIND and (user_id := row.get("user_id")):
                    for tag in row.get("tags", ()):
                        yield make_count_key(user_id, fold_tag(tag)), tag, 1

    def _get_counters(self, keys: Iterable[Key]) -> Mapping[Key, TagCount]:
        """Leave out those that are missing, and those that cannot be read."""
        counters: dict[Key, TagCount] = {}
        for key, row in get_all(self._tags.table, keys).items():
            with suppress(ValidationError):
                counters[key] = TagCount.model_validate(row)
        return counters

    def _look_again(self, suspects: Mapping[Key, int]) -> Iterator[Finding]:
        """Add up again between two reads of the counters."""
        before = self._get_counters(suspects)
        totals, names = dict.fromkeys(suspects, 0), dict[str, str]()
        for key, name, count in self._list_counted():
            if key in totals:
                totals[key] += count
                names[key[1]] = name
        after = self._get_counters(suspects)
        for key, total in totals.items():
            is_unchanged = before.get(key) == after.get(key) and total == suspects[key]
            if is_unchanged and _get_count(after.get(key)) != total:
                repair = partial(self._tags.correct, key, after.get(key), total, names[key[1]])
                yield Finding(Flaw.WRONG_TAG_COUNT, f"{key[1]} of {key[0]}", repair)


def _read_tagging(row: Row | None) -> Tagging | None:
    """Raises ValidationError."""
    return Tagging.model_validate(row) if row else None


def _find_change(image_id: str, image: Image | None, tagging: Tagging | None) -> TagChange | None:
    """Return the change that mends what is counted for an image. None if it is right."""
    counted = tagging.by_folded if tagging else {}
    if counted.keys() == list_counted_tags(image).keys():
        return None
    if image:
        return TagChange.of(image)
    assert tagging  # noqa: S101 - for the type checker
    return TagChange(image_id, tagging.user_id or "", tagging.version + 1, {}, is_gone=True)


def _get_count(counter: TagCount | None) -> int:
    return counter.count if counter else 0
