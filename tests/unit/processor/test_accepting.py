"""Direct uploads: what was posted is verified, and becomes the original of its image or is refused."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Unavailable
from shared.keys import Revision, make_original_key, make_upload_key
from shared.lifecycle import Status
from tests.support.faults import break_calls
from tests.support.handlers import ignore, listen
from tests.support.images import FAR_FUTURE, make_image, make_pending, make_ready
from tests.support.uploads import PICTURE, SHA256, count_usage, list_keys, post_upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_announced_bytes_become_the_original_under_their_true_type(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, sha256: str | None
) -> None:
    image = post_upload(images, storage, sha256=sha256)
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == "accepted"
    assert list_keys(s3) == [make_original_key(image.id)]
    stored = s3.get_object(Bucket="bucket", Key=make_original_key(image.id))
    assert (stored["Body"].read(), stored["ContentType"]) == (PICTURE, "image/jpeg")
    assert images.get(image.id) == image


def test_accepted_upload_becomes_ready_with_the_facts_of_its_bytes(
    processor: Processor, images: ImageRepository, usages: UsageRepository, storage: ImageStorage
) -> None:
    image = post_upload(images, storage)
    processor.accept(Revision(image.id), datetime.now(UTC))
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready"
    ready = images.get(image.id)
    assert (ready.content_type, ready.size, ready.sha256) == ("image/jpeg", len(PICTURE), SHA256)
    assert (ready.width, ready.height, ready.expires_at) == (80, 40, None)
    assert count_usage(usages) == (1, len(PICTURE))


@pytest.mark.parametrize(
    ("data", "fields", "reason"),
    [
        (PICTURE, {"size": len(PICTURE) + 1}, f"has {len(PICTURE)} bytes; {len(PICTURE) + 1} were announced"),
        (PICTURE, {"size": len(PICTURE) - 1}, "were announced"),
        (PICTURE, {"sha256": "0" * 64}, "The SHA-256 of the file is not the one"),
        (b"<svg/>", {}, "The file is an SVG drawing, which is not accepted."),
        (PICTURE[:20], {}, "truncated"),
    ],
    ids=["longer", "shorter", "checksum", "type", "truncated"],
)
def test_other_bytes_are_refused_with_a_reason_and_deleted(  # noqa: PLR0913, PLR0917 - rows and fixtures
    processor: Processor,
    images: ImageRepository,
    storage: ImageStorage,
    s3: S3Client,
    data: bytes,
    fields: dict[str, Any],
    reason: str,
) -> None:
    image = post_upload(images, storage, data, **fields)
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == "rejected"
    refused = images.get(image.id)
    assert (refused.status, refused.has_original) == (Status.REJECTED, False)
    assert reason in (refused.status_reason or "")
    assert list_keys(s3) == []


@pytest.mark.parametrize(
    ("image", "outcome"),
    [
        (make_image(), "processing before"),
        (make_ready(), "ready before"),
        (make_image(status=Status.FAILED), "failed before"),
        (make_image(status=Status.REJECTED, has_original=False, expires_at=FAR_FUTURE), "rejected before"),
    ],
)
def test_post_after_the_first_good_one_changes_nothing(  # noqa: PLR0913, PLR0917 - rows and fixtures
    processor: Processor,
    images: ImageRepository,
    storage: ImageStorage,
    s3: S3Client,
    image: Image,
    outcome: str,
) -> None:
    images.add(image)
    storage.add(make_original_key(image.id), b"verified", "image/png")
    storage.add(make_upload_key(image.id), PICTURE, "image/png")
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == outcome
    assert images.get(image.id) == image
    assert storage.get(make_original_key(image.id)) == b"verified"
    assert list_keys(s3) == [make_original_key(image.id)]


@pytest.mark.parametrize("data", [PICTURE, b"bad"])
def test_post_before_the_first_one_is_processed_changes_nothing(
    processor: Processor, images: ImageRepository, storage: ImageStorage, data: bytes
) -> None:
    image = post_upload(images, storage, data, size=len(PICTURE))
    storage.add(make_original_key(image.id), b"verified", "image/png")
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == (
        "accepted" if data == PICTURE else "accepted before"
    )
    assert storage.get(make_original_key(image.id)) == b"verified"
    assert images.get(image.id).status is Status.PENDING


def test_event_of_a_post_that_is_gone_ends_quietly(
    processor: Processor, images: ImageRepository, s3: S3Client
) -> None:
    image = images.add(make_pending())
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == "accepted before"
    assert images.get(image.id) == image
    assert list_keys(s3) == []


@pytest.mark.usefixtures("images")
def test_post_without_a_pending_image_is_deleted(
    processor: Processor, storage: ImageStorage, s3: S3Client
) -> None:
    storage.add(make_upload_key(MISSING), PICTURE, "image/png")
    assert processor.accept(Revision(MISSING), datetime.now(UTC)) == "not awaited"
    assert list_keys(s3) == []


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_fault_of_s3_shows_failed_and_a_later_try_accepts(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, operation: str
) -> None:
    image = post_upload(images, storage)
    fault = break_calls(s3, operation)
    with pytest.raises(Unavailable):
        processor.accept(Revision(image.id), datetime.now(UTC))
    failed = images.get(image.id)
    assert (failed.status, failed.has_original) == (Status.FAILED, False)
    assert failed.status_reason == "Processing failed on our side, not because of the image."
    assert storage.has(make_upload_key(image.id))
    fault.end()
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == "accepted"
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready"


class Killed(BaseException):
    """The function has run out of memory or time."""


@pytest.mark.parametrize(("age", "status"), [(49, Status.PENDING), (51, Status.FAILED)])
def test_upload_whose_second_try_is_killed_shows_failed_and_is_kept(  # noqa: PLR0913, PLR0917 - a row, and fixtures
    processor: Processor,
    images: ImageRepository,
    storage: ImageStorage,
    s3: S3Client,
    age: int,
    status: Status,
) -> None:
    image = post_upload(images, storage)

    def kill(**_: object) -> None:
        raise Killed

    listen(s3, "before-call.s3.GetObject", kill)
    with pytest.raises(Killed):
        processor.accept(Revision(image.id), datetime.now(UTC) - timedelta(seconds=age))
    killed = images.get(image.id)
    assert killed.status is status
    if status is Status.FAILED:
        assert killed.status_reason == "Processing failed on our side, not because of the image."
        assert killed.expires_at
        assert killed.expires_at - time.time() > timedelta(days=13).total_seconds()
    ignore(s3, "before-call.s3.GetObject", kill)
    assert (
        processor.accept(Revision(image.id), datetime.now(UTC) - timedelta(seconds=age + 120)) == "accepted"
    )
    assert processor.process(Revision(image.id), datetime.now(UTC), seconds=60) == "ready"


def test_late_event_of_a_post_that_was_accepted_changes_nothing(
    processor: Processor, images: ImageRepository, storage: ImageStorage
) -> None:
    image = post_upload(images, storage)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    assert processor.accept(Revision(image.id), datetime.now(UTC)) == "accepted"
    before = images.get(image.id)
    assert processor.accept(Revision(image.id), long_ago) == "accepted before"
    assert images.get(image.id) == before


def test_bad_post_is_refused_only_if_there_is_surely_no_original(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client
) -> None:
    image = post_upload(images, storage, b"bad")
    break_calls(s3, "HeadObject")
    with pytest.raises(Unavailable):
        processor.accept(Revision(image.id), datetime.now(UTC))
    assert images.get(image.id).status is Status.FAILED
    assert storage.get(make_upload_key(image.id)) == b"bad"
