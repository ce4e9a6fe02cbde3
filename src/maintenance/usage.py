"""Whether the counters of users count what there is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from pydantic import ValidationError

from maintenance.findings import Finding, Flaw, get_all
from shared.images import USAGE_KIND, ImageRepository, make_usage_key, weigh
from shared.models import Image
from shared.quotas import Usage
from shared.table import Key, Row, Transaction

MAX_USERS_PER_WALK = 20_000


class Counter(Usage):
    """A user's counter as it is stored."""

    version: int = 1


@dataclass
class Sums:
    """What users have, of those whose keys come first after a given one: `size` of them, or all."""

    after: Key
    size: int
    by_user: dict[Key, Usage] = field(default_factory=dict)
    last: Key | None = None
    """Where it ends before the last user."""

    def add(self, user: Key, more: Usage) -> None:
        if user <= self.after or (self.last and user > self.last):
            return
        self.by_user[user] = self.by_user.get(user, Usage()) + more
        if len(self.by_user) > 2 * self.size:
            self.cut()

    def cut(self) -> None:
        if len(self.by_user) > self.size:
            self.by_user = {user: self.by_user[user] for user in sorted(self.by_user)[: self.size]}
            self.last = max(self.by_user)


def check_usage(images: ImageRepository, *, size: int = MAX_USERS_PER_WALK) -> Iterator[Finding]:
    """Walk the table once for so many users at a time, and once more for those whose sum is another."""
    after: Key | None = ("", "")
    while after is not None:
        sums = Sums(after, size)
        counters = _sum_up(images, sums)
        sums.cut()
        wrong = [user for user, usage in sums.by_user.items() if counters.get(user, Usage()) != usage]
        if wrong:
            yield from _look_again(images, wrong)
        after = sums.last


def _sum_up(images: ImageRepository, sums: Sums) -> dict[Key, Usage]:
    for rows in images.table.scan():
        for row in rows:
            if row["sk"] == USAGE_KIND:
                sums.add((row["pk"], row["sk"]), Usage())
            elif row["sk"] == images.kind and (image := _read(row)):
                sums.add(make_usage_key(image.user_id), weigh(image))
    counters = get_all(images.table, sums.by_user)
    return {user: Usage.model_validate(row) for user, row in counters.items()}


def _look_again(images: ImageRepository, users: list[Key]) -> Iterator[Finding]:
    """Sum up between two reads of the counters: what has not moved meanwhile has the sum that it should."""
    before = get_all(images.table, users)
    totals = dict.fromkeys(users, Usage())
    for rows in images.table.scan():
        for row in rows:
            image = _read(row) if row["sk"] == images.kind else None
            if image and (user := make_usage_key(image.user_id)) in totals:
                totals[user] += weigh(image)
    for user, total in totals.items():
        after = images.table.get(user)
        if after == before.get(user) and Usage.model_validate(after or {}) != total:
            yield Finding(Flaw.WRONG_USAGE, user[0], partial(_correct, images, user, after, total))


def _correct(images: ImageRepository, user: Key, old: Mapping[str, int] | None, total: Usage) -> None:
    if old is None:
        images.table.transact(Transaction().add(user, Counter(**dict(total))))
        return
    version = int(old.get("version", 0))
    counter = Counter(**dict(total), version=version + 1)
    images.table.transact(Transaction().replace(user, counter, version=version))


def _read(row: Row) -> Image | None:
    try:
        return Image.model_validate(row)
    except ValidationError:
        return None
