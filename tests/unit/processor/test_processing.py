from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

from imaging.renditions import render
from processor.processing import Processor
from shared.errors import NotFound, Unavailable
from shared.keys import Revision, make_original_key, make_rendition_key
from shared.lifecycle import Status
from shared.models import Exif
from shared.renditions import STILLS, RenditionName
from shared.usages import UsageRepository
from tests.support.faults import break_calls, lose_response
from tests.support.handlers import ignore, listen
from tests.support.images import make_image, reject
from tests.support.pictures import make_photo, make_picture
from tests.support.uploads import list_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from imaging.reports import Rendered
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage


def now() -> datetime:
    return datetime.now(UTC)


def test_image_becomes_ready_with_renditions_and_facts(
    processor: Processor, images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    assert processor.process(Revision(image.id), now(), seconds=60) == "ready"
    ready = images.get(image.id)
    assert (ready.status, ready.status_reason, ready.width, ready.height) == (Status.READY, None, 800, 400)
    assert ready.renditions.keys() == {*STILLS}
    sizes = [
        (found.width, found.height)
        for found in (ready.renditions[name] for name in (RenditionName.SMALL, RenditionName.LARGE))
    ]
    assert sizes == [(640, 320), (800, 400)]
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
    assert processor.process(Revision(image.id), now(), seconds=60) == "rejected"
    rejected = images.get(image.id)
    assert (rejected.status, rejected.has_original, rejected.renditions) == (Status.REJECTED, False, {})
    assert rejected.status_reason
    assert rejected.expires_at
    assert timedelta(hours=23) < datetime.fromtimestamp(rejected.expires_at, UTC) - now() <= timedelta(days=1)
    assert list_keys(s3) == []


def test_rejected_image_counts_until_its_bytes_are_deleted(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client
) -> None:
    image = add_bad(images, storage)
    fault = break_calls(s3, "DeleteObjects")
    with pytest.raises(Unavailable):
        processor.process(Revision(image.id), now(), seconds=60)
    rejected = images.get(image.id)
    assert (rejected.status, rejected.has_original, rejected.expires_at) == (Status.REJECTED, True, None)
    fault.end()
    assert processor.process(Revision(image.id), now(), seconds=60) == "rejected before"
    discarded = images.get(image.id)
    assert (discarded.has_original, discarded.status_reason) == (False, rejected.status_reason)
    assert list_keys(s3) == []


def test_renditions_of_a_run_that_another_one_overtook_are_deleted(
    images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    """Two runs may judge differently, because one of them ran out of time."""

    def render_and_be_overtaken(data: bytes, _: float) -> Rendered:
        reject(images, image.id)
        return render(data)

    slow = Processor(images, UsageRepository(images.table), storage, render=render_and_be_overtaken)
    assert slow.process(Revision(image.id), now(), seconds=60) == "rejected before"
    assert list_keys(s3) == []
    assert images.get(image.id).has_original is False


def test_second_event_changes_nothing(
    processor: Processor, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    processor.process(Revision(image.id), now(), seconds=60)
    ready = images.get(image.id)
    reading = break_calls(s3, "GetObject")
    assert processor.process(Revision(image.id), now(), seconds=60) == "ready before"
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
            outcomes.append(overlapping.process(Revision(image.id), now(), seconds=60))
        return render(data)

    started = [1]
    overlapping = Processor(images, UsageRepository(images.table), storage, render=render_and_begin_another)
    outcomes.append(overlapping.process(Revision(image.id), now(), seconds=60))
    assert outcomes == ["ready", *["ready before"] * 9]
    assert images.get(image.id).version == 2
    assert len(list_keys(s3)) == 1 + len(STILLS)


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

    listen(s3, "before-call.s3.PutObject", kill)
    with pytest.raises(Killed):
        processor.process(Revision(image.id), now(), seconds=60)
    ignore(s3, "before-call.s3.PutObject", kill)
    assert images.get(image.id).status is Status.PROCESSING
    assert len(list_keys(s3)) == 3
    assert processor.process(Revision(image.id), now(), seconds=60) == "ready"
    assert len(list_keys(s3)) == 1 + len(STILLS)


def test_event_of_an_image_that_is_gone_already_ends_quietly(
    processor: Processor, images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    images.delete(image.id)
    storage.delete_revisions([Revision(image.id)])
    assert processor.process(Revision(image.id), now(), seconds=60) == "deleted"


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_fault_of_s3_raises_shows_failed_and_a_later_try_succeeds(
    processor: Processor, images: ImageRepository, s3: S3Client, image: Image, operation: str
) -> None:
    fault = break_calls(s3, operation)
    with pytest.raises(Unavailable):
        processor.process(Revision(image.id), now(), seconds=60)
    failed = images.get(image.id)
    assert failed.status is Status.FAILED
    assert failed.status_reason
    fault.end()
    assert processor.process(Revision(image.id), now(), seconds=60) == "ready"
    assert images.get(image.id).status_reason is None


def test_lost_response_to_the_result_is_a_success(
    processor: Processor, images: ImageRepository, dynamodb: DynamoDBClient, image: Image
) -> None:
    fault = lose_response(dynamodb, "TransactWriteItems")
    assert processor.process(Revision(image.id), now(), seconds=60) == "ready"
    assert fault.tries == 2
    assert images.get(image.id).status is Status.READY


def test_image_deleted_meanwhile_stays_deleted_and_leaves_no_byte(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    def delete(**_: Any) -> None:  # noqa: ANN401 - botocore's
        ignore(s3, "before-call.s3.PutObject", delete)
        images.delete(image.id)
        storage.delete_revisions([Revision(image.id)])

    listen(s3, "before-call.s3.PutObject", delete)
    assert processor.process(Revision(image.id), now(), seconds=60) == "deleted"
    assert list_keys(s3) == []
    with pytest.raises(NotFound):
        images.get(image.id)


def test_facts_are_those_of_the_stored_bytes(
    processor: Processor, images: ImageRepository, storage: ImageStorage
) -> None:
    data = make_photo(6, width=80, height=40)
    said = {"content_type": "image/png", "size": 1, "width": None, "sha256": None, "animated": True}
    image = images.add(make_image(**said))
    storage.add(make_original_key(image.id), data, "image/png")
    assert processor.process(Revision(image.id), now(), seconds=60) == "ready"
    ready = images.get(image.id)
    assert (ready.content_type, ready.size) == ("image/jpeg", len(data))
    assert ready.sha256 == hashlib.sha256(data).hexdigest()
    assert (ready.width, ready.height, ready.animated) == (80, 40, False)
    assert ready.exif == Exif(orientation=6)
    assert ready.leased_until is None


def test_renditions_are_stored_as_webp(
    processor: Processor, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    processor.process(Revision(image.id), now(), seconds=60)
    for name in images.get(image.id).renditions:
        stored = s3.head_object(Bucket="bucket", Key=make_rendition_key(image.id, name))
        assert stored["ContentType"] == "image/webp"


def test_image_is_rendered_in_the_seconds_that_it_is_given(
    images: ImageRepository, storage: ImageStorage, image: Image
) -> None:
    seen: list[tuple[bytes, float]] = []

    def note(data: bytes, seconds: float) -> Rendered:
        seen.append((data, seconds))
        return render(data)

    Processor(images, UsageRepository(images.table), storage, render=note).process(
        Revision(image.id), now(), seconds=7.5
    )
    assert seen == [(storage.get(make_original_key(image.id)), 7.5)]
