"""Erasures where the bucket keeps versions: nothing of the erased user is left, and all of the others."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from processor.erasing import SLICE_SECONDS
from processor.purging import SETTLING
from shared.deletions import DELETIONS_PREFIX
from shared.keys import make_original_key, make_rendition_key, make_upload_key
from shared.observability import get_logger
from shared.renditions import RenditionName
from tests.support.faults import break_calls
from tests.support.handlers import listen, watch

if TYPE_CHECKING:
    from tests.support.erasures import Estate


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


@pytest.fixture
def kept(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """Its bucket keeps versions. moto cannot list versions while another thread deletes some."""
    monkeypatch.setattr("processor.erasing.MAX_CONCURRENT_CALLS", 1)
    estate.keep_versions()
    return estate


def delete_image(estate: Estate, user_id: str = "ann") -> str:
    """Add an image, and delete it as its owner does."""
    image = estate.add_image(user_id)
    estate.images.delete(image.id, lambda _: None)
    estate.settle()
    return image.id


def list_deletions(estate: Estate) -> list[str]:
    rows = estate.engine.list_items("images")
    return [row["sk"]["S"] for row in rows if row["pk"]["S"].startswith(DELETIONS_PREFIX)]


def test_deleted_image_is_hidden_at_once_and_its_bytes_are_kept(kept: Estate) -> None:
    key = make_original_key(delete_image(kept))
    assert not kept.storage.has(key)
    assert key in kept.list_versions()


def test_erasure_leaves_no_version_of_the_user_and_every_one_of_others(kept: Estate) -> None:
    for user_id in ("ann", "ben"):
        kept.add_all_kinds(user_id)
        delete_image(kept, user_id)
    before = kept.list_versions()
    objects = {*kept.list_keys()}
    kept.begin("ann")
    kept.settle()
    kept.require_gone("ann")
    left = [key for key in kept.list_versions() if key != "erasures/ann"]
    assert 0 < len(left) < len(before)
    assert {key for key in objects if key in left} == {*kept.list_keys()} - {"erasures/ann"}
    assert len(list_deletions(kept)) == 1  # ben's


def follow_again(estate: Estate, record: Any) -> None:  # noqa: ANN401 - a record of the stream
    estate.changes.append(record)
    estate.settle()


@pytest.mark.parametrize("deletes_first", [True, False])
def test_deletion_that_comes_once_more_after_the_end_leaves_nothing(
    kept: Estate, *, deletes_first: bool
) -> None:
    image = kept.add_image()
    if deletes_first:
        kept.images.delete(image.id, lambda _: None)
    kept.begin()
    removals: list[Any] = []
    while changes := kept.collect():
        removals += [record for record in changes if record["eventName"] == "REMOVE"]
        kept.follow()
    kept.require_gone()
    follow_again(kept, removals[0])
    kept.require_gone()
    assert list_deletions(kept) == []


def test_deletion_that_comes_after_the_end_is_purged(kept: Estate) -> None:
    image = kept.add_image()
    kept.images.delete(image.id, lambda _: None)
    [late] = [record for record in kept.collect() if record["eventName"] == "REMOVE"]
    kept.changes.remove(late)
    kept.begin()
    kept.settle()
    assert make_original_key(image.id) in kept.list_versions()
    follow_again(kept, late)
    kept.require_gone()
    assert {*kept.list_versions()} == {"erasures/ann"}


def test_erasure_that_cannot_be_read_lets_the_deletion_come_again(kept: Estate) -> None:
    image = kept.add_image()
    kept.settle()
    kept.images.delete(image.id, lambda _: None)
    kept.collect()
    fault = break_calls(kept.dynamodb, "GetItem")
    assert len(kept.follow()) == 1
    fault.end()
    kept.settle()
    assert len(list_deletions(kept)) == 1


def test_revision_that_was_replaced_long_ago_is_purged_too(kept: Estate) -> None:
    image = kept.add_image()
    for revision in (2, 3):
        kept.storage.add(make_original_key(image.id, revision), b"x", "image/jpeg")
        kept.storage.delete(make_original_key(image.id, revision))
    kept.begin()
    kept.settle()
    kept.require_gone()
    assert {*kept.list_versions()} == {"erasures/ann"}


def test_bytes_that_a_run_of_the_processor_writes_late_are_purged(kept: Estate) -> None:
    image = kept.add_image()
    kept.begin()
    begun = kept.clock()
    is_late: list[int] = []
    key = make_rendition_key(image.id, RenditionName.LARGE, 2)

    def write(**_: object) -> None:
        if not is_late and kept.clock() - begun > 120:
            is_late.append(1)
            kept.storage.add(key, b"x", "image/webp")
            kept.storage.delete(key)

    listen(kept.dynamodb, "before-call.dynamodb.Query", write)
    kept.settle()
    assert is_late
    kept.require_gone()
    assert {*kept.list_versions()} == {"erasures/ann"}
    assert kept.clock() - begun < (SETTLING + timedelta(minutes=1)).total_seconds()


def test_pending_upload_is_purged(kept: Estate) -> None:
    image = kept.add_pending()
    kept.begin()
    kept.settle()
    kept.require_gone()
    assert make_upload_key(image.id) not in kept.list_versions()


def test_slice_purges_until_its_time_is_over_and_the_next_one_goes_on(
    kept: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.purging.BATCH_SIZE", 1)
    for _ in range(5):
        kept.add_image()
    kept.begin()
    slices: set[int] = set()

    def work_slowly(**_: object) -> None:
        erasure = kept.erasures.get("ann")
        assert erasure
        slices.add(erasure.version)
        kept.wait(SLICE_SECONDS / 5)

    listen(kept.s3, "before-call.s3.ListObjectVersions", work_slowly)
    calls = watch(kept.s3, "ListObjectVersions")
    kept.settle()
    kept.require_gone()
    assert len(calls) == 5 * 4
    assert len(slices) == 3  # two images each, and one
    assert {*kept.list_versions()} == {"erasures/ann"}


def test_bucket_that_does_not_respond_holds_the_end_up(kept: Estate) -> None:
    kept.add_image()
    kept.begin()
    fault = break_calls(kept.s3, "ListObjectVersions")
    kept.wait(SETTLING.total_seconds())
    for _ in range(60):
        kept.follow()
    erasure = kept.erasures.get("ann")
    assert erasure
    assert erasure.finished_at is None
    fault.end()
    kept.settle()
    kept.require_gone()
    assert {*kept.list_versions()} == {"erasures/ann"}


def test_without_versions_nothing_is_noted_and_nothing_waits(estate: Estate) -> None:
    delete_image(estate)
    estate.fill()
    begun = estate.clock()
    estate.begin()
    estate.settle()
    estate.require_gone()
    assert list_deletions(estate) == []
    assert estate.clock() - begun < SETTLING.total_seconds()
