"""Uploads: what is stored of them, in which order, and what another try of one finds."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, QuotaExceeded
from shared.keys import make_original_key
from shared.lifecycle import Event, Status
from shared.quotas import Quota
from tests.support.pictures import make_picture
from tests.support.uploads import ANNOUNCED, list_keys
from tests.support.uploads import begin_direct as begin

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.keys import Revision
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()


def now() -> datetime:
    return datetime.now(UTC)


class TestQuota:
    @pytest.fixture
    def quota(self) -> Quota:
        return Quota(max_images=1, max_bytes=len(PICTURE))

    def test_upload_without_room_is_refused_before_anything_is_stored(
        self, api: Api, s3: S3Client, dynamodb: DynamoDBClient
    ) -> None:
        first = api.upload(PICTURE)["id"]
        rows = dynamodb.scan(TableName="images")["Count"]
        headers = {"Content-Type": "image/jpeg"}
        for response in (
            api.post("/images/upload", user="ann", body=PICTURE, encode=True, headers=headers),
            api.post("/images/uploads", user="ann", json=ANNOUNCED),
        ):
            assert response.problem == (403, "quota_exceeded", [])
        assert list_keys(s3) == [make_original_key(first)]
        assert dynamodb.scan(TableName="images")["Count"] == rows

    def test_upload_of_more_bytes_than_there_is_room_for_is_refused(self, api: Api) -> None:
        for size, status in ((len(PICTURE) + 1, 403), (len(PICTURE), 201)):
            assert api.post("/images/uploads", user="ann", json=ANNOUNCED | {"size": size}).status == status

    def test_second_try_of_a_direct_upload_needs_no_room_again(
        self, api: Api, images: ImageRepository, storage: ImageStorage, quota: Quota
    ) -> None:
        first = begin(images, storage, "claim", quota=quota)
        api.upload(PICTURE)  # takes the only room
        assert begin(images, storage, "claim", quota=quota).id == first.id
        with pytest.raises(QuotaExceeded):
            begin(images, storage, "other", quota=quota)

    def test_second_try_of_an_upload_needs_no_room_again(
        self, api: Api, usages: UsageRepository, s3: S3Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first try was killed before its response was stored."""
        monkeypatch.setattr("app.idempotency.run_once", lambda *arguments: arguments[3]())
        first, second = (upload(api, key="a") for _ in range(2))
        assert (first.status, second.status) == (201, 201)
        assert second.json["id"] == first.json["id"]
        assert list_keys(s3) == [make_original_key(first.json["id"])]
        assert usages.get("ann").images == 1


def upload(api: Api, key: str | None = None) -> ApiResponse:
    headers = {"Content-Type": "image/jpeg"} | ({"Idempotency-Key": key} if key else {})
    return api.post("/images/upload", user="ann", body=PICTURE, encode=True, headers=headers)


class TestDirect:
    def test_record_waits_for_its_bytes_5_minutes_longer_than_its_form(
        self, images: ImageRepository, storage: ImageStorage
    ) -> None:
        upload = begin(images, storage, expiresIn=600)
        image = images.get(upload.id)
        assert image.expires_at
        assert image.expires_at - 300 == upload.expires_at.timestamp()
        assert abs(upload.expires_at - now() - timedelta(seconds=600)) < timedelta(seconds=30)
        assert (image.status, image.has_original, image.leased_until) == (Status.PENDING, False, None)
        assert (image.content_type, image.size, image.filename) == ("image/png", 7, "a.png")

    def test_name_that_is_left_out_follows_from_the_type(
        self, images: ImageRepository, storage: ImageStorage
    ) -> None:
        assert images.get(begin(images, storage, filename=None).id).filename == "image.png"

    def test_checksum_is_kept_in_small_letters(self, api: Api, images: ImageRepository) -> None:
        body = ANNOUNCED | {"sha256": "AB" * 32}
        image_id = api.post("/images/uploads", user="ann", json=body).json["id"]
        assert images.get(image_id).sha256 == "ab" * 32

    @pytest.mark.parametrize(("size", "status"), [(52_428_800, 201), (52_428_801, 413)])
    def test_image_has_up_to_50_megabytes(self, api: Api, size: int, status: int) -> None:
        response = api.post("/images/uploads", user="ann", json=ANNOUNCED | {"size": size})
        assert response.status == status

    def test_error_for_another_type_names_the_accepted_ones(self, api: Api) -> None:
        response = api.post("/images/uploads", user="ann", json=ANNOUNCED | {"contentType": "image/tiff"})
        assert response.json["detail"] == (
            "Send one of image/jpeg, image/png, image/gif, image/webp, image/avif, image/heic, image/heif."
        )

    def test_second_try_gets_a_form_for_the_same_image_that_ends_at_the_same_time(
        self, images: ImageRepository, storage: ImageStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = begin(images, storage, "claim")
        lifetimes: list[int] = []
        sign = storage.sign_upload

        def note(upload: Revision, **options: Any) -> Any:  # noqa: ANN401 - of the storage
            lifetimes.append(options["lifetime_seconds"])
            return sign(upload, **options)

        monkeypatch.setattr(storage, "sign_upload", note)
        shift(images, first.id, seconds=-1000)
        second = begin(images, storage, "claim")
        assert second.id == first.id
        assert first.expires_at - second.expires_at == timedelta(seconds=1000)
        assert lifetimes[0] in range(790, 801)

    def test_form_of_an_upload_that_is_about_to_end_is_valid_for_a_second(
        self, images: ImageRepository, storage: ImageStorage
    ) -> None:
        """S3 takes no lifetime of zero. The record lives on for its grace."""
        first = begin(images, storage, "claim")
        shift(images, first.id, seconds=-1900)
        policy = json.loads(b64decode(begin(images, storage, "claim").upload.fields["policy"]))
        left = datetime.fromisoformat(policy["expiration"]) - now()
        assert timedelta(seconds=-60) < left <= timedelta(seconds=1)

    def test_second_try_after_a_stall_is_a_conflict(
        self, images: ImageRepository, storage: ImageStorage
    ) -> None:
        images.apply(begin(images, storage, "claim").id, Event.STALL)
        with pytest.raises(Conflict, match="have arrived already"):
            begin(images, storage, "claim")

    def test_second_try_after_the_bytes_have_come_is_a_conflict(
        self, images: ImageRepository, storage: ImageStorage
    ) -> None:
        first = begin(images, storage, "claim")
        images.apply(first.id, Event.VERIFY)
        with pytest.raises(Conflict, match="The bytes of this upload have arrived already"):
            begin(images, storage, "claim")


def shift(images: ImageRepository, image_id: str, *, seconds: int) -> None:
    """Let time pass for a pending image."""
    images.update(
        image_id, lambda image: image.model_copy(update={"expires_at": (image.expires_at or 0) + seconds})
    )
