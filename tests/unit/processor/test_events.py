from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.events import EventType, derive_event
from processor.publishing import MAX_CALL_BYTES, MAX_ENTRIES
from shared.lifecycle import Event, Status
from shared.models import File, Image, Replacement, Visibility
from shared.trash import Trash
from tests.support.images import FAR_FUTURE, START, make_image, make_pending, make_ready
from tests.support.tellings import CHANGES, Consumer, Life, is_silent, lives

if TYPE_CHECKING:
    import random

FIELDS = [
    *("id", "userId", "version", "at", "status", "visibility", "tags", "contentType", "width", "height"),
]
NOW = START.timestamp() + 1e8
TRASH = Trash(at=START, ends_at=FAR_FUTURE)
FAILED = {"status": Status.FAILED, "status_reason": "Our fault."}
REJECTED = {"status": Status.REJECTED, "status_reason": "No picture."}


def change(old: Image, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
    return old.model_copy(update={"version": old.version + 1} | fields)


def tell(old: Image | None, new: Image | None) -> str | None:
    """Return the type of the event that a change tells."""
    event = derive_event(old, new, NOW)
    return str(event.type) if event else None


def make_replacement(**fields: Any) -> Replacement:  # noqa: ANN401 - any field of a replacement
    begun = {"status": Status.PROCESSING, "has_original": True, "content_type": "image/png", "size": 9}
    return Replacement.model_validate({"id": "r", "created_at": START, "revision": 2} | begun | fields)


REPLACED = make_ready(replacement=make_replacement())


@pytest.mark.parametrize(
    ("old", "fields", "told"),
    [
        (make_image(), {"status": Status.READY}, "image.ready"),
        (make_image(), REJECTED, "image.rejected"),
        (make_image(), FAILED, "image.failed"),
        (make_image(), {"status_reason": "It takes longer."}, None),
        (make_pending(), {"status": Status.PROCESSING, "has_original": True}, None),
        (make_pending(), {"tags": ("sea",)}, None),
        (make_image(version=2, has_original=False, **FAILED), {"status": Status.PENDING}, "image.updated"),
        (make_pending(version=3), {"status": Status.PROCESSING}, "image.updated"),
        (make_pending(), REJECTED, "image.rejected"),
        (make_pending(), FAILED, "image.failed"),
        (make_image(**REJECTED), {"has_original": False, "expires_at": FAR_FUTURE}, None),
        (make_image(**FAILED), {"status": Status.PROCESSING, "status_reason": None}, "image.updated"),
        (make_image(**FAILED), {"leased_until": None}, None),
        (make_ready(), {"status": Status.PROCESSING}, "image.updated"),
        (make_ready(), {"revision": 2}, "image.ready"),
        (
            make_ready(status=Status.PROCESSING),
            {"status": Status.READY, "status_reason": "No."},
            "image.ready",
        ),
        (make_ready(), {"tags": ("sea",)}, "image.updated"),
        (make_ready(), {"description": "A"}, "image.updated"),
        (make_ready(), {"filename": "b.jpg"}, "image.updated"),
        (make_ready(), {"visibility": Visibility.PRIVATE}, "image.updated"),
        (make_ready(), {"link_generation": 2}, None),
        (make_ready(), {"trash": TRASH}, "image.updated"),
        (make_ready(trash=TRASH), {"trash": None}, "image.updated"),
        (make_ready(visibility=Visibility.PRIVATE), {"trash": TRASH}, "image.updated"),
        (
            make_image(trash=TRASH, **REJECTED),
            {"trash": TRASH.model_copy(update={"state_ends_at": 1}), "has_original": False},
            None,
        ),
        (make_ready(), {"replacement": make_replacement()}, None),
        (
            make_ready(replacement=make_replacement()),
            {"replacement": make_replacement(**REJECTED)},
            "image.updated",
        ),
        (
            make_ready(replacement=make_replacement()),
            {"replacement": make_replacement(**FAILED)},
            "image.updated",
        ),
        (make_ready(replacement=make_replacement()), {"replacement": None, "revision": 2}, "image.ready"),
        (REPLACED, {"replacement": make_replacement(status=Status.REJECTED)}, None),  # taken back
        (make_image(), {"visibility": Visibility.PRIVATE}, "image.updated"),
    ],
)
def test_change_tells_one_event_or_none(old: Image, fields: dict[str, Any], told: str | None) -> None:
    assert tell(old, change(old, **fields)) == told


@pytest.mark.parametrize(
    ("old", "told"),
    [
        (make_ready(), "image.deleted"),
        (make_image(), "image.deleted"),
        (make_image(**FAILED), "image.deleted"),
        (make_image(version=3, has_original=False, **REJECTED), "image.deleted"),
        (make_ready(trash=TRASH), "image.deleted"),
        (make_pending(), None),
        (make_pending(version=2), None),
        (make_pending(version=3), "image.deleted"),  # it may have failed before
        (make_image(has_original=False, status=Status.REJECTED), None),  # taken back: it never was an image
    ],
)
def test_end_is_told_of_images_that_others_may_know(old: Image, told: str | None) -> None:
    assert tell(old, None) == told


@pytest.mark.parametrize(
    ("old", "told"),
    [
        (make_ready(), "image.ready"),
        (make_ready(trash=TRASH), "image.updated"),
        (make_image(), "image.updated"),
        (make_image(**FAILED), "image.failed"),
        (make_image(version=2, **REJECTED), "image.rejected"),
        (make_image(has_original=False, status=Status.REJECTED), None),  # taken back
        (make_pending(), None),
    ],
)
def test_restored_image_is_told_as_it_is(old: Image, told: str | None) -> None:
    assert tell(old, old.model_copy(update={"version": 1_795_780_800_000})) == told


def test_new_image_and_files_tell_nothing() -> None:
    file = File.create(user_id="ann", filename="a", content_type="image/png", size=1)
    for old, new in ((None, make_image()), (None, make_ready()), (file, None), (None, None)):
        assert derive_event(old, new, NOW) is None


def test_detail_has_the_fields_of_the_contract_and_nothing_private() -> None:
    old = make_image(description="secret", filename="secret.jpg", tags=("sea",))
    event = derive_event(old, change(old, status=Status.READY), NOW)
    assert event
    detail = json.loads(event.dump())
    assert [*detail] == FIELDS
    assert detail["at"].endswith("Z")
    assert "secret" not in event.dump()
    rejected = derive_event(old, change(old, **REJECTED), NOW)
    assert rejected
    assert json.loads(rejected.dump())["reason"] == "No picture."


def test_end_has_a_version_and_a_time_after_the_last() -> None:
    old = make_ready(version=7)
    for removed_at, at in ((NOW, "2029-03-03T09:46:40.000000Z"), (0.0, None)):
        event = derive_event(old, None, removed_at)
        assert event
        assert event.detail.version == 8
        assert at is None or json.loads(event.dump())["at"] == at
        assert event.detail.at >= old.updated_at


def test_image_in_the_trash_is_told_as_private() -> None:
    old = make_ready(visibility=Visibility.PUBLIC)
    event = derive_event(old, change(old, trash=TRASH), NOW)
    assert event
    assert event.detail.visibility is Visibility.PRIVATE


def test_ten_of_the_largest_events_fit_into_one_call() -> None:
    old = make_image(
        user_id="\\" * 128,
        tags=tuple(f"{number:02}" + "\N{LINEAR B SYLLABLE B008 A}" * 48 for number in range(20)),
    )
    event = derive_event(old, change(old, status=Status.REJECTED, status_reason="x" * 1000), NOW)
    assert event
    assert len(event.dump().encode()) * MAX_ENTRIES < MAX_CALL_BYTES / 2


@given(life=lives, order=st.randoms(use_true_random=False))
def test_consumer_that_drops_lower_versions_ends_right_in_any_order(life: Life, order: random.Random) -> None:
    events = [event for old, new in life.steps if (event := derive_event(old, new, NOW))]
    versions = [event.detail.version for event in events]
    assert versions == sorted({*versions})
    told = [(str(event.type), json.loads(event.dump())) for event in events]
    arrived = [*told, *told[::2]]
    order.shuffle(arrived)
    consumer = Consumer()
    for kind, detail in arrived:
        consumer.take(kind, detail)
    last = life.versions[-1]
    known = consumer.images.get(last.id)
    if known is None:
        assert is_silent(last)
        assert not events
    elif life.is_removed:
        assert known["type"] == EventType.DELETED
    else:
        assert known["status"] == last.status
        assert known["visibility"] == (Visibility.PRIVATE if last.is_trashed else last.visibility)
        assert (known["tags"], known["width"]) == ([*last.tags], last.width)
        assert known["contentType"] == last.content_type


@given(life=lives)
def test_event_says_what_the_record_said_at_its_version(life: Life) -> None:
    for old, new in life.steps:
        event = derive_event(old, new, NOW)
        if event and new:
            assert event.detail.version == new.version
            assert event.detail.at == new.updated_at
            assert event.detail.status is new.status
        if old and new and old.status is not new.status and new.status in {*Status} - {Status.PENDING}:
            assert event or (old.status, new.status) == (Status.PENDING, Status.PROCESSING)


def test_lives_contain_every_change() -> None:
    assert {f"event {event}" for event in Event} - {*CHANGES} == {"event retry"}
