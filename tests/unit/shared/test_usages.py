from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shared.counters import MARKER_LIFETIME, Ending, make_marker_key, make_usage_key
from shared.errors import QuotaExceeded, Throttled, Unavailable
from shared.models import SCHEMA_VERSION
from shared.quotas import Quota, Usage
from shared.transactions import ConditionFailed
from shared.usages import WINDOW_SECONDS, UsageRepository
from tests.support.clock import Clock
from tests.support.faults import Extent, Fault, break_calls, lose_response
from tests.support.images import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table

ONE = Usage(images=1, bytes=100)
FIRST = ("IMAGE#1", "IMAGE")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def quota() -> Quota:
    return Quota(max_images=3, max_bytes=250)


def count(usages: UsageRepository) -> tuple[int, int]:
    counter = usages.get("ann")
    return counter.images, counter.bytes


def test_user_without_a_row_has_nothing(usages: UsageRepository) -> None:
    assert (count(usages), usages.get("ann").version) == ((0, 0), 0)


@pytest.mark.parametrize(
    ("quota", "fits"),
    [
        (Quota(), 9),
        (Quota(max_images=3), 3),
        (Quota(max_bytes=200), 2),
        (Quota(max_bytes=299), 2),
        (Quota(max_images=1, max_bytes=900), 1),
        (Quota(max_images=9, max_bytes=99), 0),
    ],
)
def test_room_is_reserved_up_to_the_quota_exactly(table: Table, quota: Quota, fits: int) -> None:
    usages = UsageRepository(table, quota)
    for _ in range(fits):
        usages.reserve(new_id(), "ann", ONE)
    if fits < 9:
        with pytest.raises(QuotaExceeded):
            usages.reserve(new_id(), "ann", ONE)
    assert count(usages) == (fits, 100 * fits)
    assert usages.get("ann").version == fits


def test_room_for_10_is_given_to_10_of_50_at_once(table: Table) -> None:
    usages = UsageRepository(table, Quota(max_images=10))

    def try_to_reserve(_: int) -> bool:
        try:
            usages.reserve(new_id(), "ann", ONE)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(50) as executor:
        assert sum(executor.map(try_to_reserve, range(50))) == 10
    assert count(usages) == (10, 1000)


def test_users_are_counted_apart(usages: UsageRepository) -> None:
    usages.reserve(new_id(), "ann", ONE)
    usages.reserve(new_id(), "bob#x", ONE)
    assert (count(usages), usages.get("bob#x").images, usages.get("bob").images) == ((1, 100), 1, 0)


def test_room_that_is_released_is_free(usages: UsageRepository) -> None:
    for _ in range(5):
        usages.reserve(new_id(), "ann", ONE)
        usages.release(new_id(), "ann", ONE)
    assert count(usages) == (0, 0)


def test_user_without_a_row_gets_nothing_back(usages: UsageRepository) -> None:
    usages.release(new_id(), "ann", ONE)
    usages.give_back("ann", [Ending(ONE, NOW.timestamp())])
    assert usages.get("ann").version == 0


@pytest.mark.parametrize("fault", [Fault.LOST_RESPONSE, Fault.NO_RESPONSE, Fault.THROTTLED])
def test_write_that_is_sent_again_counts_once(
    usages: UsageRepository, dynamodb: DynamoDBClient, fault: Fault
) -> None:
    usages.reserve(new_id(), "ann", ONE)
    injection = break_calls(dynamodb, "UpdateItem", fault, Extent.ONCE)
    usages.reserve(new_id(), "ann", ONE)
    assert (injection.tries, count(usages)) == (2, (2, 200))


def test_last_room_is_not_refused_to_the_write_that_has_taken_it(
    usages: UsageRepository, dynamodb: DynamoDBClient
) -> None:
    usages.reserve(new_id(), "ann", ONE)
    lose_response(dynamodb, "UpdateItem")
    usages.reserve(new_id(), "ann", ONE)
    assert count(usages) == (2, 200)
    with pytest.raises(QuotaExceeded):
        usages.reserve(new_id(), "ann", ONE)


def test_write_is_recognised_across_turns_of_the_sets(table: Table) -> None:
    clock = Clock(now=WINDOW_SECONDS * 1000.0 - 1)
    usages = UsageRepository(table, clock=clock)
    usages.reserve("1", "ann", ONE)
    for seconds, images in ((2, 1), (WINDOW_SECONDS - 2, 1), (WINDOW_SECONDS, 2)):
        clock.advance(seconds)
        usages.reserve("1", "ann", ONE)
        assert usages.get("ann").images == images


