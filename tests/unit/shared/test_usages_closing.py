"""The counter of a user who is erased: it takes nothing new, and ends at nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.counters import Ending, Form
from shared.errors import Erased
from shared.quotas import Usage
from shared.transactions import ConditionFailed
from shared.usages import UsageRepository
from tests.support.clock import Clock
from tests.support.faults import lose_response
from tests.support.images import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.counters import Counter
    from shared.table import Table

IMAGE = Usage(images=1, bytes=7)


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1_800_000_000.0)


@pytest.fixture
def usages(table: Table, clock: Clock) -> UsageRepository:
    return UsageRepository(table, clock=clock)


def close(usages: UsageRepository) -> Counter:
    """Close the counter, and return it as the next one who closes it finds it."""
    usages.close("ann")
    counter = usages.close("ann")
    assert counter
    return counter


def test_closed_counter_takes_nothing_new(usages: UsageRepository) -> None:
    usages.reserve("a", "ann", IMAGE)
    assert usages.close("ann") is None
    with pytest.raises(Erased):
        usages.reserve("b", "ann", IMAGE)
    with pytest.raises(Erased):
        usages.begin_upload(new_id(), "ann", Form(bytes=7, ends_at=2_000_000_000))
    with pytest.raises(Erased):
        usages.take_tokens("ann")
    assert usages.get("ann").images == 1


def test_user_without_a_counter_can_be_closed(usages: UsageRepository) -> None:
    assert close(usages).is_zero
    with pytest.raises(Erased):
        usages.take_tokens("ann")


def test_closing_again_tells_when_it_was_closed_and_what_is_pending(
    usages: UsageRepository, clock: Clock
) -> None:
    usages.begin_upload(new_id(), "ann", Form(bytes=7, ends_at=2_000_000_000))
    usages.close("ann")
    clock.advance(100)
    counter = close(usages)
    assert (counter.erased_at, len(counter.forms)) == (1_800_000_000, 1)


def test_closing_survives_a_lost_response(dynamodb: DynamoDBClient, usages: UsageRepository) -> None:
    lose_response(dynamodb, "UpdateItem")
    assert usages.close("ann") is None
    assert close(usages).version == 1


def test_closed_counter_still_gives_back(usages: UsageRepository, clock: Clock) -> None:
    usages.reserve("a", "ann", IMAGE)
    usages.reserve("b", "ann", Usage(items=1))
    usages.close("ann")
    usages.give_back("ann", [Ending(IMAGE, clock())])
    usages.release("item", "ann", Usage(items=1))
    assert usages.get("ann").is_zero


def test_emptied_counter_is_at_nothing_and_ends(usages: UsageRepository, clock: Clock) -> None:
    usages.reserve("a", "ann", IMAGE)
    usages.empty("ann", close(usages), expires_at=1_900_000_000)
    counter = usages.get("ann")
    assert counter.is_zero
    assert counter.expires_at == 1_900_000_000
    usages.give_back("ann", [Ending(IMAGE, clock())])
    assert usages.get("ann").is_zero
    with pytest.raises(Erased):
        usages.take_tokens("ann")


def test_counter_that_has_changed_since_is_not_emptied(usages: UsageRepository) -> None:
    usages.reserve("a", "ann", IMAGE)
    counter = close(usages)
    usages.release("b", "ann", Usage(items=1))
    with pytest.raises(ConditionFailed):
        usages.empty("ann", counter, expires_at=1_900_000_000)
    assert usages.get("ann").images == 1
