"""The rate of a user: a token is taken by the write that reserves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from shared.counters import make_usage_key
from shared.errors import Erased, QuotaExceeded, RateExceeded
from shared.quotas import Quota, Usage
from shared.rates import Rate
from shared.usages import UsageRepository
from tests.support.clock import Clock
from tests.support.faults import lose_response
from tests.support.handlers import listen
from tests.support.images import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table

ONE = Usage(images=1, bytes=100)
RATE = Rate(per_minute=60, burst=3)


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1_800_000_000.5)


@pytest.fixture
def usages(table: Table, clock: Clock) -> UsageRepository:
    return UsageRepository(table, Quota(max_images=100), RATE, clock=clock)


def count_writes(usages: UsageRepository, tries: int) -> int:
    """Write as often as the rate allows, and return how often that was."""
    done = 0
    for _ in range(tries):
        try:
            usages.reserve(new_id(), "ann", ONE)
        except RateExceeded:
            continue
        done += 1
    return done


def test_burst_is_taken_at_once_and_then_one_token_a_second(usages: UsageRepository, clock: Clock) -> None:
    assert count_writes(usages, 10) == 3
    for seconds, tokens in ((0.9, 0), (0.1, 1), (1, 1), (2, 2), (60, 3)):
        clock.advance(seconds)
        assert count_writes(usages, 10) == tokens
    assert usages.get("ann").images == 10


def test_burst_of_50_requests_at_once_is_exact(usages: UsageRepository) -> None:
    with ThreadPoolExecutor(50) as executor:
        assert sum(executor.map(lambda _: count_writes(usages, 1), range(50))) == 3
    assert usages.get("ann").images == 3


def test_error_says_when_to_come_again(usages: UsageRepository, clock: Clock) -> None:
    count_writes(usages, 3)
    with pytest.raises(RateExceeded) as caught:
        usages.reserve(new_id(), "ann", ONE)
    assert caught.value.retry_after_seconds == 1
    clock.advance(1)
    usages.reserve(new_id(), "ann", ONE)


def test_users_have_buckets_of_their_own(usages: UsageRepository) -> None:
    assert count_writes(usages, 10) == 3
    usages.reserve(new_id(), "bob", ONE)


def test_refused_write_counts_nothing_and_takes_no_token(table: Table, clock: Clock) -> None:
    usages = UsageRepository(table, Quota(max_images=1), RATE, clock=clock)
    usages.reserve(new_id(), "ann", ONE)
    for _ in range(10):
        with pytest.raises(QuotaExceeded):
            usages.reserve(new_id(), "ann", ONE)
    usages.take_tokens("ann")
    usages.take_tokens("ann")
    with pytest.raises(RateExceeded):
        usages.take_tokens("ann")
    assert usages.get("ann").images == 1


def test_write_at_normal_pace_is_one_call(
    usages: UsageRepository, clock: Clock, dynamodb: DynamoDBClient
) -> None:
    calls: list[object] = []
    listen(dynamodb, "before-call.dynamodb.UpdateItem", lambda **_: calls.append(1))
    for _ in range(5):
        usages.reserve(new_id(), "ann", ONE)
        clock.advance(1)
    assert len(calls) == 5
    usages.reserve(new_id(), "ann", ONE)
    usages.reserve(new_id(), "ann", ONE)
    assert len(calls) == 8  # the last one found a bucket that was not full


def test_write_that_is_sent_again_takes_one_token(usages: UsageRepository, dynamodb: DynamoDBClient) -> None:
    lose_response(dynamodb, "UpdateItem")
    usages.reserve(new_id(), "ann", ONE)
    assert count_writes(usages, 10) == 2


def test_change_leaves_no_id_in_the_row(usages: UsageRepository, table: Table) -> None:
    """A user who changes ten images a second would make each write dearer."""
    usages.reserve(new_id(), "ann", ONE)
    before = table.get(make_usage_key("ann")) or {}
    usages.take_tokens("ann")
    after = table.get(make_usage_key("ann")) or {}
    assert after.keys() == before.keys()
    assert {name: after[name] for name in after if name.startswith("writes_")} == {
        name: before[name] for name in before if name.startswith("writes_")
    }


def test_many_tokens_are_taken_in_one_write_or_not_at_all(usages: UsageRepository, clock: Clock) -> None:
    usages.take_tokens("ann", 2)
    with pytest.raises(RateExceeded):
        usages.take_tokens("ann", 2)
    usages.take_tokens("ann", 1)
    usages.take_tokens("ann", 0)
    clock.advance(3)
    usages.take_tokens("ann", 5)
    with pytest.raises(RateExceeded) as caught:
        usages.take_tokens("ann", 1)
    assert caught.value.retry_after_seconds == 3


def test_verified_upload_takes_no_second_token(usages: UsageRepository) -> None:
    count_writes(usages, 3)
    usages.reserve(new_id(), "ann", ONE, takes_token=False)
    assert usages.get("ann").images == 4


def test_user_who_is_erased_gets_nothing(
    usages: UsageRepository, table: Table, dynamodb: DynamoDBClient
) -> None:
    usages.reserve(new_id(), "ann", ONE)
    dynamodb.update_item(
        TableName=table.name,
        Key={"pk": {"S": "USER#ann"}, "sk": {"S": "USAGE"}},
        UpdateExpression="SET erased_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )
    with pytest.raises(Erased):
        usages.reserve(new_id(), "ann", ONE)
    with pytest.raises(Erased):
        usages.take_tokens("ann")
    assert usages.get("ann").images == 1