def test_row_forgets_old_writes(table: Table) -> None:
    clock = Clock(now=1_800_000_000.0)
    usages = UsageRepository(table, clock=clock)
    sizes = []
    for _ in range(40):
        usages.reserve(new_id(), "ann", ONE)
        clock.advance(WINDOW_SECONDS / 4)
        row = table.get(make_usage_key("ann")) or {}
        sizes.append(sum(len(ids) for name, ids in row.items() if name.startswith("writes_")))
    assert 4 <= max(sizes) <= 12
    assert count(usages) == (40, 4000)


def test_image_is_marked_once(usages: UsageRepository) -> None:
    assert [usages.mark(FIRST) for _ in range(3)] == [True, False, False]
    assert usages.mark(("FILE#1", "FILE"))
    assert [usages.mark(FIRST, version) for version in (2, 3, 2)] == [True, True, False]


def test_marker_outlives_everything_that_may_come_again(table: Table, usages: UsageRepository) -> None:
    usages.mark(FIRST)
    row = table.get(make_marker_key(FIRST)) or {}
    left = timedelta(seconds=int(row["expires_at"]) - datetime.now(UTC).timestamp())
    assert timedelta(days=15) < left <= MARKER_LIFETIME
    assert row["schema_version"] == SCHEMA_VERSION


def test_lost_response_to_a_marker_is_a_success(usages: UsageRepository, dynamodb: DynamoDBClient) -> None:
    fault = lose_response(dynamodb, "PutItem")
    assert usages.mark(FIRST)
    assert fault.tries == 2
    assert not usages.mark(FIRST)


@pytest.mark.parametrize("count_of_images", [1, 2, 50])
def test_many_images_are_given_back_in_one_write(table: Table, count_of_images: int) -> None:
    usages = UsageRepository(table)
    for _ in range(count_of_images + 1):
        usages.reserve(new_id(), "ann", ONE)
    usages.give_back("ann", [Ending(ONE, NOW.timestamp())] * count_of_images)
    assert count(usages) == (1, 100)
    assert usages.get("ann").version == count_of_images + 2


@pytest.mark.parametrize(
    ("ends", "left"),
    [([4], 3), ([5], 3), ([6], 2), ([0, 6], 2), ([4, 6, 9], 1), ([9, 9], 1), ([0, 1], 3)],
)
def test_correction_has_left_out_what_ended_before_it(table: Table, ends: list[int], left: int) -> None:
    """The stream and the table tell whole seconds of two clocks. Who is charged too much can be mended."""
    usages = UsageRepository(table)
    for _ in range(5):
        usages.reserve(new_id(), "ann", ONE)
    usages.correct(make_usage_key("ann"), 5, Usage(images=3, bytes=300), NOW)
    usages.give_back("ann", [Ending(ONE, NOW.timestamp() + end) for end in ends])
    assert count(usages) == (left, 100 * left)


@pytest.mark.parametrize("extent", [Extent.ONCE, Extent.ALWAYS])
def test_giving_back_waits_for_a_throttled_table(
    table: Table, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, extent: Extent
) -> None:
    usages = UsageRepository(table)
    usages.reserve(new_id(), "ann", ONE)
    fault = break_calls(dynamodb, "UpdateItem", Fault.THROTTLED, extent)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 12:
            fault.end()

    monkeypatch.setattr("time.sleep", sleep)
    usages.give_back("ann", [Ending(ONE, NOW.timestamp())])
    assert count(usages) == (0, 0)


def test_giving_back_ends_if_the_table_stays_throttled(
    usages: UsageRepository, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usages.reserve(new_id(), "ann", ONE)
    break_calls(dynamodb, "UpdateItem", Fault.THROTTLED)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(Throttled):
        usages.give_back("ann", [Ending(ONE, NOW.timestamp())])


def test_runs_that_reserve_the_same_image_at_once_count_it_once(usages: UsageRepository) -> None:
    for _ in range(3):
        usages.reserve("1", "ann", ONE)
    assert count(usages) == (1, 100)
    for _ in range(2):
        usages.release("1", "ann", ONE)
    assert count(usages) == (0, 0)


def test_correction_needs_the_version_that_was_counted(usages: UsageRepository) -> None:
    usages.correct(make_usage_key("ann"), 0, ONE, NOW)
    assert (count(usages), usages.get("ann").version) == ((1, 100), 1)
    for version in (0, 2):
        with pytest.raises(ConditionFailed):
            usages.correct(make_usage_key("ann"), version, Usage(), NOW)
    usages.reserve(new_id(), "ann", ONE)
    usages.correct(make_usage_key("ann"), 2, Usage(images=2, bytes=7), NOW)
    assert (count(usages), usages.get("ann").version) == ((2, 7), 3)


def test_fault_is_raised(usages: UsageRepository, dynamodb: DynamoDBClient) -> None:
    break_calls(dynamodb, "UpdateItem")
    with pytest.raises(Unavailable):
        usages.reserve(new_id(), "ann", ONE)
