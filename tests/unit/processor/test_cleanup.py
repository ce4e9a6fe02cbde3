from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from processor import cleanup
from shared.errors import Unavailable
from shared.observability import get_logger
from shared.renditions import RenditionName
from shared.storage import ImageStorage, make_original_key, make_rendition_key, make_upload_key
from tests.support.api import REQUEST_ID, make_context
from tests.support.clock import assert_calls_end_in_time
from tests.support.faults import break_calls
from tests.support.handlers import listen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


def fill_bucket(storage: ImageStorage) -> None:
    storage.add(make_upload_key("1"), b"x", "image/png")
    storage.add(make_original_key("1"), b"x", "image/png")
    storage.replace(make_rendition_key("1", RenditionName.SMALL), b"x", "image/webp")


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


def make_record(partition: str, sort: str = "IMAGE", event: str = "REMOVE") -> dict[str, Any]:
    keys = {"pk": {"S": partition}, "sk": {"S": sort}}
    return {"eventName": event, "dynamodb": {"Keys": keys}}


def handle(*records: dict[str, Any]) -> None:
    cleanup.lambda_handler({"Records": list(records)}, make_context())


def count(s3: S3Client) -> int:
    return s3.list_objects_v2(Bucket="bucket")["KeyCount"]


class TestHandler:
    @pytest.fixture(autouse=True)
    def filled(self, storage: ImageStorage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cleanup, "get_storage", lambda: storage)
        fill_bucket(storage)

    def test_objects_end_with_their_record(self, s3: S3Client) -> None:
        handle(make_record("IMAGE#1"), make_record("IMAGE#1"))
        assert count(s3) == 0

    @pytest.mark.parametrize(
        "record",
        [
            make_record("IMAGE#1", event="MODIFY"),
            make_record("IMAGE#1", event="INSERT"),
            make_record("USER#1#PUBLIC", "2026#1"),
            make_record("IMAGE#1", "REQUEST"),
        ],
    )
    def test_nothing_else_deletes(self, s3: S3Client, logs: StringIO, record: dict[str, Any]) -> None:
        handle(record)
        assert count(s3) == 3
        assert logs.getvalue() == ""

    def test_objects_of_other_images_stay(self, s3: S3Client) -> None:
        handle(make_record("IMAGE#2"))
        assert count(s3) == 3

    def test_fault_is_raised_after_the_other_records_were_cleaned_up(
        self, s3: S3Client, logs: StringIO
    ) -> None:
        responses = iter([{"Errors": [{"Key": "originals/2", "Code": "InternalError"}]}])

        def refuse(parsed: dict[str, Any], **_: object) -> None:
            parsed |= next(responses, {})

        listen(s3, "after-call.s3.DeleteObjects", refuse)
        with pytest.raises(ExceptionGroup, match="1 cleanups failed") as raised:
            handle(make_record("USER#1", "x"), make_record("IMAGE#2"), make_record("IMAGE#1"))
        assert [type(error) for error in raised.value.exceptions] == [Unavailable]
        assert count(s3) == 0
        failed, cleaned = (json.loads(line) for line in logs.getvalue().splitlines())
        assert (failed["message"], failed["level"], failed["image_id"]) == ("cleanup failed", "ERROR", "2")
        assert "Unavailable" in failed["exception"]
        assert (cleaned["message"], cleaned["image_id"]) == ("cleaned up", "1")
        assert cleaned["request_id"] == failed["request_id"] == REQUEST_ID

    def test_outage_is_raised(self, s3: S3Client) -> None:
        break_calls(s3, "DeleteObjects")
        with pytest.raises(ExceptionGroup):
            handle(make_record("IMAGE#1"))
        assert count(s3) == 3

    def test_no_call_outlives_the_invocation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert_calls_end_in_time(monkeypatch, "processor.cleanup", handle)


class TestFactory:
    """The real storage, on moto."""

    @pytest.fixture(autouse=True)
    def fresh(self) -> Iterator[None]:
        factories = (cleanup.get_storage, cleanup.get_deadline)
        for factory in factories:
            factory.cache_clear()
        yield
        for factory in factories:
            factory.cache_clear()

    def test_bucket_is_that_of_the_settings(self, s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
        fill_bucket(ImageStorage(s3, "bucket"))
        handle(make_record("IMAGE#1"))
        assert count(s3) == 0
        cleanup.get_storage.cache_clear()
        monkeypatch.setenv("BUCKET", "missing")
        with pytest.raises(ExceptionGroup) as raised:
            handle(make_record("IMAGE#1"))
        assert "NoSuchBucket" in str(raised.value.exceptions[0])

    @pytest.mark.usefixtures("s3")
    def test_client_keeps_to_the_deadline(self) -> None:
        storage = cleanup.get_storage()
        assert storage is cleanup.get_storage()
        cleanup.get_deadline().start(1)
        with pytest.raises(Unavailable, match="too slow"):
            storage.delete_image("1")
