"""Uploads straight to S3, and images that are processed once more."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Unavailable
from shared.keys import Revision, make_original_key, make_upload_key
from shared.lifecycle import Event
from tests.support.faults import break_calls
from tests.support.images import make_pending
from tests.support.pictures import make_picture
from tests.support.uploads import PICTURE, SHA256, begin, begin_and_post, list_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from tests.support.api import Api
    from tests.support.faults import Injection


class TestAccept:
    """The way of the posted bytes: the S3 event, then the view of the client."""

    def test_image_becomes_ready_and_listed(self, api: Api, processor: Processor, s3: S3Client) -> None:
        png = make_picture("PNG")
        image_id = begin_and_post(api, s3, png, metadata={"visibility": "public", "tags": ["x"]})
        assert processor.accept(Revision(image_id), datetime.now(UTC)) == "accepted"
        assert list_keys(s3) == [make_original_key(image_id)]
        assert processor.process(Revision(image_id), datetime.now(UTC), seconds=60) == "ready"
        image = api.get(f"/images/{image_id}").json
        assert (image["status"], image["contentType"], image["width"]) == ("ready", "image/png", 80)
        owned = api.get(f"/images/{image_id}", user="ann").json
        assert owned["sha256"] == hashlib.sha256(png).hexdigest()
        for query in ("?userId=ann", "?tags=x", ""):
            assert [found["id"] for found in api.get(f"/images{query}").json["images"]] == [image_id]
        stored = s3.get_object(Bucket="bucket", Key=make_original_key(image_id))
        assert (stored["Body"].read(), stored["ContentType"]) == (png, "image/png")

    @pytest.mark.parametrize(
        ("content", "fields", "reason"),
        [
            (b"<svg/>", {}, "an SVG drawing, which is not accepted"),
            (PICTURE, {"sha256": "0" * 64}, "SHA-256"),
            (PICTURE[:-1], {"size": len(PICTURE)}, f"{len(PICTURE)} were announced"),
        ],
        ids=["type", "checksum", "size"],
    )
    def test_refused_bytes_are_rejected_with_a_reason_and_deleted(  # noqa: PLR0913, PLR0917 - a row of the table
        self,
        api: Api,
        processor: Processor,
        s3: S3Client,
        images: ImageRepository,
        content: bytes,
        fields: dict[str, Any],
        reason: str,
    ) -> None:
        image_id = begin(api, **{"size": len(content)} | fields).json["id"]
        s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=content)
        assert processor.accept(Revision(image_id), datetime.now(UTC)) == "rejected"
        image = api.get(f"/images/{image_id}", user="ann").json
        assert image["status"] == "rejected"
        assert reason in image["statusReason"]
        assert list_keys(s3) == []
        ends_at = images.get(image_id).expires_at
        assert ends_at is not None
        left = datetime.fromtimestamp(ends_at, UTC) - datetime.now(UTC)
        assert timedelta(hours=23) < left <= timedelta(days=1)
        assert api.post(f"/images/{image_id}/reprocess", user="ann").problem == (409, "conflict", [])

    def test_damaged_image_is_rejected_and_nobody_else_sees_it(
        self, api: Api, processor: Processor, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3, PICTURE[:-100], metadata={"visibility": "public"})
        processor.accept(Revision(image_id), datetime.now(UTC))
        assert processor.process(Revision(image_id), datetime.now(UTC), seconds=60) == "rejected"
        assert api.get(f"/images/{image_id}", user="ann").json["status"] == "rejected"
        for user in ("ben", None):
            assert api.get(f"/images/{image_id}", user=user).status == 404
            assert api.get("/images", user=user).json["images"] == []
        assert [image["id"] for image in api.get("/images", user="ann").json["images"]] == [image_id]
        assert list_keys(s3) == []

    @pytest.mark.parametrize("other", [PICTURE[:-4] + bytes(2) + PICTURE[-2:], b"x" * len(PICTURE), b"x"])
    def test_what_is_posted_after_the_first_changes_nothing(
        self, api: Api, processor: Processor, s3: S3Client, storage: ImageStorage, other: bytes
    ) -> None:
        image_id = begin_and_post(api, s3)
        processor.accept(Revision(image_id), datetime.now(UTC))
        for _ in range(2):  # before the original is processed, and after
            s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=other)
            processor.accept(Revision(image_id), datetime.now(UTC))
            assert storage.get(make_original_key(image_id)) == PICTURE
            processor.process(Revision(image_id), datetime.now(UTC), seconds=60)
        assert api.get(f"/images/{image_id}", user="ann").json["sha256"] == SHA256
        assert make_upload_key(image_id) not in list_keys(s3)

    @pytest.mark.parametrize("operation", ["GetObject", None])
    def test_a_second_post_that_is_refused_or_fails_does_no_harm_to_the_first(
        self,
        api: Api,
        processor: Processor,
        images: ImageRepository,
        s3: S3Client,
        operation: str | None,
    ) -> None:
        image_id = begin_and_post(api, s3)

        def overtake(**_: Any) -> None:  # noqa: ANN401 - botocore's
            s3.meta.events.unregister("before-call.s3.GetObject", overtake)
            processor.accept(Revision(image_id), datetime.now(UTC))
            images.apply(image_id, Event.VERIFY)
            s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=b"x")
            if operation:
                faults.append(break_calls(s3, operation))

        faults: list[Injection] = []
        s3.meta.events.register("before-call.s3.GetObject", overtake)
        if operation:
            with pytest.raises(Unavailable):
                processor.accept(Revision(image_id), datetime.now(UTC))
        else:
            processor.accept(Revision(image_id), datetime.now(UTC))
        for fault in faults:
            fault.end()
        assert processor.process(Revision(image_id), datetime.now(UTC), seconds=60) == "ready"
        assert api.get(f"/images/{image_id}", user="ann").json["status"] == "ready"

    def test_what_is_posted_for_a_deleted_image_is_deleted(
        self, api: Api, processor: Processor, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3)
        assert api.request("DELETE", f"/images/{image_id}", user="ann").status == 204
        assert processor.accept(Revision(image_id), datetime.now(UTC)) == "not awaited"
        assert list_keys(s3) == []

    def test_second_event_ends_quietly(self, api: Api, processor: Processor, s3: S3Client) -> None:
        image_id = begin_and_post(api, s3)
        processor.accept(Revision(image_id), datetime.now(UTC))
        assert processor.accept(Revision(image_id), datetime.now(UTC)) == "accepted before"

    def test_fault_shows_failed_and_a_second_try_works(
        self, api: Api, processor: Processor, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3)
        fault = break_calls(s3, "GetObject")
        with pytest.raises(Exception, match="not available"):
            processor.accept(Revision(image_id), datetime.now(UTC))
        assert api.get(f"/images/{image_id}", user="ann").json["status"] == "failed"
        assert list_keys(s3) == [make_upload_key(image_id)]
        fault.end()
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202
        assert processor.accept(Revision(image_id), datetime.now(UTC)) == "accepted"
        assert processor.process(Revision(image_id), datetime.now(UTC), seconds=60) == "ready"

    def test_expired_record_is_not_there(
        self, api: Api, processor: Processor, images: ImageRepository, s3: S3Client
    ) -> None:
        past = int(datetime.now(UTC).timestamp()) - 1
        image = make_pending(expires_at=past)
        images.add(image)
        s3.put_object(Bucket="bucket", Key=make_upload_key(image.id), Body=PICTURE)
        for method in ("GET", "DELETE"):
            assert api.request(method, f"/images/{image.id}", user="ann").status == 404
        assert processor.accept(Revision(image.id), datetime.now(UTC)) == "not awaited"
        assert list_keys(s3) == []

    def test_processing_keeps_the_record_from_expiring(
        self, api: Api, processor: Processor, images: ImageRepository, dynamodb: DynamoDBClient, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3)
        assert images.get(image_id).expires_at
        processor.accept(Revision(image_id), datetime.now(UTC))
        processor.process(Revision(image_id), datetime.now(UTC), seconds=60)
        assert not any("expires_at" in row for row in dynamodb.scan(TableName="images")["Items"])
