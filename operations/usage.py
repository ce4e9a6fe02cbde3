"""Checks that the counter of each user equals the sum over the images, files and items of the user.

Room is reserved before a record is written, and given back after it is removed. So a counter may differ for a
moment. It is wrong if two sums agree while it stays as it is, and if no room was reserved lately. A removal
that is still to be given back is older than the correction, and `UsageRepository.give_back` passes over it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import ValidationError

from operations.findings import Finding, Flaw, get_all
from operations.sums import Sums
from shared.counters import USAGE_KIND, Counter, make_usage_key
from shared.quotas import PENDING_FIELDS, Usage
from shared.records import RecordRepository
from shared.rows import Key, Row
from shared.table import Table
from shared.usages import UsageRepository

MAX_USERS_PER_WALK = 20_000
RESERVATION_GRACE = timedelta(minutes=3)
"""Longer than any function runs. After that, what was reserved has a record, or never gets one."""


@dataclass(frozen=True)
class Records:
    """The records that count for their users, and the counters."""

    repositories: Sequence[RecordRepository[Any]]
    """The first one's table holds the counters."""

    @property
    def counters(self) -> Table:
        return self.repositories[0].table

    def list_usages(self) -> Iterator[tuple[Key, Usage]]:
        """Yield what each record counts, and for whom. A user who has a counter only counts nothing."""
        by_table: dict[str, list[RecordRepository[Any]]] = {}
        for repository in self.repositories:
            by_table.setdefault(repository.table.name, []).append(repository)
        for repositories in by_table.values():
            by_kind = {repository.kind: repository for repository in repositories}
            for rows in repositories[0].table.scan():
                for row in rows:
                    if row["sk"] == USAGE_KIND:
                        yield (row["pk"], row["sk"]), Usage()
                    elif row["sk"] in by_kind:
                        yield from _read_usage(by_kind[row["sk"]], row)

    def get_counters(self, users: Iterable[Key]) -> dict[Key, Counter]:
        users = [*users]
        rows = get_all(self.counters, users)
        return {user: Counter.model_validate(rows.get(user, {"version": 0})) for user in users}


def check_usage(records: Records, *, max_users: int = MAX_USERS_PER_WALK) -> Iterator[Finding]:
    """Read the tables once for every `max_users` users, and once more for those whose sum differs."""
    after: Key | None = ("", "")
    while after is not None:
        sums = Sums[Usage](after, max_users)
        for user, usage in records.list_usages():
            sums.add(user, usage)
        sums.cut()
        counters = records.get_counters(sums.by_key)
        wrong = {user: usage for user, usage in sums.by_key.items() if differs(counters[user], usage)}
        if wrong:
            yield from _look_again(records, wrong)
        after = sums.last


def differs(counter: Counter, total: Usage) -> bool:
    """Tell if a counter is wrong. Pending uploads have no sum: they end by themselves."""
    names = Usage.model_fields.keys() - PENDING_FIELDS
    return any(getattr(counter, name) != getattr(total, name) for name in names)


def _read_usage(repository: RecordRepository[Any], row: Row) -> Iterator[tuple[Key, Usage]]:
    """Yield nothing for a record that cannot be read, which `check_listings` reports, or that has no user."""
    try:
        record = repository.model.model_validate(row)
    except ValidationError:
        return
    if record.user_id is not None:
        yield make_usage_key(record.user_id), repository.get_usage(record)


def _look_again(records: Records, suspects: dict[Key, Usage]) -> Iterator[Finding]:
    """Add up again between two reads of the counters."""
    counted_at = records.counters.read_time()
    before = records.get_counters(suspects)
    totals = dict.fromkeys(suspects, Usage())
    for user, usage in records.list_usages():
        if user in totals:
            totals[user] += usage
    after = records.get_counters(suspects)
    for user, total in totals.items():
        counter = after[user]
        is_settled = counter.reserved_at <= (counted_at - RESERVATION_GRACE).timestamp()
        is_unchanged = counter.version == before[user].version and total == suspects[user]
        if is_settled and is_unchanged and differs(counter, total):
            usages = UsageRepository(records.counters)
            repair = partial(usages.correct, user, counter.version, total, counted_at)
            yield Finding(Flaw.WRONG_USAGE, user[0], repair)
