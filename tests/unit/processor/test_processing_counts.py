"""Direct uploads count for their user when they are verified: once, and only if there is room."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from imaging.renditions import render
from processor.processing import Processor
from shared.errors import Unavailable
from shared.keys import Revision, make_original_key
from shared.lifecycle import Event, Status
from shared.quotas import Quota, Usage
from shared.usages import UsageRepository
from tests.support.faults import break_calls
from tests.support.images import new_id
from tests.support.uploads import PICTURE, count_usage, list_keys, post_upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.table import Table

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def full(table: Table) -> UsageRepository:
    """The counters with a quota that is used up."""
    full = UsageRepository(table, Quota(max_images=1))
    full.reserve(new_id(), "ann", Usage(images=1, bytes=1000))
    return full


def test_upload_without_room_is_rejected_and_its_bytes_are_deleted(
    images: ImageRepository, full: UsageRepository, storage: ImageStorage, s3: S3Client
) -> None:
    image = post_upload(images, storage)
    processor = Processor(images, full, storage, render=lambda *_: pytest.fail("it is rendered"))
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == "accepted"
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "rejected"
    rejected = images.get(image.id)
    assert (rejected.status, rejected.has_original) == (Status.REJECTED, False)
    assert "A user may have 1 images." in (rejected.status_reason or "")
    assert list_keys(s3) == []
    assert count_usage(full) == (1, 1000)


def test_upload_that_another_run_has_counted_is_kept_when_the_room_is_used_up(
    images: ImageRepository, full: UsageRepository, storage: ImageStorage
) -> None:
    """The last room was taken by the same upload, whose event came twice."""
    image = post_upload(images, storage)
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    processor = Processor(images, full, storage, render=lambda data, _: render(data))
    read = images.get

    def read_before_the_other_run(record_id: str) -> Image:
        found = read(record_id)
        images.get = read  # type: ignore[method-assign]
        images.apply(record_id, Event.VERIFY)
        return found

    images.get = read_before_the_other_run  # type: ignore[method-assign]
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready"
    assert storage.has(make_original_key(image.id))
    assert count_usage(full) == (1, 1000)


def test_two_runs_of_one_upload_count_it_once(
    images: ImageRepository, table: Table, storage: ImageStorage
) -> None:
    """Its event came twice, and there is room for one image."""
    usages = UsageRepository(table, Quota(max_images=1))
    image = post_upload(images, storage)
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    processor = Processor(images, usages, storage, render=lambda data, _: render(data))
    reserve = usages.reserve

    def reserve_and_be_overtaken(name: str, user_id: str, added: Usage, *, takes_token: bool = True) -> None:
        usages.reserve = reserve  # type: ignore[method-assign]
        reserve(name, user_id, added, takes_token=takes_token)
        assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready"

    usages.reserve = reserve_and_be_overtaken  # type: ignore[method-assign]
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready before"
    assert count_usage(usages) == (1, len(PICTURE))


def test_image_that_is_deleted_while_it_is_counted_gives_its_room_back(
    images: ImageRepository, usages: UsageRepository, storage: ImageStorage, processor: Processor
) -> None:
    image = post_upload(images, storage)
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    reserve = usages.reserve

    def reserve_and_delete(name: str, user_id: str, added: Usage, *, takes_token: bool = True) -> None:
        reserve(name, user_id, added, takes_token=takes_token)
        images.delete(image.id)

    usages.reserve = reserve_and_delete  # type: ignore[method-assign]
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "deleted"
    assert count_usage(usages) == (0, 0)


@pytest.mark.parametrize(("age", "kept"), [(0, True), (60, True)])
def test_upload_whose_reservation_fails_shows_failed_and_is_kept(  # noqa: PLR0913, PLR0917 - rows and fixtures
    images: ImageRepository,
    storage: ImageStorage,
    processor: Processor,
    dynamodb: DynamoDBClient,
    age: int,
    kept: bool,
) -> None:
    """It does not end with its form, and a redrive works."""
    image = post_upload(images, storage)
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    fault = break_calls(dynamodb, "UpdateItem")
    at = datetime.now(UTC) - timedelta(seconds=age)
    with pytest.raises(Unavailable):
        processor.process(Revision(image.id), at, seconds=60)
    failed = images.get(image.id)
    assert failed.status is Status.FAILED
    assert bool(failed.expires_at and failed.expires_at - time.time() > 13 * 24 * 3600) is kept
    fault.end()
    assert processor.process(Revision(image.id), at, seconds=60) == "ready"


@pytest.mark.parametrize("happened", [True, False])
def test_change_without_a_response_is_counted_only_if_it_has_happened(
    images: ImageRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    processor: Processor,
    happened: bool,
) -> None:
    image = post_upload(images, storage)
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    apply = images.apply

    def apply_without_response(image_id: str, event: Event, **options: Any) -> Any:  # noqa: ANN401 - of apply
        if event is Event.VERIFY:
            if happened:
                apply(image_id, event, **options)
            raise Unavailable
        return apply(image_id, event, **options)

    images.apply = apply_without_response  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        processor.process(Revision(image.id), datetime.now(UTC), seconds=60)
    assert count_usage(usages) == ((1, len(PICTURE)) if happened else (0, 0))
    images.apply = apply  # type: ignore[method-assign]
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready"
    assert count_usage(usages) == (1, len(PICTURE))
