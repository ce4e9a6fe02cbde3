from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor import main
from shared.lifecycle import Status
from shared.storage import make_original_key
from tests.support.api import make_context
from tests.support.images import make_image
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage


@pytest.fixture(autouse=True)
def _functions(processor: Processor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "create_processor", lambda: processor)


@pytest.fixture
def stored(images: ImageRepository, storage: ImageStorage) -> list[Image]:
    made = [make_image(), make_image()]
    for image in made:
        storage.add(make_original_key(image.id), make_picture(), "image/jpeg")
        images.add(image)
    return made


def make_record(key: str) -> dict[str, Any]:
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2126-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": "bucket"}, "object": {"key": key}},
    }


def handle(*keys: str) -> None:
    main.lambda_handler({"Records": [make_record(key) for key in keys]}, make_context())


def test_every_record_of_an_event_is_processed(images: ImageRepository, stored: list[Image]) -> None:
    handle(*(make_original_key(image.id) for image in stored))
    assert [images.get(image.id).status for image in stored] == [Status.READY, Status.READY]


def test_key_arrives_encoded(images: ImageRepository, stored: list[Image]) -> None:
    handle(make_original_key(stored[0].id).replace("/", "%2F").replace("-", "%2D"))
    assert images.get(stored[0].id).status is Status.READY


@pytest.mark.usefixtures("stored")
def test_record_of_another_folder_is_left_alone() -> None:
    handle("renditions/1/small.webp", "files/1/a+b.txt", "elsewhere")


def test_test_event_of_s3_is_ignored() -> None:
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bucket"}
    main.lambda_handler(event, make_context())


def test_record_that_fails_is_raised_after_the_others_were_processed(
    images: ImageRepository, stored: list[Image]
) -> None:
    without_object = make_image()
    images.add(without_object)
    with pytest.raises(ExceptionGroup, match="1 objects failed"):
        handle(make_original_key(without_object.id), make_original_key(stored[0].id))
    assert images.get(without_object.id).status is Status.FAILED
    assert images.get(stored[0].id).status is Status.READY
