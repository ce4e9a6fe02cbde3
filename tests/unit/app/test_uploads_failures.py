"""Inline uploads: their order, and what is left of those that fail."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shared.errors import NotFound
from shared.keys import make_original_key
from shared.lifecycle import Status
from tests.support.faults import Fault, break_calls
from tests.support.handlers import listen
from tests.support.pictures import make_animation, make_picture
from tests.support.uploads import begin_direct as begin
from tests.support.uploads import list_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()


def now() -> datetime:
    return datetime.now(UTC)


def upload(api: Api, key: str | None = None) -> ApiResponse:
    headers = {"Content-Type": "image/jpeg"} | ({"Idempotency-Key": key} if key else {})
    return api.post("/images/upload", user="ann", body=PICTURE, encode=True, headers=headers)


class TestInline:
    def test_record_holds_the_facts_of_the_bytes(self, api: Api, images: ImageRepository) -> None:
        content = make_animation("PNG")
        image = images.get(api.upload(content, filename="a.png", description="A.", tags=["x"])["id"])
        assert (image.content_type, image.width, image.height, image.animated) == ("image/png", 80, 40, True)
        assert (image.size, image.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert (image.filename, image.description, image.tags) == ("a.png", "A.", ("x",))
        assert (image.status, image.has_original, image.expires_at) == (Status.PROCESSING, True, None)
        assert image.leased_until
        lease = datetime.fromtimestamp(image.leased_until, UTC) - now()
        assert timedelta(minutes=14) < lease <= timedelta(minutes=15)

    def test_image_gets_a_shard_of_the_public_listing(
        self, api: Api, images: ImageRepository, storage: ImageStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(images, "choose_shard", lambda: 2)
        assert images.get(api.upload(PICTURE)["id"]).shard == 2
        assert images.get(begin(images, storage).id).shard == 2

    def test_bytes_are_stored_before_their_row(
        self, api: Api, dynamodb: DynamoDBClient, s3: S3Client
    ) -> None:
        stored: list[int] = []
        listen(
            dynamodb, "before-call.dynamodb.TransactWriteItems", lambda **_: stored.append(len(list_keys(s3)))
        )
        api.upload(PICTURE)
        assert stored == [1]

    @pytest.mark.parametrize("operation", ["PutObject", "TransactWriteItems"])
    @pytest.mark.parametrize("fault", [Fault.NO_RESPONSE, Fault.THROTTLED])
    def test_upload_that_fails_leaves_no_byte_no_image_and_no_charge(  # noqa: PLR0913, PLR0917 - rows and fixtures
        self,
        api: Api,
        usages: UsageRepository,
        dynamodb: DynamoDBClient,
        s3: S3Client,
        operation: str,
        fault: Fault,
    ) -> None:
        break_calls(s3 if operation == "PutObject" else dynamodb, operation, fault)
        response = upload(api)
        assert (response.status, response.headers["Retry-After"]) == (503, "2")
        assert list_keys(s3) == []
        assert (usages.get("ann").images, usages.get("ann").bytes) == (0, 0)
        assert api.get("/images", user="ann").json["images"] == []

    def test_upload_whose_responses_were_all_lost_is_a_success(
        self, api: Api, usages: UsageRepository, dynamodb: DynamoDBClient, s3: S3Client
    ) -> None:
        break_calls(dynamodb, "TransactWriteItems", Fault.LOST_RESPONSE)
        response = upload(api)
        assert response.status == 201
        assert list_keys(s3) == [make_original_key(response.json["id"])]
        assert usages.get("ann").images == 1

    def test_write_that_arrives_after_it_was_given_up_adds_no_image(
        self, images: ImageRepository, dynamodb: DynamoDBClient, api: Api
    ) -> None:
        """DynamoDB may carry out a transaction long after its response was awaited in vain."""
        fault = break_calls(dynamodb, "TransactWriteItems", Fault.NO_RESPONSE)
        assert upload(api).status == 503
        fault.end()
        late = json.loads(fault.bodies[0])
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(**late)
        (row,) = [row for page in images.table.scan() for row in page if row["sk"] == "IMAGE"]
        assert row["expires_at"] <= now().timestamp()
        with pytest.raises(NotFound):
            images.get(row["id"])

    def test_upload_that_cannot_be_withdrawn_leaves_its_bytes_to_the_processor(
        self, api: Api, dynamodb: DynamoDBClient, s3: S3Client
    ) -> None:
        """Its record may be written yet."""
        break_calls(dynamodb, "TransactWriteItems")
        break_calls(dynamodb, "PutItem")
        assert upload(api).status == 503
        assert len(list_keys(s3)) == 1
