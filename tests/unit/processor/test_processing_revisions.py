"""Images that are processed again: a new revision beside the old one, and runs that are too late."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from imaging.renditions import render
from processor.processing import Processor
from shared.errors import UnacceptableImage, Unavailable
from shared.keys import Revision, make_original_key, make_variant_key
from shared.lifecycle import Event, Status
from shared.renditions import STILLS
from shared.usages import UsageRepository
from tests.support.faults import break_calls
from tests.support.images import VARIANT, list_kept_keys
from tests.support.uploads import list_keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from imaging.reports import Rendered
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage


def now() -> datetime:
    return datetime.now(UTC)


def begin_revision(images: ImageRepository, storage: ImageStorage, image: Image) -> None:
    """Have an image processed again."""
    images.apply(image.id, Event.FAIL)  # a run that is under way is not tried again
    begun = images.apply(image.id, Event.RETRY)
    assert begun
    storage.begin_revision(begun)


def test_image_that_was_ready_stays_ready_if_another_run_rejects_it(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    """A newer decoder may refuse what an older one took. No image of a user is lost by that."""
    processor.process(Revision(image.id), now(), seconds=60)
    renditions = images.get(image.id).renditions
    begin_revision(images, storage, image)

    def refuse(data: bytes, seconds: float) -> Rendered:
        raise UnacceptableImage(f"{len(data)} bytes in {seconds} s.")

    assert (
        Processor(images, UsageRepository(images.table), storage, render=refuse).process(
            Revision(image.id, 2), now(), seconds=60
        )
        == "ready"
    )
    kept = images.get(image.id)
    assert (kept.status, kept.renditions, kept.expires_at) == (Status.READY, renditions, None)
    assert kept.status_reason
    assert len(list_keys(s3)) == 1 + len(STILLS)


def test_new_revision_replaces_the_old_one_when_it_is_ready(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    processor.process(Revision(image.id), now(), seconds=60)
    storage.add(make_variant_key(image.id, VARIANT), b"x", "image/webp")
    begin_revision(images, storage, image)
    assert len(list_keys(s3)) == 3 + len(STILLS)
    assert processor.process(Revision(image.id, 2), now(), seconds=60) == "ready"
    assert sorted(list_keys(s3)) == sorted(list_kept_keys(image.id, 2))
    assert images.get(image.id).revision == 2


def test_run_of_an_earlier_revision_has_no_result(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    """It is slow, and the image was processed again twice meanwhile. Its original is deleted."""
    processor.process(Revision(image.id), now(), seconds=60)
    begin_revision(images, storage, image)

    def render_while_others_run(data: bytes, _: float) -> Rendered:
        begin_revision(images, storage, image)
        assert processor.process(Revision(image.id, 3), now(), seconds=60) == "ready"
        begin_revision(images, storage, image)
        return render(data)

    slow = Processor(images, UsageRepository(images.table), storage, render=render_while_others_run)
    assert slow.process(Revision(image.id, 2), now(), seconds=60) == "replaced"
    assert images.get(image.id).status is Status.PROCESSING
    assert processor.process(Revision(image.id, 4), now(), seconds=60) == "ready"
    assert sorted(list_keys(s3)) == sorted(list_kept_keys(image.id, 4))


def test_event_of_a_revision_that_was_replaced_deletes_its_bytes(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    for _ in range(3):
        begin_revision(images, storage, image)
    outcomes = [processor.process(Revision(image.id, number), now(), seconds=60) for number in (3, 1, 2)]
    assert outcomes == ["replaced", "replaced", "replaced"]
    assert list_keys(s3) == [make_original_key(image.id, number) for number in (1, 4)]


def test_second_event_deletes_what_a_killed_run_has_left(
    processor: Processor, images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image
) -> None:
    processor.process(Revision(image.id), now(), seconds=60)
    begin_revision(images, storage, image)
    fault = break_calls(s3, "DeleteObjects")
    with pytest.raises(Unavailable):
        processor.process(Revision(image.id, 2), now(), seconds=60)
    assert images.get(image.id).revision == 2
    fault.end()
    assert processor.process(Revision(image.id, 2), now(), seconds=60) == "ready before"
    assert sorted(list_keys(s3)) == sorted(list_kept_keys(image.id, 2))
