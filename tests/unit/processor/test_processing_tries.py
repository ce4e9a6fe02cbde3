"""Tries that come early, late or again: they wait for rows, and owners see how it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from imaging.renditions import render
from processor import waiting
from processor.accepting import LATE_AGE
from processor.processing import Processor
from processor.waiting import ROW_PATIENCE, NotRecorded
from shared.errors import Unavailable
from shared.keys import Revision, make_original_key
from shared.lifecycle import Status
from shared.usages import UsageRepository
from tests.support.faults import break_calls
from tests.support.images import make_image
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from imaging.reports import Rendered
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage

PICTURE = make_picture()
DELAYED = "Processing takes longer than usual."
FAILED = "Processing failed on our side, not because of the image."


class Killed(BaseException):
    """The function has run out of memory or time."""


@pytest.fixture
def image(images: ImageRepository, storage: ImageStorage) -> Image:
    stored = images.add(make_image())
    storage.add(make_original_key(stored.id), PICTURE, "image/jpeg")
    return stored


def make_processor(
    images: ImageRepository,
    storage: ImageStorage,
    act: Callable[[], object] = lambda: None,
    sleep: Callable[[float], None] = lambda _: None,
) -> Processor:
    """Make a processor that acts before it renders, and only pretends to wait."""

    def act_and_render(data: bytes, _: float) -> Rendered:
        act()
        return render(data)

    return Processor(images, UsageRepository(images.table), storage, render=act_and_render, sleep=sleep)


def fail(error: type[BaseException]) -> Callable[[], Any]:
    def act() -> None:
        raise error

    return act


def list_keys(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_patience_is_longer_than_a_request_and_shorter_than_the_pause_of_lambda() -> None:
    assert (timedelta(seconds=35), timedelta(seconds=50)) == (ROW_PATIENCE, LATE_AGE)
    assert 0.5 < sum(waiting.ROW_PAUSES_SECONDS) < 1


def test_event_before_its_row_waits_for_it(images: ImageRepository, storage: ImageStorage) -> None:
    late = make_image()
    storage.add(make_original_key(late.id), PICTURE, "image/jpeg")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            images.add(late)

    assert (
        make_processor(images, storage, sleep=sleep).process(Revision(late.id), ago(0), seconds=60) == "ready"
    )
    assert pauses == [0.05, 0.1, 0.2]


def test_object_whose_row_may_still_come_waits_for_the_next_try_of_lambda(
    images: ImageRepository, s3: S3Client, storage: ImageStorage
) -> None:
    """Waiting in the function would cost its whole memory for half a minute."""
    key = make_original_key("1")
    storage.add(key, b"x", "image/jpeg")
    pauses: list[float] = []
    processor = make_processor(images, storage, sleep=pauses.append)
    with pytest.raises(NotRecorded):
        processor.process(Revision("1"), ago(0), seconds=60)
    assert list_keys(s3) == [key]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0]
    assert processor.process(Revision("1"), ago(60), seconds=60) == "deleted"
    assert list_keys(s3) == []


def test_nothing_waits_for_the_row_of_an_object_that_is_gone(
    images: ImageRepository, storage: ImageStorage
) -> None:
    pauses: list[float] = []
    processor = make_processor(images, storage, sleep=pauses.append)
    assert processor.process(Revision("1"), ago(0), seconds=60) == "deleted"
    assert pauses == []


@pytest.mark.parametrize(("age", "waits"), [(-3600, True), (0, True), (33, True), (36, False)])
def test_row_is_waited_for_while_its_request_can_still_live(
    images: ImageRepository, storage: ImageStorage, age: int, waits: bool
) -> None:
    storage.add(make_original_key("1"), b"x", "image/jpeg")
    processor = make_processor(images, storage)
    if waits:
        with pytest.raises(NotRecorded):
            processor.process(Revision("1"), ago(age), seconds=60)
    else:
        assert processor.process(Revision("1"), ago(age), seconds=60) == "deleted"


@pytest.mark.parametrize(
    ("age", "reason", "seen"),
    [
        (0, None, (Status.PROCESSING, None)),
        (45, None, (Status.PROCESSING, None)),
        (51, None, (Status.PROCESSING, DELAYED)),
        (51, DELAYED, (Status.FAILED, FAILED)),
        (45, DELAYED, (Status.PROCESSING, DELAYED)),
        (10_000, FAILED, (Status.FAILED, FAILED)),
    ],
)
def test_owner_sees_during_a_late_try_that_it_is_late(  # noqa: PLR0913, PLR0917 - rows and fixtures
    images: ImageRepository,
    storage: ImageStorage,
    image: Image,
    age: int,
    reason: str | None,
    seen: tuple[Status, str | None],
) -> None:
    images.update(image.id, lambda old: old.model_copy(update={"status_reason": reason}))
    during: list[tuple[Status, str | None]] = []

    def look() -> None:
        found = images.get(image.id)
        during.append((found.status, found.status_reason))

    assert make_processor(images, storage, look).process(Revision(image.id), ago(age), seconds=60) == "ready"
    assert during == [seen]
    assert images.get(image.id).status_reason is None


def test_image_whose_tries_are_killed_shows_failed(
    images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    seen = []
    for age in (0, 100, 200):
        with pytest.raises(Killed):
            make_processor(images, storage, fail(Killed)).process(Revision(image.id), ago(age), seconds=60)
        seen.append(images.get(image.id).status)
    assert seen == [Status.PROCESSING, Status.PROCESSING, Status.FAILED]
    assert make_processor(images, storage).process(Revision(image.id), ago(200), seconds=60) == "ready"


@pytest.mark.parametrize("error", [Unavailable, ValueError])
def test_image_is_noted_as_failed_if_a_try_raises(
    images: ImageRepository, storage: ImageStorage, image: Image, error: type[Exception]
) -> None:
    with pytest.raises(error):
        make_processor(images, storage, fail(error)).process(Revision(image.id), ago(0), seconds=60)
    failed = images.get(image.id)
    assert (failed.status, failed.status_reason) == (Status.FAILED, FAILED)


def test_error_is_raised_even_if_it_cannot_be_noted(
    images: ImageRepository, storage: ImageStorage, dynamodb: DynamoDBClient, image: Image
) -> None:
    def fail_and_lose_the_table() -> None:
        break_calls(dynamodb, "GetItem")
        raise ValueError("the true reason")

    with pytest.raises(ValueError, match="the true reason"):
        make_processor(images, storage, fail_and_lose_the_table).process(
            Revision(image.id), ago(0), seconds=60
        )
