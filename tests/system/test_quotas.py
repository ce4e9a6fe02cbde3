from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from shared.keys import Revision, make_upload_key
from shared.lifecycle import Status
from shared.quotas import Quota
from tests.support.api import make_form, make_upload
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.usages import UsageRepository
    from tests.support.api import Api

PICTURE = make_picture()
REFUSED: tuple[int, str, list[str]] = (403, "quota_exceeded", [])


@pytest.fixture
def quota() -> Quota:
    return Quota(max_images=2, max_bytes=3 * len(PICTURE))


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/images/upload", {"json": make_upload(PICTURE)}),
        ("/images/upload", make_form(file=PICTURE)),
        ("/images/upload", {"body": PICTURE, "headers": {"Content-Type": "image/jpeg"}, "encode": True}),
        ("/images/uploads", {"json": {"contentType": "image/jpeg", "size": len(PICTURE)}}),
    ],
)
def test_every_way_in_is_closed_when_the_quota_is_used_up_and_open_after_a_deletion(
    api: Api, s3: S3Client, follow: Callable[[], None], path: str, options: dict[str, Any]
) -> None:
    first, _ = api.upload(PICTURE), api.upload(PICTURE)
    response = api.post(path, user="ann", **options)
    assert response.problem == REFUSED
    assert "2 images" in response.json["detail"]
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 2
    assert api.post(path, user="bob", **options).status == 201
    assert api.request("DELETE", f"/images/{first['id']}", user="ann").status == 204
    follow()
    assert api.post(path, user="ann", **options).status == 201


def test_bytes_are_bounded_too(api: Api) -> None:
    body = {"contentType": "image/png", "size": 3 * len(PICTURE) + 1}
    assert api.post("/images/uploads", user="ann", json=body).problem == REFUSED


def begin(api: Api, s3: S3Client) -> str:
    body = {"contentType": "image/jpeg", "size": len(PICTURE)}
    image_id: str = api.post("/images/uploads", user="ann", json=body).json["id"]
    s3.put_object(Bucket="bucket", Key=make_upload_key(image_id), Body=PICTURE)
    return image_id


def test_direct_upload_counts_once_it_is_verified_or_is_rejected_without_room(
    api: Api, s3: S3Client, usages: UsageRepository, processor: Processor
) -> None:
    begun = [begin(api, s3) for _ in range(3)]
    assert usages.get("ann").images == 0
    for image_id in begun:
        assert processor.accept(Revision(image_id), datetime.now(UTC)) == "accepted"
    outcomes = [process(processor, image_id) for image_id in begun]
    assert outcomes == [Status.READY, Status.READY, Status.REJECTED]
    assert (usages.get("ann").images, usages.get("ann").bytes) == (2, 2 * len(PICTURE))
    refused = api.get(f"/images/{begun[2]}", user="ann").json
    assert refused["status"] == "rejected"
    assert "2 images" in refused["statusReason"]
    assert process(processor, begun[2]) == "rejected before"
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert not any(begun[2] in key for key in keys)


def process(processor: Processor, image_id: str) -> str:
    return processor.process(Revision(image_id), datetime.now(UTC), seconds=60)


def test_rejected_image_makes_room(
    api: Api, usages: UsageRepository, processor: Processor, follow: Callable[[], None]
) -> None:
    damaged = api.upload(PICTURE[:-100])["id"]
    api.upload(PICTURE)
    assert api.post("/images/upload", user="ann", json=make_upload(PICTURE)).problem == REFUSED
    assert process(processor, damaged) == Status.REJECTED
    follow()
    assert (usages.get("ann").images, usages.get("ann").bytes) == (1, len(PICTURE))
    api.upload(PICTURE)


def test_quota_is_that_of_the_owner_whoever_uploads(api: Api) -> None:
    for _ in range(2):
        api.upload(PICTURE)
    assert api.post("/images/upload?userId=bob", json=make_upload(PICTURE, userId="bob")).status == 201
    assert api.post("/images/upload", json=make_upload(PICTURE, userId="ann")).problem == REFUSED
