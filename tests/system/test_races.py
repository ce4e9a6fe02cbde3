"""Many writers at once, on a DynamoDB whose transactions take time and cancel each other."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.access.callers import Caller
from app.requests.formats import ImageUpload, UploadedFile
from app.requests.inputs import ImageMetadata
from app.uploads import upload_image
from shared.errors import Contended, DomainError, NotFound
from shared.images import ImageFilter
from shared.keys import make_original_key
from shared.lifecycle import Event
from shared.listing import Span
from shared.models import Visibility
from shared.quotas import Quota
from shared.usages import UsageRepository
from tests.support.images import finish, make_image, make_ready
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.table import Table
    from tests.support.dynamodb.engine import Engine

PICTURE = make_picture()
TRANSACTION_SECONDS = 0.015


@pytest.fixture(autouse=True)
def _slow(engine: Engine, table: Table) -> None:
    del table  # it is there now
    engine.transaction_seconds = TRANSACTION_SECONDS


def run_at_once(count: int, act: Callable[[int], object]) -> Counter[str]:
    """Count the outcomes: the names of errors, and `done`."""

    def try_to_act(number: int) -> str:
        try:
            act(number)
        except DomainError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(count) as executor:
        return Counter(executor.map(try_to_act, range(count)))


def upload(
    images: ImageRepository, usages: UsageRepository, storage: ImageStorage, user: str = "ann"
) -> Image:
    file = UploadedFile(PICTURE, "a.jpg", "image/jpeg", "file")
    return upload_image(images, usages, storage, Caller(user), ImageUpload(file, ImageMetadata())).image


def count_originals(storage: ImageStorage) -> int:
    return sum(len(page) for page in storage.list_keys())


def test_parallel_uploads_of_one_user_do_not_disturb_each_other(
    images: ImageRepository, usages: UsageRepository, storage: ImageStorage, engine: Engine
) -> None:
    assert run_at_once(20, lambda _: upload(images, usages, storage)) == {"done": 20}
    assert engine.calls.count("TransactWriteItems") == 20, "none was cancelled"
    assert usages.get("ann").images == 20


def test_of_50_parallel_uploads_with_room_for_10_exactly_10_are_stored(
    table: Table, images: ImageRepository, storage: ImageStorage
) -> None:
    usages = UsageRepository(table, Quota(max_images=10))
    outcomes = run_at_once(50, lambda _: upload(images, usages, storage))
    assert outcomes == {"done": 10, "QuotaExceeded": 40}
    assert usages.get("ann").images == count_originals(storage) == 10


def test_image_that_many_change_at_once_keeps_every_change(images: ImageRepository) -> None:
    image = images.add(make_ready(visibility=Visibility.PRIVATE))

    def add_tag(number: int) -> None:
        images.update(image.id, lambda old: old.model_copy(update={"tags": (*old.tags, f"t{number}")}))

    outcomes = run_at_once(8, add_tag)
    assert outcomes.keys() <= {"done", "Contended"}
    assert len(images.get(image.id).tags) == outcomes["done"] == images.get(image.id).version - 1


def test_contention_that_does_not_end_is_contended_and_changes_nothing(
    images: ImageRepository, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = images.add(make_image())
    monkeypatch.setattr("shared.retries.PATIENCE_SECONDS", 0.2)
    key = images.make_key(image.id)

    def hold() -> float:
        """The transaction holds its rows meanwhile."""
        time.sleep(1.5)
        return 0

    engine.transaction_seconds = hold
    with ThreadPoolExecutor(1) as executor:
        held = executor.submit(images.update, image.id, lambda old: old)
        time.sleep(0.3)
        engine.transaction_seconds = 0
        with pytest.raises(Contended):
            images.table.update(key, "SET #size = :size", {"size": 1}, condition="attribute_exists(pk)")
        held.result()
    assert images.get(image.id).size == image.size


def test_deletion_and_result_at_once_leave_no_record(images: ImageRepository) -> None:
    image = images.add(make_image())

    def act(number: int) -> None:
        if number:
            images.delete(image.id)
        else:
            images.apply(image.id, Event.FINISH)

    assert run_at_once(2, act) == {"done": 2}
    with pytest.raises(NotFound):
        images.get(image.id)


def test_two_runs_that_finish_at_once_make_one_result(images: ImageRepository, storage: ImageStorage) -> None:
    image = images.add(make_image())
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    results = []

    def finish_one(number: int) -> None:
        results.append(images.apply(image.id, Event.FINISH))
        del number

    assert run_at_once(5, finish_one) == {"done": 5}
    assert len([result for result in results if result]) == 1
    assert images.get(image.id).version == 2


def test_image_is_marked_once_whoever_follows_its_change(usages: UsageRepository) -> None:
    marked = []

    def mark(number: int) -> None:
        del number
        marked.append(usages.mark(("IMAGE#1", "IMAGE")))

    assert run_at_once(10, mark) == {"done": 10}
    assert sorted(marked) == [False] * 9 + [True]


def test_own_upload_is_in_the_next_listing(
    images: ImageRepository, usages: UsageRepository, storage: ImageStorage
) -> None:
    def upload_and_look(number: int) -> None:
        user = f"user{number}"
        image = upload(images, usages, storage, user)
        listed = images.list_visible(ImageFilter(user), Span(), limit=1).records
        assert [found.id for found in listed] == [image.id]
        finish(images, image.id)

    assert run_at_once(5, upload_and_look) == {"done": 5}
