"""Responses of S3: the ones that mean that there is no object. And the requests to S3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import MockRawResponse

from shared.errors import Throttled, Unavailable
from shared.keys import Revision, make_original_key
from shared.renditions import RenditionName
from shared.storage import DeletionFailed, ImageStorage
from tests.support.handlers import listen, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

KEY = make_original_key("1")
CALLS: dict[str, Callable[[ImageStorage], object]] = {
    "GetObject": lambda storage: storage.get(KEY),
    "CopyObject": lambda storage: storage.touch(KEY, "image/png"),
    "PutObject": lambda storage: storage.add(KEY, b"x", "image/png"),
    "DeleteObject": lambda storage: storage.delete(KEY),
    "DeleteObjects": lambda storage: storage.delete_revisions([Revision("1")]),
    "ListObjectsV2": lambda storage: [*storage.list_keys()],
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def respond(s3: S3Client, operation: str, status: int, code: str = "") -> None:
    """Make S3 respond to every call of an operation with this status and this code."""
    body = f"<Error><Code>{code}</Code><Message/></Error>".encode() if code else b""

    def send(**_: object) -> AWSResponse:
        return AWSResponse("", status, HTTPHeaders(), MockRawResponse(body))

    listen(s3, f"before-send.s3.{operation}", send)


def test_object_is_absent_only_if_s3_says_so(s3: S3Client, storage: ImageStorage) -> None:
    assert not storage.has(KEY)
    respond(s3, "HeadObject", 404)
    assert not storage.has(KEY)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, ClientError), (401, ClientError), (403, ClientError), (500, Unavailable), (503, Unavailable)],
)
def test_any_other_response_about_an_object_is_an_error(
    s3: S3Client, storage: ImageStorage, status: int, error: type[Exception]
) -> None:
    respond(s3, "HeadObject", status)
    with pytest.raises(error):
        storage.has(KEY)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", ClientError),
        (404, "NoSuchBucket", ClientError),
        (500, "InternalError", Unavailable),
        (503, "SlowDown", Throttled),
    ],
)
def test_error_of_s3_is_never_taken_for_a_result(  # noqa: PLR0913, PLR0917 - rows and fixtures
    s3: S3Client, storage: ImageStorage, operation: str, status: int, code: str, error: type[Exception]
) -> None:
    respond(s3, operation, status, code)
    with pytest.raises(error):
        CALLS[operation](storage)


def test_every_key_is_listed_with_its_time_page_by_page(s3: S3Client, storage: ImageStorage) -> None:
    keys = [f"originals/{number}/1" for number in range(5)]
    for key in keys:
        storage.add(key, b"x", "image/png")
    watch(s3, "ListObjectsV2", MaxKeys=2)
    pages = [*storage.list_keys()]
    assert [key for page in pages for key, _ in page] == keys
    assert [len(page) for page in pages] == [2, 2, 1]
    ages = [datetime.now(UTC) - written for page in pages for _, written in page]
    assert all(timedelta() <= age < timedelta(minutes=1) for age in ages)


def test_empty_bucket_is_an_empty_page(storage: ImageStorage) -> None:
    assert [*storage.list_keys()] == [[]]


def test_all_keys_of_an_image_are_deleted_in_one_call(s3: S3Client, storage: ImageStorage) -> None:
    calls = watch(s3, "DeleteObjects")
    storage.delete_revisions([Revision("1")])
    assert [[found["Key"] for found in call["Delete"]["Objects"]] for call in calls] == [
        ["uploads/1/1", "originals/1/1", *(f"renditions/1/1/{name}.webp" for name in RenditionName)]
    ]
    assert [(call["Bucket"], call["Delete"]["Quiet"]) for call in calls] == [("bucket", True)]


def test_variants_are_looked_for_once_for_all_revisions_of_an_image(
    s3: S3Client, storage: ImageStorage
) -> None:
    calls = watch(s3, "ListObjectsV2")
    storage.delete_revisions([*Revision("1", 5).list_up_to_here(), Revision("2")])
    assert [call["Prefix"] for call in calls] == ["variants/1/", "variants/2/"]


def test_new_object_has_its_type_and_is_shown_in_the_page(s3: S3Client, storage: ImageStorage) -> None:
    storage.add("files/1/a", b"x", "image/png")
    storage.add("files/2/a", b"x", "text/plain", disposition="attachment")
    stored = [s3.head_object(Bucket="bucket", Key=f"files/{number}/a") for number in (1, 2)]
    assert [(found["ContentType"], found["ContentDisposition"]) for found in stored] == [
        ("image/png", "inline"),
        ("text/plain", "attachment"),
    ]


@pytest.mark.parametrize(("revisions", "sizes"), [(1, [7]), (142, [994]), (143, [1000, 1])])
def test_keys_of_many_revisions_are_deleted_in_as_few_calls_as_s3_allows(
    s3: S3Client, storage: ImageStorage, revisions: int, sizes: list[int]
) -> None:
    calls = watch(s3, "DeleteObjects")
    storage.delete_revisions(Revision("1", revisions).list_up_to_here())
    assert [len(call["Delete"]["Objects"]) for call in calls] == sizes


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (["InternalError"], Unavailable),
        (["SlowDown", "InternalError"], Unavailable),
        (["AccessDenied"], DeletionFailed),
        (["InternalError", "AccessDenied"], DeletionFailed),
        ([""], DeletionFailed),
    ],
)
def test_refusal_to_delete_tells_whether_it_may_pass(
    s3: S3Client, storage: ImageStorage, codes: list[str], error: type[Exception]
) -> None:
    def refuse(parsed: dict[str, object], **_: object) -> None:
        parsed["Errors"] = [{"Key": KEY, "Code": code} for code in codes]

    listen(s3, "after-call.s3.DeleteObjects", refuse)
    with pytest.raises(error):
        storage.delete_revisions([Revision("1")])


def test_copy_leaves_the_source_as_it_is(s3: S3Client, storage: ImageStorage) -> None:
    target = make_original_key("1", 2)
    storage.add(KEY, b"x", "image/png")
    storage.copy(KEY, target, "image/webp")
    assert storage.get(KEY) == storage.get(target) == b"x"
    assert s3.head_object(Bucket="bucket", Key=target)["ContentType"] == "image/webp"


def test_touched_object_is_still_shown_in_the_page(s3: S3Client, storage: ImageStorage) -> None:
    calls = watch(s3, "CopyObject")
    storage.add(KEY, b"x", "image/png")
    storage.touch(KEY, "image/png")
    assert s3.head_object(Bucket="bucket", Key=KEY)["ContentDisposition"] == "inline"
    assert [call["MetadataDirective"] for call in calls] == ["REPLACE"]
