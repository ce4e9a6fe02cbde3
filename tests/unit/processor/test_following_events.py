"""Changes are told when they are followed. One that cannot be told holds up others for a minute at most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from processor.following import MAX_AGE, MAX_UNPUBLISHED_AGE, Follower
from processor.publishing import Publisher
from shared.lifecycle import Status
from shared.quotas import Usage
from shared.tag_counts import TagRepository
from tests.support.bus import Bus
from tests.support.changes import make_change
from tests.support.clock import Clock
from tests.support.images import make_image, make_ready

if TYPE_CHECKING:
    from processor.erasing import Eraser
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

LIMIT_SECONDS = MAX_UNPUBLISHED_AGE.total_seconds()


class Stage:
    """A follower with a bus, a failure queue and a clock."""

    def __init__(self, usages: UsageRepository, storage: ImageStorage, eraser: Eraser) -> None:
        self.bus = Bus()
        self.messages: list[Any] = []
        self.clock = Clock()
        client: Any = self.bus
        self.follower = Follower(
            usages,
            TagRepository(usages.table),
            storage,
            eraser,
            send=lambda message: self.messages.append(json.loads(message)),
            publish=Publisher(client, "images", "arn:stack", sleep=lambda _: None).publish,
            clock=self.clock,
        )

    def make_finish(self) -> dict[str, Any]:
        """The change of an image that becomes ready now."""
        old = make_image()
        new = old.model_copy(update={"status": Status.READY, "version": 2})
        return make_change(old, new, at=self.clock.now)


@pytest.fixture
def stage(usages: UsageRepository, storage: ImageStorage, eraser: Eraser) -> Stage:
    return Stage(usages, storage, eraser)


def get_number(change: dict[str, Any]) -> str:
    number: str = change["dynamodb"]["SequenceNumber"]
    return number


def test_changes_of_a_batch_are_told_in_their_order(stage: Stage) -> None:
    changes = [stage.make_finish() for _ in range(25)]
    assert stage.follower.follow([*changes, make_change(None, make_image())]) == {}
    ids = [change["dynamodb"]["Keys"]["pk"]["S"].partition("#")[2] for change in changes]
    assert [name for name, _ in stage.bus.published] == ids


def test_change_that_cannot_be_told_comes_again_and_is_followed_all_the_same(
    stage: Stage, usages: UsageRepository
) -> None:
    image = make_ready()
    usages.reserve(image.id, "ann", Usage(images=1, bytes=image.size))
    removed = make_change(image, at=stage.clock.now)
    stage.bus.judge = lambda _, __: "InternalFailure"
    assert [*stage.follower.follow([removed])] == [get_number(removed)]
    assert usages.get("ann").images == 0
    stage.bus.judge = lambda _, __: None
    assert stage.follower.follow([removed]) == {}
    assert stage.bus.published == [(image.id, 2)]
    assert usages.get("ann").images == 0


def test_only_changes_that_were_not_told_come_again(stage: Stage) -> None:
    changes = [stage.make_finish() for _ in range(3)]
    failing = changes[1]["dynamodb"]["Keys"]["pk"]["S"].partition("#")[2]
    stage.bus.judge = lambda _, entry: "InternalFailure" if failing in entry["Detail"] else None
    assert [*stage.follower.follow(changes)] == [get_number(changes[1])]


@pytest.mark.parametrize("seconds", [LIMIT_SECONDS, MAX_AGE.total_seconds()])
def test_after_a_minute_it_goes_into_the_failure_queue_and_holds_up_nobody(
    stage: Stage, seconds: float
) -> None:
    change = stage.make_finish()
    stage.bus.break_call = lambda _: "ThrottlingException"
    stage.clock.advance(LIMIT_SECONDS - 1)
    assert [*stage.follower.follow([change])] == [get_number(change)]
    stage.clock.advance(seconds - LIMIT_SECONDS + 1)
    assert stage.follower.follow([change]) == {}
    assert stage.messages == [{"change": change, "error": "Unreachable"}]


def test_event_that_the_bus_refuses_goes_there_at_once(stage: Stage) -> None:
    change = stage.make_finish()
    stage.bus.judge = lambda _, __: "MalformedDetail"
    assert stage.follower.follow([change]) == {}
    assert stage.messages == [{"change": change, "error": "RefusedEvent"}]


def test_change_of_the_failure_queue_is_told_when_it_is_followed_again(stage: Stage) -> None:
    change = stage.make_finish()
    stage.bus.break_call = lambda _: "ThrottlingException"
    stage.clock.advance(LIMIT_SECONDS)
    assert stage.follower.follow([change]) == {}
    stage.bus.break_call = lambda _: None
    assert stage.follower.follow([stage.messages[0]["change"]]) == {}
    assert len(stage.bus.published) == 1


def test_error_of_the_change_itself_stands_before_that_of_its_event(stage: Stage) -> None:
    broken = stage.make_finish()
    del broken["dynamodb"]["NewImage"]["user_id"]
    stage.bus.judge = lambda _, __: "InternalFailure"
    assert stage.follower.follow([broken]) == {}
    assert [message["error"] for message in stage.messages] == ["ValidationError"]


def test_without_a_bus_nothing_is_told(
    usages: UsageRepository, storage: ImageStorage, eraser: Eraser
) -> None:
    stage = Stage(usages, storage, eraser)
    follower = Follower(usages, TagRepository(usages.table), storage, eraser, send=stage.messages.append)
    assert follower.follow([stage.make_finish()]) == {}
    assert stage.bus.calls == []
