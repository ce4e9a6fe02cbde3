"""The sample events work, so that `sam local invoke` shows what the functions do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.main import lambda_handler
from processor import changes, main
from processor.following import Follower
from shared.errors import NotFound
from shared.keys import make_original_key, make_upload_key
from shared.lifecycle import Event, Status
from shared.tag_counts import TagRepository
from tests.support.api import make_context, read_response
from tests.support.images import make_image, make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from processor.erasing import Eraser
    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository
    from tests.support.api import Api

EVENTS = Path("events")
IMAGE_ID = "0b5a7a4e-3f0c-4c58-9d6e-7f2f4c1f9a10"
STATUSES = {
    "api-delete": 204,
    "api-get": 200,
    "api-item": 201,
    "api-legacy-upload": 201,
    "api-list": 200,
    "api-reprocess": 202,
    "api-update": 200,
    "api-upload-direct": 201,
    "api-upload-json": 201,
    "api-upload-multipart": 201,
    "api-upload-raw": 201,
}


def read_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@pytest.fixture(autouse=True)
def functions(  # noqa: PLR0913, PLR0917 - their parts
    api: Api,
    processor: Processor,
    usages: UsageRepository,
    storage: ImageStorage,
    eraser: Eraser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del api  # it sets the API's function up
    follower = Follower(usages, TagRepository(usages.table), storage, eraser, send=pytest.fail)
    monkeypatch.setattr(main, "create_processor", lambda: processor)
    monkeypatch.setattr(changes, "create_follower", lambda: follower)


@pytest.fixture
def image(images: ImageRepository, storage: ImageStorage) -> Image:
    stored = make_image(id=IMAGE_ID, user_id="user123", tags=("beach",))
    storage.add(make_original_key(IMAGE_ID), make_picture(), "image/jpeg")
    images.add(stored)
    return stored


def test_every_kind_of_event_is_there() -> None:
    names = {path.stem for path in EVENTS.iterdir()}
    others = {"s3-put", "s3-post", "s3-key-with-spaces", "s3-two-records", "stream-remove"}
    assert names == {*STATUSES, *others}


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(("name", "status"), STATUSES.items())
def test_event_of_the_samples_gets_its_status(images: ImageRepository, name: str, status: int) -> None:
    images.apply(IMAGE_ID, Event.FAIL)  # an image that is being processed is not processed again
    response = read_response(lambda_handler(read_event(name), make_context()))
    assert response.status == status, response.body


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize("name", ["s3-put", "s3-two-records"])
def test_original_is_processed(images: ImageRepository, name: str) -> None:
    main.lambda_handler(read_event(name), make_context())
    assert images.get(IMAGE_ID).status is Status.READY


def test_direct_upload_becomes_an_original(images: ImageRepository, storage: ImageStorage) -> None:
    picture = make_picture()
    images.add(make_pending(id=IMAGE_ID, size=len(picture)))
    storage.add(make_upload_key(IMAGE_ID), picture, "image/jpeg")
    main.lambda_handler(read_event("s3-post"), make_context())
    assert storage.get(make_original_key(IMAGE_ID)) == picture


def test_key_with_spaces_and_plus_is_the_key_that_was_meant(storage: ImageStorage) -> None:
    key = "originals/holiday in June + July.jpg/1"
    storage.add(key, b"x", "image/jpeg")
    main.lambda_handler(read_event("s3-key-with-spaces"), make_context())
    with pytest.raises(NotFound):
        storage.get(key)


@pytest.mark.usefixtures("image")
def test_removed_record_takes_its_objects_along(storage: ImageStorage) -> None:
    changes.lambda_handler(read_event("stream-remove"), make_context())
    with pytest.raises(NotFound):
        storage.get(make_original_key(IMAGE_ID))
