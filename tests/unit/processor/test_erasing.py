"""Slices of an erasure: what they delete, when they end, and what happens if one does not."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from processor import erasing
from processor.erasing import GRACE, SLICE_SECONDS
from shared import lifecycle
from shared.counters import Form, name_upload
from shared.errors import Erased, Unavailable
from shared.images import get_image_usage
from shared.keys import make_original_key, make_upload_key
from shared.lifecycle import Event
from shared.models import Replacement
from shared.observability import get_logger
from shared.quotas import Usage
from tests.support.handlers import listen
from tests.support.images import FAR_FUTURE, START, make_image, make_pending, new_id

if TYPE_CHECKING:
    from shared.erasures import Erasure
    from tests.support.erasures import Estate


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    return stream


def read(estate: Estate, user_id: str = "ann") -> Erasure:
    erasure = estate.erasures.get(user_id)
    assert erasure
    return erasure


class TestEnd:
    def test_everything_of_the_user_goes_and_nothing_of_others(self, estate: Estate) -> None:
        estate.add_all_kinds("ann")
        estate.add_all_kinds("ben")
        estate.settle()
        others, used = estate.list_rows("ben"), estate.usages.get("ben")
        keys = estate.list_keys()
        estate.begin("ann")
        estate.settle()
        erasure = estate.require_gone("ann")
        assert erasure.amounts == {"images": 6, "files": 1, "items": 1}
        assert estate.list_rows("ben") == others
        assert estate.usages.get("ben") == used
        assert len(estate.list_keys()) == len(keys) / 2 + 1

    def test_user_who_has_nothing_is_finished_at_once(self, estate: Estate) -> None:
        begun = estate.clock()
        estate.begin()
        estate.settle()
        assert estate.require_gone().amounts == {"images": 0, "files": 0, "items": 0}
        assert estate.clock() == begun

    def test_tombstones_end_36_days_after_the_end(self, estate: Estate) -> None:
        estate.fill()
        estate.begin()
        estate.settle()
        erasure = estate.require_gone()
        assert erasure.finished_at
        expires_at = int((erasure.finished_at + timedelta(days=36)).timestamp())
        assert erasure.expires_at == estate.usages.get("ann").expires_at == expires_at
        estate.engine.sweep(expires_at - 1)
        assert len(estate.list_rows()) == 2
        estate.engine.sweep(expires_at + 1)
        assert estate.list_rows() == []

    def test_tombstone_in_the_bucket_is_written_again_at_the_end(self, estate: Estate) -> None:
        estate.begin()
        estate.s3.delete_object(Bucket="bucket", Key="erasures/ann")
        estate.settle()
        estate.require_gone()

    def test_user_may_begin_anew_when_the_tombstones_have_ended(self, estate: Estate) -> None:
        estate.begin()
        estate.settle()
        with pytest.raises(Erased):
            estate.add_item()
        estate.clock.advance(timedelta(days=37).total_seconds())
        estate.engine.sweep(estate.clock())
        estate.add_item()
        assert estate.begin().finished_at is None
        estate.settle()
        assert estate.require_gone().items == 1

    def test_records_and_entries_that_have_ended_go_too(self, estate: Estate) -> None:
        image = estate.add_image()
        estate.images.apply(image.id, Event.RETRY)
        estate.images.apply(image.id, Event.REJECT, reason="Why.")
        estate.dynamodb.update_item(
            TableName="images",
            Key={"pk": {"S": f"IMAGE#{image.id}"}, "sk": {"S": "IMAGE"}},
            UpdateExpression="SET expires_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
        estate.begin()
        estate.settle()
        estate.require_gone()

    def test_entry_without_a_record_goes_too(self, estate: Estate) -> None:
        image = estate.add_image()
        key = {"pk": {"S": f"IMAGE#{image.id}"}, "sk": {"S": "IMAGE"}}
        estate.dynamodb.delete_item(TableName="images", Key=key)
        estate.begin()
        estate.settle()
        narrow = ("#TAG#", "#SHA256#")  # the check finds these
        left = [pk for pk, _ in estate.list_rows() if not any(name in pk for name in narrow)]
        assert left == ["USER#ann", "USER#ann"]

    def test_counter_that_was_too_high_is_at_zero_in_the_end(self, estate: Estate) -> None:
        """A function was killed after it had reserved."""
        estate.usages.reserve("lost", "ann", Usage(images=3, bytes=7, items=-2))
        begun = estate.clock()
        estate.begin()
        estate.settle()
        estate.require_gone()
        assert GRACE.total_seconds() <= estate.clock() - begun < 2 * GRACE.total_seconds()

    def test_what_is_given_back_late_does_not_count_twice(self, estate: Estate) -> None:
        estate.add_image()
        estate.begin()
        erasure = read(estate)
        estate.collect()
        while erasure.finished_at is None:  # the changes of the image wait meanwhile
            estate.eraser.work(erasure, estate.read_time() + timedelta(seconds=SLICE_SECONDS))
            erasure = read(estate)
        estate.settle()
        estate.require_gone()


class TestLateRecords:
    def test_record_that_comes_after_the_listings_were_empty_is_deleted(self, estate: Estate) -> None:
        """Its request had reserved before the tombstone."""
        image = make_image()
        estate.usages.reserve(image.id, "ann", get_image_usage(image))
        estate.begin()
        for _ in range(3):
            estate.follow()
        assert read(estate).finished_at is None
        estate.images.add(image)
        estate.settle()
        assert estate.require_gone().images == 1

    def test_direct_upload_that_comes_after_its_form_was_seen_is_deleted(self, estate: Estate) -> None:
        image = make_pending()
        estate.usages.begin_upload(image.id, "ann", Form(bytes=image.size, ends_at=4_000_000_000))
        estate.begin()
        for _ in range(3):
            estate.follow()
        assert read(estate).finished_at is None
        estate.images.add(image)
        estate.settle()
        assert estate.require_gone().images == 1

    @pytest.mark.parametrize("state", ["pending", "processing"])
    def test_image_whose_bytes_are_being_replaced_is_deleted(self, estate: Estate, state: str) -> None:
        is_pending = state == "pending"
        begun = lifecycle.await_upload(FAR_FUTURE) if is_pending else lifecycle.start_processing(START)
        replacement = Replacement.begin(begun, revision=2, content_type="image/png", size=5000)
        image = estate.add_image(latest_revision=2, replacement=replacement)
        key = make_upload_key(image.id, 2) if is_pending else make_original_key(image.id, 2)
        estate.storage.add(key, b"x", "image/png")
        if is_pending:
            form = Form(bytes=replacement.size, ends_at=FAR_FUTURE)
            estate.usages.begin_upload(name_upload(image.id, replacement), "ann", form)
        assert estate.usages.get("ann").bytes == (image.size if is_pending else 5000)
        estate.begin()
        estate.settle()
        assert estate.require_gone().images == 1
        assert key not in estate.list_keys()

    def test_form_that_never_gets_a_record_ends_after_the_grace(self, estate: Estate) -> None:
        estate.usages.begin_upload(new_id(), "ann", Form(bytes=7, ends_at=4_000_000_000))
        begun = estate.clock()
        estate.begin()
        estate.settle()
        estate.require_gone()
        assert estate.clock() - begun >= GRACE.total_seconds()

    def test_upload_that_is_verified_meanwhile_is_deleted(self, estate: Estate) -> None:
        """It leaves the pending ones after it has come into the listing."""
        image = estate.add_pending()
        estate.usages.reserve("take", "ann", Usage(images=1, bytes=image.size))
        estate.begin()
        estate.images.apply(image.id, Event.VERIFY)
        estate.usages.end_upload(image.id, "ann", image.size)
        estate.settle()
        assert estate.require_gone().images == 1
        assert make_upload_key(image.id) not in estate.list_keys()


class TestSlices:
    def test_slice_ends_with_its_time_and_the_next_one_goes_on(
        self, estate: Estate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(erasing, "BATCH_SIZE", 2)
        for _ in range(5):
            estate.add_item()
        estate.begin()
        progress = []

        def pass_time(**_: object) -> None:
            estate.clock.advance(SLICE_SECONDS)

        listen(estate.dynamodb, "before-call.dynamodb.TransactWriteItems", pass_time)
        while read(estate).finished_at is None:
            estate.follow()
            progress.append(read(estate).items)
        assert progress[:3] == [2, 4, 5]
        estate.require_gone()

    def test_changes_of_others_are_followed_before_a_slice(self, estate: Estate) -> None:
        image = estate.add_image("ben")
        estate.begin()
        estate.images.delete(image.id)
        seen: list[int] = []

        def note(**_: object) -> None:
            seen.append(estate.usages.get("ben").images)

        listen(estate.dynamodb, "before-call.dynamodb.Query", note)
        estate.follow()
        assert {*seen} == {0}

    def test_slices_of_many_users_have_the_time_of_one(self, estate: Estate) -> None:
        users = [f"u{number}" for number in range(20)]
        for user in users:
            estate.usages.reserve("lost", user, Usage(images=1))
            estate.begin(user)
        begun = estate.clock()
        failures = estate.follow()
        assert estate.clock() - begun <= SLICE_SECONDS
        assert failures
        assert all(isinstance(error, Unavailable) for error in failures.values())
        estate.settle()
        for user in users:
            assert estate.usages.get(user).is_zero
            assert read(estate, user).finished_at

    def test_event_that_comes_twice_begins_no_second_chain(self, estate: Estate) -> None:
        estate.fill(count=3)
        estate.begin()
        first = read(estate)
        estate.follow()
        before = read(estate)
        estate.engine.calls.clear()
        estate.eraser.work(first, estate.read_time() + timedelta(seconds=SLICE_SECONDS))
        assert estate.engine.calls == ["GetItem"]
        assert read(estate) == before

    def test_many_images_are_read_from_the_listings_of_their_owner_alone(self, estate: Estate) -> None:
        estate.fill(count=12)
        estate.begin()
        estate.engine.calls.clear()
        estate.settle()
        assert "Scan" not in estate.engine.calls
        estate.require_gone()
