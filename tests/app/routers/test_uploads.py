"""Uploads straight to S3, and images that are processed once more."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Unavailable
from shared.models import ProcessingResult, Status
from shared.storage import make_original_key, make_upload_key
from tests.api import BASE_URL
from tests.faults import Outage
from tests.pictures import make_picture
from tests.records import make_image

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from tests.api import Answer, Api

PICTURE = make_picture()
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def begin(api: Api, *, user: str | None = "ann", **fields: Any) -> Answer:  # noqa: ANN401 - JSON
    body = {"filename": "a.jpg", "contentType": "image/jpeg", "size": len(PICTURE)} | fields
    return api.post("/images/uploads", user=user, json=body)


def begin_and_post(api: Api, s3: S3Client, content: bytes = PICTURE, **fields: Any) -> str:  # noqa: ANN401 - JSON
    """Post to the form, as far as moto is concerned."""
    image_id: str = begin(api, size=len(content), **fields).json["id"]
    s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=content)
    return image_id


def read_policy(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    return json.loads(b64decode(answer.json["upload"]["fields"]["policy"]))


def list_keys(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def count_rows(dynamodb: DynamoDBClient) -> int:
    return dynamodb.scan(TableName="images")["Count"]


class TestBegin:
    @pytest.mark.parametrize(
        ("size", "status"), [(240, 201), (240.0, 201), (240.5, 422), ("240", 422), (True, 422)]
    )
    def test_size_is_an_integer_as_json_has_it(self, api: Api, size: Any, status: int) -> None:  # noqa: ANN401 - JSON
        assert begin(api, size=size).status == status

    def test_answer_is_a_form_for_exactly_the_announced_bytes(self, api: Api) -> None:
        answer = begin(api, sha256=SHA256.upper())
        assert answer.status == 201
        assert answer.headers["Location"] == f"{BASE_URL}/images/{answer.json['id']}"
        checksum = b64encode(bytes.fromhex(SHA256)).decode()
        conditions = read_policy(answer)["conditions"]
        for condition in (
            {"bucket": "bucket"},
            {"key": make_upload_key(answer.json["id"])},
            {"Content-Type": "image/jpeg"},
            {"x-amz-checksum-algorithm": "SHA256"},
            {"x-amz-checksum-sha256": checksum},
            ["content-length-range", len(PICTURE), len(PICTURE)],
        ):
            assert condition in conditions
        fields = answer.json["upload"]["fields"]
        assert fields["key"] == make_upload_key(answer.json["id"])
        assert fields["Content-Type"] == "image/jpeg"

    def test_without_a_checksum_the_form_asks_for_none(self, api: Api) -> None:
        assert "x-amz-checksum-sha256" not in begin(api).json["upload"]["fields"]

    @pytest.mark.parametrize(("fields", "seconds"), [({}, 1800), ({"expiresIn": 120}, 120)])
    def test_form_and_answer_end_at_the_same_time(
        self, api: Api, fields: dict[str, Any], seconds: int
    ) -> None:
        answer = begin(api, **fields)
        wanted = datetime.now(UTC) + timedelta(seconds=seconds)
        for end in (answer.json["expiresAt"], read_policy(answer)["expiration"]):
            assert abs(datetime.fromisoformat(end) - wanted) < timedelta(seconds=30)

    def test_record_is_pending_and_holds_what_was_said(self, api: Api) -> None:
        metadata = {"description": "A.", "tags": ["x"], "visibility": "public"}
        image_id = begin(api, sha256=SHA256, metadata=metadata).json["id"]
        image = api.get(f"/images/{image_id}", user="ann").json
        assert {name: image[name] for name in metadata} == metadata
        assert (image["status"], image["filename"], image["userId"]) == ("pending", "a.jpg", "ann")
        assert (image["width"], image["sha256"], image["url"]) == (None, SHA256, None)

    def test_only_its_owner_knows_of_it_and_no_listing_shows_it(self, api: Api) -> None:
        image_id = begin(api, metadata={"visibility": "public"}).json["id"]
        assert api.get(f"/images/{image_id}", user="ben").status == 404
        assert api.get(f"/images/{image_id}").status == 404
        for user in ("ann", "ben"):
            assert api.get("/images", user=user).json["images"] == []

    def test_it_has_no_content_yet(self, api: Api) -> None:
        image_id = begin(api).json["id"]
        answer = api.get(f"/images/{image_id}/content", user="ann")
        assert answer.problem == (404, "not_found", [])

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"size": 52_428_801}, (413, "too_large", ["size"])),
            ({"contentType": "image/heic"}, (415, "unsupported_image", ["contentType"])),
            ({"size": 0}, (422, "invalid_fields", ["size"])),
            ({"size": "12"}, (422, "invalid_fields", ["size"])),
            ({"size": 1.5}, (422, "invalid_fields", ["size"])),
            ({"size": None}, (422, "invalid_fields", ["size"])),
            ({"sha256": "abc"}, (422, "invalid_fields", ["sha256"])),
            ({"sha256": SHA256 + "\n"}, (422, "invalid_fields", ["sha256"])),
            ({"expiresIn": 119}, (422, "invalid_fields", ["expiresIn"])),
            ({"expiresIn": 21_601}, (422, "invalid_fields", ["expiresIn"])),
            ({"metadata": {"tags": "x"}}, (422, "invalid_fields", ["metadata.tags"])),
            ({"metadata": {"userId": "ben"}}, (403, "forbidden", [])),
            ({"more": 1}, (422, "invalid_fields", ["more"])),
        ],
    )
    def test_wrong_field_is_named_and_nothing_is_recorded(
        self, api: Api, dynamodb: DynamoDBClient, fields: dict[str, Any], problem: tuple[int, str, list[str]]
    ) -> None:
        assert begin(api, **fields).problem == problem
        assert count_rows(dynamodb) == 0

    def test_without_any_user_there_is_none_to_own_it(self, api: Api) -> None:
        assert begin(api, user=None).problem == (422, "invalid_fields", ["userId"])

    def test_inline_upload_that_is_too_large_points_here(self, api: Api) -> None:
        answer = api.post(
            "/images/upload",
            user="ann",
            body=bytes(4_400_001),
            encode=True,
            headers={"Content-Type": "image/jpeg"},
        )
        assert answer.problem == (413, "too_large", ["body"])
        assert "POST /images/uploads" in answer.json["detail"]


class TestAccept:
    """What becomes of the posted bytes: the S3 event, then what the client sees."""

    def test_image_becomes_ready_and_listed(self, api: Api, processor: Processor, s3: S3Client) -> None:
        png = make_picture("PNG")
        image_id = begin_and_post(api, s3, png, metadata={"visibility": "public", "tags": ["x"]})
        assert processor.accept(image_id) == "accepted"
        assert list_keys(s3) == [make_original_key(image_id)]
        assert processor.process(image_id, datetime.now(UTC), seconds=60) == "ready"
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
            (b"<svg/>", {}, "none of the accepted images"),
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
        dynamodb: DynamoDBClient,
        content: bytes,
        fields: dict[str, Any],
        reason: str,
    ) -> None:
        image_id = begin(api, **{"size": len(content)} | fields).json["id"]
        s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=content)
        assert processor.accept(image_id) == "rejected"
        image = api.get(f"/images/{image_id}", user="ann").json
        assert image["status"] == "rejected"
        assert reason in image["statusReason"]
        assert list_keys(s3) == []
        row = dynamodb.scan(TableName="images")["Items"][0]
        left = datetime.fromtimestamp(int(row["expires_at"]["N"]), UTC) - datetime.now(UTC)
        assert timedelta(hours=23) < left <= timedelta(days=1)
        assert api.post(f"/images/{image_id}/reprocess", user="ann").problem == (409, "conflict", [])

    def test_bytes_that_only_look_like_an_image_are_rejected_and_never_listed(
        self, api: Api, processor: Processor, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3, PICTURE[:-100], metadata={"visibility": "public"})
        processor.accept(image_id)
        assert processor.process(image_id, datetime.now(UTC), seconds=60) == "rejected"
        assert api.get(f"/images/{image_id}", user="ann").json["status"] == "rejected"
        assert api.get(f"/images/{image_id}", user="ben").status == 404
        assert api.get("/images", user="ann").json["images"] == []

    @pytest.mark.parametrize("other", [PICTURE[:-4] + bytes(2) + PICTURE[-2:], b"x" * len(PICTURE), b"x"])
    def test_what_is_posted_after_the_first_changes_nothing(
        self, api: Api, processor: Processor, s3: S3Client, storage: ImageStorage, other: bytes
    ) -> None:
        image_id = begin_and_post(api, s3)
        processor.accept(image_id)
        for _ in range(2):  # before the original is processed, and after
            s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=other)
            processor.accept(image_id)
            assert storage.get(make_original_key(image_id)) == PICTURE
            processor.process(image_id, datetime.now(UTC), seconds=60)
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
            processor.accept(image_id)
            images.set_result(image_id, ProcessingResult(status=Status.PROCESSING))
            s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=b"x")
            if operation:
                faults.append(Outage(s3, operation))

        faults: list[Outage] = []
        s3.meta.events.register("before-call.s3.GetObject", overtake)
        if operation:
            with pytest.raises(Unavailable):
                processor.accept(image_id)
        else:
            processor.accept(image_id)
        for fault in faults:
            fault.end()
        assert processor.process(image_id, datetime.now(UTC), seconds=60) == "ready"
        assert api.get(f"/images/{image_id}", user="ann").json["status"] == "ready"

    def test_what_is_posted_for_a_deleted_image_is_deleted(
        self, api: Api, processor: Processor, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3)
        assert api.request("DELETE", f"/images/{image_id}", user="ann").status == 204
        assert processor.accept(image_id) == "not awaited"
        assert list_keys(s3) == []

    def test_second_event_ends_quietly(self, api: Api, processor: Processor, s3: S3Client) -> None:
        image_id = begin_and_post(api, s3)
        processor.accept(image_id)
        assert processor.accept(image_id) == "accepted before"

    def test_fault_shows_failed_and_a_second_try_works(
        self, api: Api, processor: Processor, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3)
        fault = Outage(s3, "GetObject")
        with pytest.raises(Exception, match="cannot answer"):
            processor.accept(image_id)
        assert api.get(f"/images/{image_id}", user="ann").json["status"] == "failed"
        assert list_keys(s3) == [make_upload_key(image_id)]
        fault.end()
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202
        assert processor.accept(image_id) == "accepted"
        assert processor.process(image_id, datetime.now(UTC), seconds=60) == "ready"

    def test_expired_record_is_not_there(
        self, api: Api, processor: Processor, images: ImageRepository, s3: S3Client
    ) -> None:
        past = int(datetime.now(UTC).timestamp()) - 1
        image = make_image(status=Status.PENDING, listed=False, expires_at=past)
        images.add(image)
        s3.put_object(Bucket="bucket", Key=make_upload_key(image.id), Body=PICTURE)
        for method in ("GET", "DELETE"):
            assert api.request(method, f"/images/{image.id}", user="ann").status == 404
        assert processor.accept(image.id) == "not awaited"
        assert list_keys(s3) == []

    def test_processing_keeps_the_record_from_expiring(
        self, api: Api, processor: Processor, dynamodb: DynamoDBClient, s3: S3Client
    ) -> None:
        image_id = begin_and_post(api, s3)
        assert "expires_at" in dynamodb.scan(TableName="images")["Items"][0]
        processor.accept(image_id)
        processor.process(image_id, datetime.now(UTC), seconds=60)
        assert not any("expires_at" in row for row in dynamodb.scan(TableName="images")["Items"])


class TestReprocess:
    @pytest.mark.parametrize("status", [Status.FAILED, Status.REJECTED, Status.READY])
    def test_owner_has_it_processed_once_more(
        self, api: Api, images: ImageRepository, s3: S3Client, status: Status
    ) -> None:
        image_id = api.upload(PICTURE)["id"]
        images.set_result(image_id, ProcessingResult(status=status, status_reason="Why."))
        before = s3.head_object(Bucket="bucket", Key=make_original_key(image_id))
        answer = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert (answer.status, answer.json["status"], answer.json["statusReason"]) == (
            202,
            "processing",
            None,
        )
        after = s3.head_object(Bucket="bucket", Key=make_original_key(image_id))
        assert (after["ETag"], after["ContentType"]) == (before["ETag"], "image/jpeg")

    def test_it_can_be_asked_again_when_s3_did_not_hear_of_it(self, api: Api, s3: S3Client) -> None:
        image_id = api.upload(PICTURE)["id"]
        fault = Outage(s3, "CopyObject")
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 503
        fault.end()
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202

    def test_upload_that_is_still_awaited_cannot_be_processed(self, api: Api) -> None:
        image_id = begin(api).json["id"]
        assert api.post(f"/images/{image_id}/reprocess", user="ann").problem == (409, "conflict", [])

    def test_only_the_owner_may_and_only_at_the_version_it_names(self, api: Api) -> None:
        public = api.upload(PICTURE, visibility="public")["id"]
        private = api.upload(PICTURE)["id"]
        assert api.post(f"/images/{public}/reprocess", user="ben").status == 403
        assert api.post(f"/images/{private}/reprocess", user="ben").status == 404
        stale = {"If-Match": '"7"'}
        assert api.post(f"/images/{private}/reprocess", user="ann", headers=stale).status == 412


class TestRawBody:
    def test_image_is_the_body_and_its_metadata_the_query(self, api: Api, storage: ImageStorage) -> None:
        url = "/images/upload?userId=ann&description=A.&visibility=public&tags=x,y&tags=z&filename=..%2Fa.png"
        answer = api.post(url, body=PICTURE, encode=True, headers={"Content-Type": "image/png"})
        image = answer.json
        assert answer.status == 201
        assert {
            name: image[name] for name in ("userId", "description", "visibility", "tags", "filename")
        } == {
            "userId": "ann",
            "description": "A.",
            "visibility": "public",
            "tags": ["x", "y", "z"],
            "filename": "a.png",
        }
        assert image["contentType"] == "image/jpeg"
        assert storage.get(make_original_key(image["id"])) == PICTURE

    @pytest.mark.parametrize(
        ("query", "body", "problem"),
        [
            ("?visibility=secret", PICTURE, (422, "invalid_fields", ["visibility"])),
            ("?color=red", PICTURE, (422, "invalid_fields", ["color"])),
            ("?description=a&description=b", PICTURE, (422, "invalid_fields", ["description"])),
            ("?userId=ben", PICTURE, (403, "forbidden", [])),
            ("", b"", (422, "invalid_fields", ["body"])),
            ("", b"GIF89a", (415, "unsupported_image", [])),
        ],
    )
    def test_what_is_wrong_is_named(
        self, api: Api, query: str, body: bytes, problem: tuple[int, str, list[str]]
    ) -> None:
        answer = api.post(
            f"/images/upload{query}",
            user="ann",
            body=body,
            encode=True,
            headers={"Content-Type": "image/jpeg"},
        )
        assert answer.problem == problem
