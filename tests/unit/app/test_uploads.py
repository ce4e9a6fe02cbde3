"""Uploads straight to S3, and images that are processed once more."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.keys import make_original_key, make_upload_key
from shared.lifecycle import Event
from tests.support.api import BASE_URL
from tests.support.faults import break_calls
from tests.support.handlers import watch
from tests.support.images import reject
from tests.support.uploads import PICTURE, SHA256, begin, count_rows, read_policy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from tests.support.api import Api


class TestBegin:
    @pytest.mark.parametrize(
        ("size", "status"), [(240, 201), (240.0, 201), (240.5, 422), ("240", 422), (True, 422)]
    )
    def test_size_is_an_integer_of_json(self, api: Api, size: Any, status: int) -> None:  # noqa: ANN401 - JSON
        assert begin(api, size=size).status == status

    def test_response_is_a_form_for_exactly_the_announced_bytes(self, api: Api) -> None:
        response = begin(api, sha256=SHA256.upper())
        assert response.status == 201
        assert response.headers["Location"] == f"{BASE_URL}/images/{response.json['id']}"
        checksum = b64encode(bytes.fromhex(SHA256)).decode()
        conditions = read_policy(response)["conditions"]
        for condition in (
            {"bucket": "bucket"},
            {"key": make_upload_key(response.json["id"])},
            {"Content-Type": "image/jpeg"},
            {"x-amz-checksum-algorithm": "SHA256"},
            {"x-amz-checksum-sha256": checksum},
            ["content-length-range", len(PICTURE), len(PICTURE)],
        ):
            assert condition in conditions
        fields = response.json["upload"]["fields"]
        assert fields["key"] == make_upload_key(response.json["id"])
        assert fields["Content-Type"] == "image/jpeg"

    def test_without_a_checksum_the_form_asks_for_none(self, api: Api) -> None:
        assert "x-amz-checksum-sha256" not in begin(api).json["upload"]["fields"]

    @pytest.mark.parametrize(("fields", "seconds"), [({}, 1800), ({"expiresIn": 120}, 120)])
    def test_form_and_response_end_at_the_same_time(
        self, api: Api, fields: dict[str, Any], seconds: int
    ) -> None:
        response = begin(api, **fields)
        expected = datetime.now(UTC) + timedelta(seconds=seconds)
        for end in (response.json["expiresAt"], read_policy(response)["expiration"]):
            assert abs(datetime.fromisoformat(end) - expected) < timedelta(seconds=30)

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
        response = api.get(f"/images/{image_id}/content", user="ann")
        assert response.problem == (404, "not_found", [])

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"size": 52_428_801}, (413, "too_large", ["size"])),
            ({"contentType": "image/tiff"}, (415, "unsupported_image", ["contentType"])),
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

    def test_upload_without_a_user_has_no_owner(self, api: Api) -> None:
        assert begin(api, user=None).problem == (422, "invalid_fields", ["userId"])

    def test_inline_upload_that_is_too_large_names_the_direct_upload(self, api: Api) -> None:
        response = api.post(
            "/images/upload",
            user="ann",
            body=bytes(4_400_001),
            encode=True,
            headers={"Content-Type": "image/jpeg"},
        )
        assert response.problem == (413, "too_large", ["body"])
        assert "POST /images/uploads" in response.json["detail"]


class TestReprocess:
    @pytest.mark.parametrize("event", [Event.FINISH, Event.FAIL])
    def test_owner_has_it_processed_again(
        self, api: Api, images: ImageRepository, s3: S3Client, event: Event
    ) -> None:
        image_id = api.upload(PICTURE)["id"]
        images.apply(image_id, event, reason="Why.")
        before = s3.head_object(Bucket="bucket", Key=make_original_key(image_id))
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        seen = (response.status, response.json["status"], response.json["statusReason"])
        assert seen == (202, "processing", None)
        after = s3.head_object(Bucket="bucket", Key=make_original_key(image_id))
        assert (after["ETag"], after["ContentType"]) == (before["ETag"], "image/jpeg")

    def test_owner_sees_everything_of_it(self, api: Api) -> None:
        url = f"/images/{api.upload_ready(PICTURE)['id']}"
        response = api.post(f"{url}/reprocess", user="ann")
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.json == api.get(url, user="ann").json
        assert response.json["url"]

    def test_rejected_image_cannot_be_processed_again(self, api: Api, images: ImageRepository) -> None:
        image_id = api.upload(PICTURE)["id"]
        reject(images, image_id)
        response = api.post(f"/images/{image_id}/reprocess", user="ann")
        assert response.problem == (409, "conflict", [])
        assert "Upload the image again" in response.json["detail"]

    def test_others_see_it_with_its_old_renditions_meanwhile(self, api: Api, images: ImageRepository) -> None:
        image_id = api.upload_ready(PICTURE, visibility="public")["id"]
        before = api.get(f"/images/{image_id}").json
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202
        seen = api.get(f"/images/{image_id}").json
        assert (seen["status"], seen["renditions"]) == ("processing", before["renditions"])
        assert api.get("/images").json["images"] == [seen]
        assert api.get(f"/images/{image_id}/content/small").status == 200
        images.apply(image_id, Event.FAIL)
        assert api.get(f"/images/{image_id}").json["status"] == "failed"

    def test_reprocess_can_be_asked_again_if_the_call_of_s3_failed(self, api: Api, s3: S3Client) -> None:
        image_id = api.upload_ready(PICTURE)["id"]
        fault = break_calls(s3, "CopyObject")
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 503
        fault.end()
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202

    def test_image_is_processed_once_at_a_time(self, api: Api, s3: S3Client) -> None:
        """Thirteen requests in a row would be thirteen renders."""
        image_id = api.upload_ready(PICTURE)["id"]
        copies = watch(s3, "CopyObject")
        responses = [api.post(f"/images/{image_id}/reprocess", user="ann") for _ in range(13)]
        assert [response.status for response in responses] == [202] + [409] * 12
        assert {response.json["code"] for response in responses[1:]} == {"still_processing"}
        assert {response.headers["Retry-After"] for response in responses[1:]} == {"5"}
        assert len(copies) == 1

    def test_image_whose_lease_has_ended_is_processed_again(self, api: Api, images: ImageRepository) -> None:
        image_id = api.upload(PICTURE)["id"]
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 409
        images.update(image_id, lambda image: image.model_copy(update={"leased_until": 1}))
        assert api.post(f"/images/{image_id}/reprocess", user="ann").status == 202

    def test_pending_upload_cannot_be_processed(self, api: Api) -> None:
        image_id = begin(api).json["id"]
        assert api.post(f"/images/{image_id}/reprocess", user="ann").problem == (409, "conflict", [])

    def test_only_the_owner_reprocesses_and_only_the_named_version(self, api: Api) -> None:
        public = api.upload_ready(PICTURE, visibility="public")["id"]
        private = api.upload_ready(PICTURE)["id"]
        assert api.post(f"/images/{public}/reprocess", user="ben").status == 403
        assert api.post(f"/images/{private}/reprocess", user="ben").status == 404
        stale = {"If-Match": '"7"'}
        assert api.post(f"/images/{private}/reprocess", user="ann", headers=stale).status == 412
