from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shared.erasures import Deleted, Erasure, ErasureRepository, begin_erasure
from shared.errors import Erased, Unavailable
from shared.quotas import Usage
from tests.support.faults import break_calls, lose_response
from tests.support.handlers import listen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.table import Table
    from shared.tombstones import TombstoneStorage
    from shared.usages import UsageRepository

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ERASURE = Erasure(user_id="ann", started_at=NOW, changed_at=NOW)


def begin(erasures: ErasureRepository, usages: UsageRepository, tombstones: TombstoneStorage) -> Erasure:
    return begin_erasure(erasures, usages, tombstones, "ann")


def test_new_writes_are_refused_as_soon_as_it_has_begun(
    erasures: ErasureRepository, usages: UsageRepository, tombstones: TombstoneStorage
) -> None:
    usages.reserve("a", "ann", Usage(items=1))
    begin(erasures, usages, tombstones)
    with pytest.raises(Erased):
        usages.reserve("b", "ann", Usage(items=1))
    with pytest.raises(Erased):
        usages.take_tokens("ann")
    usages.reserve("c", "ben", Usage(items=1))


def test_erasure_that_has_begun_begins_no_second_time(
    erasures: ErasureRepository, usages: UsageRepository, tombstones: TombstoneStorage
) -> None:
    first = begin(erasures, usages, tombstones)
    assert begin(erasures, usages, tombstones) == first == erasures.get("ann")


def test_of_two_requests_at_once_both_get_the_same_erasure(
    dynamodb: DynamoDBClient, erasures: ErasureRepository
) -> None:
    others: list[Erasure] = []

    def interrupt(**_: object) -> None:
        if not others:
            others.append(ERASURE)
            others[0] = erasures.add("ann")

    listen(dynamodb, "before-call.dynamodb.TransactWriteItems", interrupt)
    assert erasures.add("ann") == others[0]


def test_erasure_of_long_ago_is_none_even_if_its_row_is_still_there(table: Table) -> None:
    now = [NOW]
    erasures = ErasureRepository(table, clock=lambda: now[0])
    erasures.replace(erasures.add("ann").finish(NOW))
    now[0] = NOW + timedelta(days=35)
    assert erasures.get("ann")
    now[0] = NOW + timedelta(days=37)
    assert erasures.get("ann") is None
    assert erasures.add("ann").started_at == now[0]
    assert erasures.get("ann") == Erasure(user_id="ann", started_at=now[0], changed_at=now[0])


@pytest.mark.parametrize("call", ["GetItem", "TransactWriteItems", "UpdateItem"])
def test_what_was_interrupted_can_be_begun_again(
    dynamodb: DynamoDBClient,
    erasures: ErasureRepository,
    usages: UsageRepository,
    tombstones: TombstoneStorage,
    call: str,
) -> None:
    injection = break_calls(dynamodb, call)
    with pytest.raises(Unavailable):
        begin(erasures, usages, tombstones)
    injection.end()
    begin(erasures, usages, tombstones)
    with pytest.raises(Erased):
        usages.take_tokens("ann")


def test_tombstone_in_the_bucket_comes_first(
    s3: S3Client, erasures: ErasureRepository, usages: UsageRepository, tombstones: TombstoneStorage
) -> None:
    injection = break_calls(s3, "PutObject")
    with pytest.raises(Unavailable):
        begin(erasures, usages, tombstones)
    assert erasures.get("ann") is None
    usages.take_tokens("ann")
    injection.end()
    begin(erasures, usages, tombstones)
    assert [*tombstones.list_users()] == ["ann"]


def test_write_whose_response_is_lost_is_made_once(
    dynamodb: DynamoDBClient, erasures: ErasureRepository
) -> None:
    lose_response(dynamodb, "TransactWriteItems")
    erasures.add("ann")
    lose_response(dynamodb, "TransactWriteItems")
    erasure = erasures.get("ann")
    assert erasure
    erasures.replace(erasure.after(Deleted(images=1), LATER))
    assert erasures.get("ann") == erasure.after(Deleted(images=1), LATER)


def test_erasure_that_has_changed_since_is_not_replaced(erasures: ErasureRepository) -> None:
    old = erasures.add("ann")
    erasures.replace(old.after(Deleted(images=1), LATER))
    erasures.replace(old.after(Deleted(images=5), LATER))
    assert erasures.get("ann") == old.after(Deleted(images=1), LATER)


def test_progress_adds_up_and_only_deletions_are_changes() -> None:
    some = ERASURE.after(Deleted(images=2, files=1), LATER).after(Deleted(images=1, items=4), LATER)
    assert some.amounts == {"images": 3, "files": 1, "items": 4}
    assert (some.version, some.changed_at) == (3, LATER)
    assert ERASURE.after(Deleted(), LATER).changed_at == NOW


def test_restart_begins_a_finished_erasure_once_more() -> None:
    finished = ERASURE.after(Deleted(images=2), NOW).finish(NOW)
    assert finished.expires_at
    restarted = finished.restart(LATER)
    assert (restarted.finished_at, restarted.expires_at) == (None, None)
    assert (restarted.started_at, restarted.changed_at, restarted.images) == (NOW, LATER, 2)
    assert restarted.version == finished.version + 1
