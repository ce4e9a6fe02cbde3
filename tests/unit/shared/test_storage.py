from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.aws import create_client
from shared.errors import NotFound, Unavailable
from shared.keys import (
    Revision,
    make_original_key,
    make_rendition_key,
    make_upload_key,
)
from shared.renditions import RenditionName
from shared.storage import ImageStorage
from tests.support.faults import break_calls, lose_response
from tests.support.handlers import listen
from tests.support.images import make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

KEY = make_original_key("1")


def list_keys(s3: S3Client) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def test_object_comes_back(storage: ImageStorage) -> None:
    storage.add(KEY, b"bytes", "image/png")
    assert storage.has(KEY)
    assert storage.get(KEY) == b"bytes"


def test_missing_object_is_not_found(storage: ImageStorage) -> None:
    assert not storage.has(KEY)
    with pytest.raises(NotFound):
        storage.get(KEY)


def test_lost_response_to_an_add_is_a_success(s3: S3Client, storage: ImageStorage) -> None:
    fault = lose_response(s3, "PutObject")
    assert not storage.add(KEY, b"bytes", "image/png")
    assert fault.tries == 2
    assert storage.get(KEY) == b"bytes"


def test_add_never_overwrites(storage: ImageStorage) -> None:
    assert storage.add(KEY, b"first", "image/png")
    assert not storage.add(KEY, b"second", "image/png")
    assert storage.get(KEY) == b"first"


@pytest.mark.parametrize(
    "operation", ["PutObject", "GetObject", "HeadObject", "CopyObject", "DeleteObject", "DeleteObjects"]
)
def test_outage_is_unavailable(s3: S3Client, storage: ImageStorage, operation: str) -> None:
    break_calls(s3, operation)
    calls: dict[str, Callable[[], object]] = {
        "PutObject": lambda: storage.add(KEY, b"", "image/png"),
        "GetObject": lambda: storage.get(KEY),
        "HeadObject": lambda: storage.has(KEY),
        "CopyObject": lambda: storage.touch(KEY, "image/png"),
        "DeleteObject": lambda: storage.delete(make_upload_key("1")),
        "DeleteObjects": lambda: storage.delete_revisions([Revision("1")]),
    }
    with pytest.raises(Unavailable):
        calls[operation]()


def test_delete_leaves_no_byte_of_the_image_and_all_of_others(s3: S3Client, storage: ImageStorage) -> None:
    for image_id in ("1", "2"):
        storage.add(make_upload_key(image_id), b"x", "image/png")
        storage.add(make_original_key(image_id), b"x", "image/png")
        for name in RenditionName:
            storage.add(make_rendition_key(image_id, name), b"x", "image/webp")
        for variant in ("40x20-0.webp", "of-an-earlier-release"):
            storage.add(f"variants/{image_id}/1/{variant}", b"x", "image/webp")
    storage.delete_revisions([Revision("1")])
    storage.delete_revisions([Revision("1")])
    assert len(list_keys(s3)) == 4 + len(RenditionName)
    assert all("/2/" in key for key in list_keys(s3))


def test_object_that_s3_would_not_delete_is_no_success(s3: S3Client, storage: ImageStorage) -> None:
    def refuse(parsed: dict[str, object], **_: object) -> None:
        parsed["Errors"] = [{"Key": KEY, "Code": "InternalError"}]

    listen(s3, "after-call.s3.DeleteObjects", refuse)
    with pytest.raises(Unavailable):
        storage.delete_revisions([Revision("1")])


def test_signed_url_is_sigv4_short_lived_and_of_the_host_that_clients_use(s3: S3Client) -> None:
    image = make_image()
    signer = create_client("s3", "http://localhost:4566")
    url = urlsplit(ImageStorage(s3, "bucket", get_signer=lambda _: signer).sign_original(image))
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc) == ("http", "localhost:4566")
    assert url.path == f"/bucket/{make_original_key(image.id)}"
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]


def test_touched_object_is_the_same_and_of_the_type_that_was_named(
    s3: S3Client, storage: ImageStorage
) -> None:
    storage.add(KEY, b"bytes", "image/png")
    storage.touch(KEY, "image/webp")
    stored = s3.get_object(Bucket="bucket", Key=KEY)
    assert (stored["Body"].read(), stored["ContentType"]) == (b"bytes", "image/webp")
    with pytest.raises(NotFound):
        storage.touch(make_original_key("2"), "image/png")


def test_upload_that_is_deleted_twice_is_gone(s3: S3Client, storage: ImageStorage) -> None:
    storage.add(make_upload_key("1"), b"x", "image/png")
    for _ in range(2):
        storage.delete(make_upload_key("1"))
    assert list_keys(s3) == []
