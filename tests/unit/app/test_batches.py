"""Batches: how many actions run at once, and what is left when time runs out."""

from __future__ import annotations

import threading
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from app.batches import MAX_CONCURRENT_ACTIONS, MIN_ACTION_SECONDS, BatchRunner
from app.requests.batches import BatchAction, BatchCreate
from shared.aws import RESERVED_SECONDS, Deadline
from shared.images import ImageRepository
from shared.metrics import Metrics
from shared.records import allow
from tests.support.api import REQUEST_ID
from tests.support.clock import Clock
from tests.support.images import make_ready, new_id

if TYPE_CHECKING:
    from shared.storage import ImageStorage

INVOCATION_SECONDS = 29
IDS = tuple(new_id() for _ in range(40))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runner(images: ImageRepository, storage: ImageStorage, clock: Clock) -> BatchRunner:
    deadline = Deadline(clock=clock)
    deadline.start(INVOCATION_SECONDS)
    return BatchRunner(images, storage, timedelta(days=30), lambda _: allow, deadline, REQUEST_ID, Metrics())


def test_results_come_in_the_order_of_the_ids_and_few_run_at_once(
    runner: BatchRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, running, most = threading.Barrier(MAX_CONCURRENT_ACTIONS), [0], [0]
    lock = threading.Lock()

    def delete(_: ImageRepository, image_id: str, guard: Any) -> None:  # noqa: ANN401 - any guard
        del image_id, guard
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(60)
        with lock:
            running[0] -= 1

    monkeypatch.setattr(ImageRepository, "delete", delete)
    results = runner.run(BatchCreate(action=BatchAction.DELETE, ids=IDS)).results
    assert [result.id for result in results] == [*IDS]
    assert {result.status for result in results} == {HTTPStatus.NO_CONTENT}
    assert most == [MAX_CONCURRENT_ACTIONS]


def test_no_action_begins_that_could_not_end(
    runner: BatchRunner, images: ImageRepository, clock: Clock
) -> None:
    image = images.add(make_ready())
    batch = BatchCreate(action=BatchAction.TRASH, ids=(image.id,))
    clock.advance(INVOCATION_SECONDS - RESERVED_SECONDS - MIN_ACTION_SECONDS + 0.1)
    (late,) = runner.run(batch).results
    assert (late.status, late.retry_after) == (HTTPStatus.SERVICE_UNAVAILABLE, 2)
    assert images.get(image.id) == image
    clock.advance(-0.2)
    (result,) = runner.run(batch).results
    assert (result.status, result.error) == (HTTPStatus.OK, None)
    assert images.get(image.id).is_trashed


def test_batch_is_over_when_nothing_has_to_be_sent_again(runner: BatchRunner, clock: Clock) -> None:
    batch = BatchCreate(action=BatchAction.DELETE, ids=IDS)
    assert runner.run(batch).outcome
    clock.advance(INVOCATION_SECONDS)
    assert runner.run(batch).outcome is None
