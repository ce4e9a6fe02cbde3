"""Reprocessing: each time begins a revision of an image."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.errors import NotFound
from shared.keys import ORIGINALS_PREFIX, make_original_key, make_upload_key
from shared.lifecycle import Event, Status
from tests.support.handlers import watch
from tests.support.images import finish
from tests.support.pictures import make_picture
from tests.support.uploads import begin_direct as begin
from tests.support.uploads import list_keys

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from tests.support.api import Api

PICTURE = make_picture()


def now() -> datetime:
    return datetime.now(UTC)


class TestReprocess:
    def test_upload_that_could_not_be_verified_is_verified_again(
        self, api: Api, images: ImageRepository, storage: ImageStorage, s3: S3Client
    ) -> None:
        image_id = begin(images, storage).id
        storage.add(make_upload_key(image_id), b"x", "text/plain")
        images.apply(image_id, Event.STALL)
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert (response.status, response.json["status"]) == (202, "pending")
        touched = s3.head_object(Bucket="bucket", Key=make_upload_key(image_id))
        assert touched["ContentType"] == "image/png"
        assert list_keys(s3) == [make_upload_key(image_id)]

    def test_accepted_upload_that_still_shows_failed_is_processed(
        self, api: Api, images: ImageRepository, storage: ImageStorage, s3: S3Client
    ) -> None:
        """The event of its original has not come yet."""
        image_id = begin(images, storage).id
        images.apply(image_id, Event.STALL)
        storage.add(make_original_key(image_id), PICTURE, "image/png")
        touched = watch(s3, "CopyObject")
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202
        assert [call["Key"] for call in touched] == [make_upload_key(image_id), make_original_key(image_id)]

    def test_image_whose_original_is_lost_is_a_conflict_and_shows_failed(
        self, api: Api, images: ImageRepository, storage: ImageStorage
    ) -> None:
        image_id = api.upload_ready(PICTURE)["id"]
        storage.delete(make_original_key(image_id))
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert response.problem == (409, "conflict", [])
        assert response.json["detail"] == "Its original is lost. Upload the image again."
        assert images.get(image_id).status is Status.FAILED

    def test_every_reprocessing_begins_a_new_revision_and_overwrites_nothing(
        self, api: Api, images: ImageRepository, s3: S3Client
    ) -> None:
        image_id = api.upload_ready(PICTURE)["id"]
        for _ in range(2):
            assert api.post(f"/images/{image_id}/reprocess", user="ann").json["revision"] == 1
            images.apply(image_id, Event.FAIL)
        originals = [key for key in list_keys(s3) if key.startswith(ORIGINALS_PREFIX)]
        assert originals == [make_original_key(image_id, revision) for revision in (1, 2, 3)]
        image = images.get(image_id)
        assert (image.revision, image.latest_revision) == (1, 3)

    def test_conflict_says_what_to_do(self, api: Api, images: ImageRepository, storage: ImageStorage) -> None:
        image_id = begin(images, storage).id
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert response.json["detail"] == "Its bytes have not been uploaded yet."
        images.apply(image_id, Event.REFUSE)
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert response.json["detail"] == "Its bytes were rejected and are deleted. Upload the image again."

    def test_reprocessing_that_another_run_overtakes_is_no_loss(
        self, api: Api, images: ImageRepository, storage: ImageStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other run has made a newer revision, and deleted the one that was to be copied."""
        image_id = api.upload_ready(PICTURE)["id"]

        def be_overtaken(image: Image) -> None:
            finish(images, image.id, revision=2)
            raise NotFound

        monkeypatch.setattr(storage, "begin_revision", be_overtaken)
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert (response.status, response.json["status"]) == (202, "ready")
