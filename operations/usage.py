"""Checks that the counter of each user equals the sum over the images of the user.

Room is reserved before a record is written, and given back after it is removed. So a counter may differ for a
moment. It is wrong if two sums agree while it stays as it is, and if no room was reserved lately. A removal
that is still to be given back is older than the correction, and `UsageRepository.give_back` passes over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from operations.findings import Finding, Flaw, get_all, read_image
from shared.images import ImageRepository, get_image_usage
from shared.quotas import Usage
from shared.rows import Key
from shared.usages import USAGE_KIND, Counter, UsageRepository, make_usage_key

MAX_USERS_PER_WALK = 20_000
RESERVATION_GRACE = timedelta(minutes=3)
"""Longer than any function runs. After that, what was reserved has a record, or never gets one."""


@dataclass
class Sums:
    """The sums of a limited number of users: the first ones whose keys come after `after`."""

    after: Key
    max_users: int
    by_user: dict[Key, Usage] = field(default_factory=dict)
    last: Key | None = None
    """The last user that has a sum. None if no users come after the summed ones."""

    def add(self, user: Key, usage: Usage) -> None:
        if user <= self.after or (self.last and user > self.last):
            return
        self.by_user[user] = self.by_user.get(user, Usage()) + usage
        if len(self.by_user) > 2 * self.max_users:
            self.cut()

    def cut(self) -> None:
        if len(self.by_user) > self.max_users:
            self.by_user = {user: self.by_user[user] for user in sorted(self.by_user)[: self.max_users]}
            self.last = max(self.by_user)


def check_usage(images: ImageRepository, *, max_users: int = MAX_USERS_PER_WALK) -> Iterator[Finding]:
    """Read the table once for every `max_users` users, and once more for those whose sum differs."""
    after: Key | None = ("", "")
    while after is not None:
        sums = Sums(after, max_users)
        _sum_up(images, sums)
        counters = _get_counters(images, [*sums.by_user])
        wrong = {user: usage for user, usage in sums.by_user.items() if differs(counters[user], usage)}
        if wrong:
            yield from _look_again(images, wrong)
        after = sums.last


def differs(counter: Counter, total: Usage) -> bool:
    return (counter.images, counter.bytes) != (total.images, total.bytes)


def _sum_up(images: ImageRepository, sums: Sums) -> None:
    """Add up all images into `sums`."""
    for rows in images.table.scan():
        for row in rows:
            if row["sk"] == USAGE_KIND:
                sums.add((row["pk"], row["sk"]), Usage())
            elif row["sk"] == images.kind and (image := read_image(row)):
                sums.add(make_usage_key(image.user_id), get_image_usage(image))
    sums.cut()


def _get_counters(images: ImageRepository, users: list[Key]) -> dict[Key, Counter]:
    rows = get_all(images.table, users)
    return {user: Counter.model_validate(rows.get(user, {"version": 0})) for user in users}


def _look_again(images: ImageRepository, suspects: dict[Key, Usage]) -> Iterator[Finding]:
    """Add up again between two reads of the counters."""
    counted_at = images.table.read_time()
    before = _get_counters(images, [*suspects])
    totals = dict.fromkeys(suspects, Usage())
    for rows in images.table.scan():
        for row in rows:
            image = read_image(row) if row["sk"] == images.kind else None
            if image and (user := make_usage_key(image.user_id)) in totals:
                totals[user] += get_image_usage(image)
    after = _get_counters(images, [*suspects])
    for user, total in totals.items():
        counter = after[user]
        is_settled = counter.reserved_at <= (counted_at - RESERVATION_GRACE).timestamp()
        is_unchanged = counter.version == before[user].version and total == suspects[user]
        if is_settled and is_unchanged and differs(counter, total):
            repair = partial(UsageRepository(images.table).correct, user, counter.version, total, counted_at)
            yield Finding(Flaw.WRONG_USAGE, user[0], repair)
