from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from operations.moving.entries import Entry
from operations.moving.imports import FORM_SECONDS, Ended, Importer, Result
from operations.moving.journal import Outcome
from shared.erasures import begin_erasure
from shared.keys import make_upload_key
from shared.lifecycle import Status
from shared.models import Visibility
from shared.quotas import Quota
from shared.usages import UsageRepository
from tests.support.images import make_pending, make_ready, new_id
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.erasures import ErasureRepository
    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from shared.tombstones import TombstoneStorage
    from tests.unit.operations.moving.conftest import Shelf, Works

PICTURE = make_picture()
IMPORTED = Result(Outcome.IMPORTED)
AT = datetime(2019, 5, 1, 12, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone: no code of it runs any more."""


def make_entry(**fields: Any) -> Entry:  # noqa: ANN401 - any field
    return Entry.model_validate(
        {"path": "a/b.jpg", "user_id": "ann", "visibility": Visibility.PUBLIC} | fields
    )


@pytest.fixture(autouse=True)
def picture(shelf: Shelf) -> None:
    shelf.files["a/b.jpg"] = PICTURE


def test_image_has_the_owner_the_date_and_the_tags_of_its_entry(
    importer: Importer, images: ImageRepository
) -> None:
    entry = make_entry(tags=["sea"], description="x", created_at=AT.isoformat())
    image_id = new_id()
    assert importer.bring(entry, image_id) == IMPORTED
    image = images.get(image_id)
    assert (image.user_id, image.created_at, image.tags) == ("ann", AT, ("sea",))
    assert (image.filename, image.description, image.status) == ("b.jpg", "x", Status.READY)
    assert image.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert image.renditions


def test_second_run_reads_and_writes_nothing(
    importer: Importer, images: ImageRepository, shelf: Shelf
) -> None:
    importer.bring(make_entry(), image_id := new_id())
    before = images.get(image_id)
    assert importer.bring(make_entry(), image_id) == IMPORTED
    assert images.get(image_id) == before
    assert shelf.reads == 1


def test_import_that_is_killed_at_any_call_ends_with_one_image_that_counts_once(
    importer: Importer,
    works: Works,
    images: ImageRepository,
    usages: UsageRepository,
    clients: dict[str, Any],
) -> None:
    """Each round kills it one call of AWS later."""
    rounds = 0
    while True:
        calls = 0

        def count(**_: Any) -> None:  # noqa: ANN401 - of botocore
            nonlocal calls
            if works.is_running:
                return
            if calls == rounds:  # noqa: B023 - it is called in this round
                raise Killed
            calls += 1

        for client in clients.values():
            client.meta.events.register("before-send", count)
        user, image_id = f"user {rounds}", new_id()
        entry = make_entry(user_id=user)
        try:
            is_whole = importer.bring(entry, image_id) == IMPORTED
        except Killed:
            is_whole = False
        finally:
            for client in clients.values():
                client.meta.events.unregister("before-send", count)
        assert importer.bring(entry, image_id) == IMPORTED
        counter = usages.get(user)
        assert (counter.images, counter.bytes) == (1, len(PICTURE)), rounds
        assert images.get(image_id).status is Status.READY
        if is_whole:
            break
        rounds += 1
    assert rounds > 4


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("c.jpg", None, "is not there"),
        ("c.jpg", b"text", "The file is not an image"),
        ("c.jpg", b"", "The file is not an image"),
        ("c.jpg", PICTURE[:30], ""),
    ],
)
def test_what_is_no_image_leaves_nothing(  # noqa: PLR0913, PLR0917 - what it needs
    importer: Importer, images: ImageRepository, shelf: Shelf, path: str, data: bytes | None, reason: str
) -> None:
    if data is not None:
        shelf.files[path] = data
    for run in (importer.bring(make_entry(path=path), new_id()), importer.try_out(make_entry(path=path))):
        assert run.outcome is Outcome.REFUSED
        assert (run.reason or "").startswith(reason)
    assert [*images.table.scan()] == [[]]


def test_damaged_image_is_rejected_by_the_processor(importer: Importer, shelf: Shelf) -> None:
    shelf.files["a/b.jpg"] = make_picture("PNG")[:-60]
    result = importer.bring(make_entry(), new_id())
    assert result.outcome is Outcome.REJECTED
    assert result.reason


def test_other_bytes_than_the_manifest_says_are_refused(importer: Importer) -> None:
    result = importer.bring(make_entry(sha256="0" * 64), new_id())
    assert result == Result(Outcome.REFUSED, "has other bytes than the manifest says")
    good = make_entry(sha256=hashlib.sha256(PICTURE).hexdigest())
    assert importer.bring(good, new_id()) == IMPORTED


def test_quota_of_the_owner_holds(
    shelf: Shelf, works: Works, images: ImageRepository, storage: ImageStorage
) -> None:
    usages = UsageRepository(images.table, Quota(max_images=1))
    importer = Importer(shelf, images, usages, storage, sleep=lambda _: works.run())
    assert importer.bring(make_entry(), new_id()) == IMPORTED
    result = importer.bring(make_entry(), new_id())
    assert result.outcome is Outcome.REFUSED
    assert (result.reason or "").startswith("A user may have 1 images")


def test_user_with_too_many_pending_uploads_is_waited_for(
    shelf: Shelf, works: Works, images: ImageRepository, storage: ImageStorage
) -> None:
    usages = UsageRepository(images.table, Quota(max_pending_uploads=1))
    importer = Importer(shelf, images, usages, storage, sleep=lambda _: works.run())
    waiting: list[float] = []

    def wait(seconds: float) -> None:
        waiting.append(seconds)
        usages.end_upload("other", "ann", 10)
        works.run()

    other = Importer(shelf, images, usages, storage, sleep=wait)
    from shared.counters import Form  # noqa: PLC0415

    usages.begin_upload("other", "ann", Form(bytes=10, ends_at=4_000_000_000))
    assert other.bring(make_entry(), new_id()) == IMPORTED
    assert waiting[0] == 2
    assert importer.bring(make_entry(), new_id()) == IMPORTED


def test_nothing_comes_to_a_user_who_is_erased(
    importer: Importer,
    erasures: ErasureRepository,
    usages: UsageRepository,
    tombstones: TombstoneStorage,
    storage: ImageStorage,
) -> None:
    begin_erasure(erasures, usages, tombstones, "ann")
    result = importer.bring(make_entry(), image_id := new_id())
    assert result.outcome is Outcome.REFUSED
    assert not storage.has(make_upload_key(image_id))


def test_image_of_another_user_is_never_touched(importer: Importer, images: ImageRepository) -> None:
    images.add(image := make_ready(user_id="ben"))
    assert importer.bring(make_entry(), image.id).outcome is Outcome.REFUSED
    assert images.get(image.id) == image


def test_id_of_an_image_that_has_ended_is_not_used_again(importer: Importer, images: ImageRepository) -> None:
    images.add(image := make_pending(expires_at=1))
    with pytest.raises(Ended):
        importer.bring(make_entry(), image.id)


def test_image_that_does_not_end_is_unfinished_and_goes_on_later(
    shelf: Shelf, works: Works, images: ImageRepository, usages: UsageRepository, storage: ImageStorage
) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    slow = Importer(shelf, images, usages, storage, clock=lambda: now, sleep=sleep)
    result = slow.bring(make_entry(), image_id := new_id())
    assert result.outcome is Outcome.UNFINISHED
    assert now < FORM_SECONDS
    soon = Importer(shelf, images, usages, storage, sleep=lambda _: works.run())
    assert soon.bring(make_entry(), image_id) == IMPORTED


@pytest.mark.parametrize(
    ("fields", "filename"),
    [
        ({"filename": "ä/x.jpg"}, "x.jpg"),
        ({"path": None, "url": "https://a.example/p/y.jpg?w=1#top"}, "y.jpg"),
        ({"path": None, "url": "https://a.example/"}, "image.jpeg"),
    ],
)
def test_file_name_is_the_last_part_of_what_is_known(
    importer: Importer, images: ImageRepository, shelf: Shelf, fields: dict[str, Any], filename: str
) -> None:
    entry = make_entry(**fields)
    shelf.files[entry.location] = PICTURE
    assert importer.bring(entry, image_id := new_id()) == IMPORTED
    assert images.get(image_id).filename == filename
