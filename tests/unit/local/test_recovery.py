from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.recovery import send_lost_events
from shared.keys import (
    Revision,
    make_original_key,
    make_rendition_key,
    make_upload_key,
    make_variant_key,
    parse_original_key,
)
from shared.renditions import RenditionName
from tests.support.images import VARIANT, finish, make_image, make_pending, reject

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.storage import ImageStorage

OUTPUTS = {"BucketName": "bucket", "ImagesTableName": "images", "ProcessorFunctionName": "processor"}


class Stack:
    """Moto, and a Lambda that notes the keys of its events."""

    def __init__(self, dynamodb: DynamoDBClient, s3: S3Client) -> None:
        self._clients = {"dynamodb": dynamodb, "s3": s3, "lambda": SimpleNamespace(invoke=self._invoke)}
        self.keys: list[str] = []

    def recover(self) -> set[str]:
        self.keys.clear()
        assert send_lost_events(self._clients.__getitem__, OUTPUTS) == len(self.keys)
        return {*self.keys}

    def _invoke(self, **options: Any) -> None:  # noqa: ANN401 - of boto3
        assert (options["FunctionName"], options["InvocationType"]) == ("processor", "Event")
        for record in json.loads(options["Payload"])["Records"]:
            assert record["eventTime"]
            self.keys.append(record["s3"]["object"]["key"])


@pytest.fixture
def stack(dynamodb: DynamoDBClient, s3: S3Client) -> Stack:
    return Stack(dynamodb, s3)


def add_original(storage: ImageStorage, image_id: str) -> str:
    key = make_original_key(image_id)
    storage.add(key, b"x", "image/jpeg")
    return key


def test_events_of_unfinished_images_are_sent_again(
    stack: Stack, images: ImageRepository, storage: ImageStorage
) -> None:
    processing = images.add(make_image())
    original = add_original(storage, processing.id)
    pending = images.add(make_pending())
    upload = make_upload_key(pending.id)
    storage.add(upload, b"x", "image/jpeg")
    assert stack.recover() == {original, upload}


def test_events_of_finished_images_are_not_sent(
    stack: Stack, images: ImageRepository, storage: ImageStorage
) -> None:
    ready = images.add(make_image())
    add_original(storage, ready.id)
    storage.add(make_rendition_key(ready.id, RenditionName.SMALL), b"x", "image/webp")
    finish(images, ready.id)
    assert stack.recover() == set()


@pytest.mark.parametrize(
    "key", [make_rendition_key("1", RenditionName.SMALL), make_variant_key("1", VARIANT)]
)
def test_event_of_objects_without_a_row_lets_the_processor_delete_them(
    stack: Stack, storage: ImageStorage, key: str
) -> None:
    storage.add(key, b"x", "image/webp")
    (sent,) = stack.recover()
    assert parse_original_key(sent) == Revision(key.split("/")[1])


def test_bytes_of_a_rejected_image_are_sent_again(
    stack: Stack, images: ImageRepository, storage: ImageStorage
) -> None:
    """The processor ended between the verdict and the end of the bytes."""
    rejected = images.add(make_image())
    original = add_original(storage, rejected.id)
    reject(images, rejected.id)
    assert stack.recover() == {original}
