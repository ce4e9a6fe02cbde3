"""Direct uploads that have begun: bounded in number and in bytes, until they end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from shared.counters import Form, make_usage_key
from shared.errors import QuotaExceeded, TooManyPending
from shared.quotas import Quota, Usage
from shared.usages import UsageRepository
from tests.support.clock import Clock
from tests.support.faults import lose_response
from tests.support.handlers import listen
from tests.support.images import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table

QUOTA = Quota(max_images=100, max_bytes=10_000, max_pending_uploads=3, max_pending_bytes=1000)


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1_800_000_000.0)


@pytest.fixture
def usages(table: Table, clock: Clock) -> UsageRepository:
    return UsageRepository(table, QUOTA, clock=clock)


def begin(usages: UsageRepository, clock: Clock, size: int = 100, seconds: int = 600) -> str:
    image_id = new_id()
    usages.begin_upload(image_id, "ann", Form(bytes=size, ends_at=int(clock()) + seconds))
    return image_id


def count(usages: UsageRepository) -> tuple[int, int]:
    counter = usages.get("ann")
    assert (counter.images, counter.bytes) == (0, 0)
    return counter.pending_uploads, counter.pending_bytes


def test_pending_uploads_are_bounded_in_number(usages: UsageRepository, clock: Clock) -> None:
    for _ in range(3):
        begin(usages, clock)
    with pytest.raises(TooManyPending, match="3 pending uploads and 1000 pending bytes") as caught:
        begin(usages, clock)
    assert caught.value.retry_after_seconds
    assert count(usages) == (3, 300)


def test_pending_uploads_are_bounded_in_bytes(usages: UsageRepository, clock: Clock) -> None:
    begin(usages, clock, 600)
    with pytest.raises(TooManyPending):
        begin(usages, clock, 401)
    begin(usages, clock, 400)
    assert count(usages) == (2, 1000)


def test_bound_holds_for_50_requests_at_once(usages: UsageRepository, clock: Clock) -> None:
    def try_to_begin(_: int) -> bool:
        try:
            begin(usages, clock)
        except TooManyPending:
            return False
        return True

    with ThreadPoolExecutor(50) as executor:
        assert sum(executor.map(try_to_begin, range(50))) == 3


def test_upload_that_has_ended_makes_room(usages: UsageRepository, clock: Clock) -> None:
    for seconds in (60, 60, 600):
        begin(usages, clock, 300, seconds)
    clock.advance(60)
    assert count(usages) == (1, 300)
    begin(usages, clock, 700)
    assert count(usages) == (2, 1000)
    with pytest.raises(TooManyPending):
        begin(usages, clock)


def test_upload_is_ended_once(usages: UsageRepository, clock: Clock) -> None:
    first, _ = begin(usages, clock, 300), begin(usages, clock, 200)
    for _ in range(3):
        usages.end_upload(first, "ann", 300)
    assert count(usages) == (1, 200)
    usages.end_upload(new_id(), "ann", 300)
    usages.end_upload(new_id(), "nobody", 300)
    assert count(usages) == (1, 200)
    assert usages.get("nobody").version == 0


def test_upload_needs_the_room_that_its_image_will_need(table: Table, clock: Clock) -> None:
    usages = UsageRepository(table, Quota(max_images=2, max_bytes=500), clock=clock)
    usages.reserve(new_id(), "ann", Usage(images=1, bytes=100))
    with pytest.raises(QuotaExceeded):
        begin(usages, clock, 401)
    begin(usages, clock, 400)
    usages.reserve(new_id(), "ann", Usage(images=1))
    with pytest.raises(QuotaExceeded):
        begin(usages, clock, 1)


def test_begin_that_is_sent_again_counts_once(
    usages: UsageRepository, clock: Clock, dynamodb: DynamoDBClient
) -> None:
    lose_response(dynamodb, "UpdateItem")
    begin(usages, clock)
    assert count(usages) == (1, 100)


def test_row_forgets_uploads_that_have_ended(usages: UsageRepository, clock: Clock) -> None:
    for _ in range(20):
        begin(usages, clock, seconds=60)
        clock.advance(60)
    assert len(usages.get("ann").forms) <= 3


def test_correction_leaves_pending_uploads_alone(usages: UsageRepository, clock: Clock) -> None:
    begin(usages, clock)
    counter = usages.get("ann")
    usages.correct(make_usage_key("ann"), counter.version, Usage(), datetime.now(UTC))
    assert count(usages) == (1, 100)


def test_room_of_ended_uploads_is_made_once(
    usages: UsageRepository, clock: Clock, dynamodb: DynamoDBClient
) -> None:
    """The response to the write that makes room gets lost: it is the second of three."""
    for _ in range(3):
        begin(usages, clock, seconds=60)
    clock.advance(60)
    calls: list[object] = []

    def lose_the_second(**_: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            lose_response(dynamodb, "UpdateItem")

    listen(dynamodb, "before-call.dynamodb.UpdateItem", lose_the_second)
    begin(usages, clock)
    assert len(calls) == 3
    assert count(usages) == (1, 100)
