from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor import cleanup
from shared.renditions import RenditionName
from shared.storage import make_original_key, make_rendition_key
from tests.support.api import make_context
from tests.support.faults import break_calls

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.storage import ImageStorage


@pytest.fixture(autouse=True)
def image(storage: ImageStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "get_storage", lambda: storage)
    storage.add(make_original_key("1"), b"x", "image/png")
    storage.replace(make_rendition_key("1", RenditionName.SMALL), b"x", "image/webp")


def make_record(partition: str, sort: str = "IMAGE", event: str = "REMOVE") -> dict[str, Any]:
    keys = {"pk": {"S": partition}, "sk": {"S": sort}}
    return {"eventName": event, "dynamodb": {"Keys": keys}}


def handle(*records: dict[str, Any]) -> None:
    cleanup.lambda_handler({"Records": list(records)}, make_context())


def count(s3: S3Client) -> int:
    return s3.list_objects_v2(Bucket="bucket")["KeyCount"]


def test_objects_end_with_their_record(s3: S3Client) -> None:
    handle(make_record("IMAGE#1"), make_record("IMAGE#1"))
    assert count(s3) == 0


@pytest.mark.parametrize(
    "record",
    [
        make_record("IMAGE#1", event="MODIFY"),
        make_record("IMAGE#1", event="INSERT"),
        make_record("USER#1#PUBLIC", "2026#1"),
        make_record("IMAGE#2"),
    ],
)
def test_nothing_else_deletes(s3: S3Client, record: dict[str, Any]) -> None:
    handle(record)
    assert count(s3) == 2


def test_fault_is_raised_after_the_other_records_were_cleaned_up(s3: S3Client) -> None:
    responses = iter([{"Errors": [{"Key": "originals/2", "Code": "InternalError"}]}])

    def refuse(parsed: dict[str, Any], **_: object) -> None:
        parsed |= next(responses, {})

    s3.meta.events.register("after-call.s3.DeleteObjects", refuse)
    with pytest.raises(ExceptionGroup, match="1 cleanups failed"):
        handle(make_record("USER#1", "x"), make_record("IMAGE#2"), make_record("IMAGE#1"))
    assert count(s3) == 0


def test_outage_is_raised(s3: S3Client) -> None:
    break_calls(s3, "DeleteObjects")
    with pytest.raises(ExceptionGroup):
        handle(make_record("IMAGE#1"))
