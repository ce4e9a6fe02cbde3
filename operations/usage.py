"""Checks that the counter of each user equals the sum over the images of the user."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from operations.findings import Finding, Flaw, get_all, read_image
from shared.images import USAGE_KIND, ImageRepository, get_image_usage, make_usage_key
from shared.quotas import Usage
from shared.table import Key, Transaction

MAX_USERS_PER_WALK = 20_000


class Counter(Usage):
    """The counter of a user, as it is stored."""

    version: int = 1


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
        counters = _sum_up(images, sums)
        wrong = [user for user, usage in sums.by_user.items() if counters.get(user, Usage()) != usage]
        if wrong:
            yield from _look_again(images, wrong)
        after = sums.last


def _sum_up(images: ImageRepository, sums: Sums) -> dict[Key, Usage]:
    """Add up all images into `sums`, and return the counters of the same users."""
    for rows in images.table.scan():
        for row in rows:
            if row["sk"] == USAGE_KIND:
                sums.add((row["pk"], row["sk"]), Usage())
            elif row["sk"] == images.kind and (image := read_image(row)):
                sums.add(make_usage_key(image.user_id), get_image_usage(image))
    sums.cut()
    counters = get_all(images.table, sums.by_user)
    return {user: Usage.model_validate(row) for user, row in counters.items()}


def _look_again(images: ImageRepository, users: list[Key]) -> Iterator[Finding]:
    """Add up again between two reads of the counters. An unchanged counter must equal its sum."""
    before = get_all(images.table, users)
    totals = dict.fromkeys(users, Usage())
    for rows in images.table.scan():
        for row in rows:
            image = read_image(row) if row["sk"] == images.kind else None
            if image and (user := make_usage_key(image.user_id)) in totals:
                totals[user] += get_image_usage(image)
    for user, total in totals.items():
        after = images.table.get(user)
        if after == before.get(user) and Usage.model_validate(after or {}) != total:
            yield Finding(Flaw.WRONG_USAGE, user[0], partial(_correct, images, user, after, total))


def _correct(images: ImageRepository, user: Key, old: Mapping[str, int] | None, total: Usage) -> None:
    if old is None:
        images.table.transact(Transaction().add(user, Counter(**dict(total))))
        return
    version = int(old["version"])
    counter = Counter(**dict(total), version=version + 1)
    images.table.transact(Transaction().replace(user, counter, version=version))
