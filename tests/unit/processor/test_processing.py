from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

from imaging.renditions import render
from processor.processing import LATE_AGE, ROW_PATIENCE, Processor
from shared.errors import NotFound, UnacceptableImage, Unavailable
from shared.lifecycle import Event, Status
from shared.quotas import Usage
from shared.renditions import RenditionName
from shared.storage import make_original_key, make_rendition_key
from tests.support.faults import break_calls, lose_response
from tests.support.images import make_image, reject
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from imaging.reports import Rendered
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage


@pytest.fixture
def image(images: ImageRepository, storage: ImageStorage) -> Image:
    stored = make_image()
    storage.add(make_original_key(stored.id), make_photo(6, width=800, height=400), "image/jpeg")
    images.add(stored)
    return stored


def list_keys(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def make_processor(
    images: ImageRepository,
    storage: ImageStorage,
    kind: type[Processor] = Processor,
    **options: Any,  # noqa: ANN401 - the processor's
) -> Processor:
    return kind(images, storage, render=lambda data, _: render(data), **options)


def now() -> datetime:
    return datetime.now(UTC)


def test_image_becomes_ready_with_renditions_and_facts(
    processor: Processor, images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    assert processor.process(image.id, now(), seconds=60) == "ready"
    ready = images.get(image.id)
    assert (ready.status, ready.status_reason, ready.width, ready.height) == (Status.READY, None, 800, 400)
    assert {name: (found.width, found.height) for name, found in ready.renditions.items()} == {
        "thumbnail": (256, 128),
        "small": (640, 320),
        "medium": (800, 400),
        "large": (800, 400),
    }
    assert ready.placeholder is not None
    for name, rendition in ready.renditions.items():
        data = storage.get(make_rendition_key(image.id, name))
        assert len(data) == rendition.size
        assert Pillow.open(BytesIO(data)).size == (rendition.width, rendition.height)


BAD_FILES = [b"not an image", make_picture()[:-100]]


def add_bad(images: ImageRepository, storage: ImageStorage, data: bytes = BAD_FILES[0]) -> Image:
    image = images.add(make_image())
    storage.add(make_original_key(image.id), data, "image/jpeg")
    return image


@pytest.mark.parametrize("data", BAD_FILES, ids=["text", "truncated"])
def test_bad_image_is_rejected_with_a_reason_and_its_bytes_are_deleted(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, data: bytes
) -> None:
    image = add_bad(images, storage, data)
    assert images.get_usage("ann") == Usage(images=1, bytes=image.size)
    assert processor.process(image.id, now(), seconds=60) == "rejected"
    rejected = images.get(image.id)
    assert (rejected.status, rejected.has_original, rejected.renditions) == (Status.REJECTED, False, {})
    assert rejected.status_reason
    assert rejected.expires_at
    assert timedelta(hours=23) < datetime.fromtimestamp(rejected.expires_at, UTC) - now() <= timedelta(days=1)
    assert list_keys(s3) == []
    assert images.get_usage("ann") == Usage()


def test_rejected_image_counts_until_its_bytes_are_deleted(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client
) -> None:
    image = add_bad(images, storage)
    fault = break_calls(s3, "DeleteObjects")
    with pytest.raises(Unavailable):
        processor.process(image.id, now(), seconds=60)
    rejected = images.get(image.id)
    assert (rejected.status, rejected.expires_at) == (Status.REJECTED, None)
    assert images.get_usage("ann") == Usage(images=1, bytes=image.size)
    fault.end()
    assert processor.process(image.id, now(), seconds=60) == "rejected before"
    assert images.get_usage("ann") == Usage()
    assert images.get(image.id).status_reason == rejected.status_reason
    assert list_keys(s3) == []


def test_image_that_was_ready_stays_ready_if_another_run_rejects_it(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    """A newer decoder may refuse what an older one took. No image of a user is lost by that."""
    processor.process(image.id, now(), seconds=60)
    renditions = images.get(image.id).renditions
    images.apply(image.id, Event.RETRY)

    def refuse(data: bytes, seconds: float) -> Rendered:
        raise UnacceptableImage(f"{len(data)} bytes in {seconds} s.")

    assert Processor(images, storage, render=refuse).process(image.id, now(), seconds=60) == "ready"
    kept = images.get(image.id)
    assert (kept.status, kept.renditions, kept.expires_at) == (Status.READY, renditions, None)
    assert kept.status_reason
    assert len(list_keys(s3)) == 1 + len(RenditionName)


def test_renditions_of_a_run_that_another_one_overtook_are_deleted(
    images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    """Two runs may judge differently, because one of them ran out of time."""

    def render_and_be_overtaken(data: bytes, _: float) -> Rendered:
        reject(images, image.id)
        return render(data)

    slow = Processor(images, storage, render=render_and_be_overtaken)
    assert slow.process(image.id, now(), seconds=60) == "rejected before"
    assert list_keys(s3) == []
    assert images.get(image.id).has_original is False


def test_second_event_changes_nothing(
    processor: Processor, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    processor.process(image.id, now(), seconds=60)
    ready = images.get(image.id)
    reading = break_calls(s3, "GetObject")
    assert processor.process(image.id, now(), seconds=60) == "ready before"
    assert images.get(image.id) == ready
    assert reading.tries == 0


def test_event_that_comes_ten_times_makes_one_image(
    images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    """Ten runs overlap: each one begins while the one before has rendered, and not yet written."""
    outcomes: list[str] = []

    def render_and_begin_another(data: bytes, _: float) -> Rendered:
        if len(started) < 10:
            started.append(1)
            outcomes.append(overlapping.process(image.id, now(), seconds=60))
        return render(data)

    started = [1]
    overlapping = Processor(images, storage, render=render_and_begin_another)
    outcomes.append(overlapping.process(image.id, now(), seconds=60))
    assert outcomes == ["ready", *["ready before"] * 9]
    assert images.get(image.id).version == 2
    assert len(list_keys(s3)) == 1 + len(RenditionName)


def test_try_after_one_that_was_killed_amid_its_renditions_completes_them(
    processor: Processor, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    class Killed(BaseException):
        pass

    written = []

    def kill(**_: Any) -> None:  # noqa: ANN401 - botocore's
        written.append(1)
        if len(written) > 2:
            raise Killed

    s3.meta.events.register("before-call.s3.PutObject", kill)
    with pytest.raises(Killed):
        processor.process(image.id, now(), seconds=60)
    s3.meta.events.unregister("before-call.s3.PutObject", kill)
    assert images.get(image.id).status is Status.PROCESSING
    assert len(list_keys(s3)) == 3
    assert processor.process(image.id, now(), seconds=60) == "ready"
    assert len(list_keys(s3)) == 1 + len(RenditionName)


def test_event_before_its_row_waits_for_it(images: ImageRepository, storage: ImageStorage) -> None:
    late = make_image()
    storage.add(make_original_key(late.id), make_picture(), "image/jpeg")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            images.add(late)

    assert make_processor(images, storage, sleep=sleep).process(late.id, now(), seconds=60) == "ready"
    assert len(pauses) == 3


def test_object_that_gets_no_row_while_its_request_can_live_is_deleted(
    images: ImageRepository, s3: S3Client, storage: ImageStorage
) -> None:
    storage.add(make_original_key("1"), b"x", "image/jpeg")
    pauses: list[float] = []
    processor = make_processor(images, storage, sleep=pauses.append)
    assert processor.process("1", now(), seconds=60) == "deleted"
    assert list_keys(s3) == []
    assert 35 <= sum(pauses) < 40


def test_nothing_waits_for_the_row_of_an_object_that_is_gone_or_old(
    images: ImageRepository, s3: S3Client, storage: ImageStorage
) -> None:
    pauses: list[float] = []
    processor = make_processor(images, storage, sleep=pauses.append)
    assert processor.process("1", now(), seconds=60) == "deleted"
    storage.add(make_original_key("1"), b"x", "image/jpeg")
    assert processor.process("1", now() - ROW_PATIENCE - timedelta(seconds=1), seconds=60) == "deleted"
    assert list_keys(s3) == []
    assert pauses == []


def test_event_of_an_image_that_is_gone_already_ends_quietly(
    processor: Processor, images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    images.delete(image.id)
    storage.delete_image(image.id)
    assert processor.process(image.id, now(), seconds=60) == "deleted"


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_fault_of_s3_raises_shows_failed_and_a_later_try_succeeds(
    processor: Processor, images: ImageRepository, s3: S3Client, image: Image, operation: str
) -> None:
    fault = break_calls(s3, operation)
    with pytest.raises(Unavailable):
        processor.process(image.id, now(), seconds=60)
    failed = images.get(image.id)
    assert failed.status is Status.FAILED
    assert failed.status_reason
    fault.end()
    assert processor.process(image.id, now(), seconds=60) == "ready"
    assert images.get(image.id).status_reason is None


def test_lost_answer_to_the_result_is_a_success(
    processor: Processor, images: ImageRepository, dynamodb: DynamoDBClient, image: Image
) -> None:
    fault = lose_response(dynamodb, "TransactWriteItems")
    assert processor.process(image.id, now(), seconds=60) == "ready"
    assert fault.tries == 2
    assert images.get(image.id).status is Status.READY


def test_image_deleted_meanwhile_stays_deleted_and_leaves_no_byte(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    def delete(**_: Any) -> None:  # noqa: ANN401 - botocore's
        s3.meta.events.unregister("before-call.s3.PutObject", delete)
        images.delete(image.id)
        storage.delete_image(image.id)

    s3.meta.events.register("before-call.s3.PutObject", delete)
    assert processor.process(image.id, now(), seconds=60) == "deleted"
    assert list_keys(s3) == []
    with pytest.raises(NotFound):
        images.get(image.id)


def test_image_whose_tries_are_killed_shows_failed(
    images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    class Killed(BaseException):
        pass

    class Dying(Processor):
        def _finish(self, image_id: str, seconds: float) -> str:
            raise Killed(image_id, seconds)

    tries = [now(), now() - 2 * LATE_AGE, now() - 4 * LATE_AGE]
    seen = []
    for uploaded_at in tries:
        with pytest.raises(Killed):
            make_processor(images, storage, Dying).process(image.id, uploaded_at, seconds=60)
        seen.append(images.get(image.id).status)
    assert seen == [Status.PROCESSING, Status.PROCESSING, Status.FAILED]
    assert make_processor(images, storage).process(image.id, tries[-1], seconds=60) == "ready"


def test_late_first_try_shows_no_failure(processor: Processor, images: ImageRepository, image: Image) -> None:
    assert processor.process(image.id, now() - 2 * LATE_AGE, seconds=60) == "ready"
    assert images.get(image.id).status_reason is None
