from __future__ import annotations

import time
from typing import Any

import pytest

from shared.errors import Conflict, StillProcessing
from shared.lifecycle import Event, ImpossibleChange, Status
from shared.models import Facts, Image, Replacement
from shared.replacements import (
    begin_replacement,
    change_revision,
    find_life,
    get_open,
    get_shown,
    get_source,
    retry,
    withdraw,
)
from tests.support.images import FAR_FUTURE, RENDITIONS, START, make_image, make_pending, make_ready

READY = {"status": Status.READY, "renditions": RENDITIONS, "leased_until": None}
STATES: dict[str, dict[str, Any]] = {
    "pending": {"status": Status.PENDING, "has_original": False, "expires_at": FAR_FUTURE},
    "stalled": {"status": Status.FAILED, "has_original": False, "expires_at": FAR_FUTURE},
    "processing": {"status": Status.PROCESSING, "has_original": True, "leased_until": FAR_FUTURE},
    "failed": {"status": Status.FAILED, "has_original": True},
    "rejected with its bytes": {"status": Status.REJECTED, "has_original": True},
    "rejected": {"status": Status.REJECTED, "has_original": False, "expires_at": FAR_FUTURE},
    "ended": {"status": Status.PENDING, "has_original": False, "expires_at": 1},
    "withdrawn": {"status": Status.REJECTED, "has_original": False, "expires_at": int(time.time())},
}
OPEN = {"pending", "stalled", "processing", "failed"}
SHOWN = OPEN | {"rejected with its bytes", "rejected"}


def make_replacement(state: str = "processing", **fields: Any) -> Replacement:  # noqa: ANN401 - any field
    defaults = {"id": state, "revision": 2, "content_type": "image/png", "size": 7, "created_at": START}
    return Replacement.model_validate(defaults | STATES[state] | fields, extra="forbid")


def replace(state: str, **fields: Any) -> Image:  # noqa: ANN401 - any field of a replacement
    """An image that is ready, with a replacement in a state."""
    return make_ready(latest_revision=2, replacement=make_replacement(state, **fields))


@pytest.mark.parametrize("state", STATES)
def test_replacement_is_open_or_shown_as_its_state_says(state: str) -> None:
    image = replace(state)
    assert (get_open(image) is not None, get_shown(image) is not None) == (state in OPEN, state in SHOWN)
    assert get_source(image) is (image.replacement if state in OPEN else image)


@pytest.mark.parametrize("state", STATES)
def test_revision_belongs_to_the_replacement_until_that_has_ended(state: str) -> None:
    """Even then it does not belong to the image: an event may still come for it."""
    image = replace(state)
    assert find_life(image, 2) is (image.replacement if state in SHOWN else None)
    assert find_life(image, 1) is None
    again = image.model_copy(update={"latest_revision": 3})
    assert find_life(again, 3) is again


def test_revision_of_an_image_without_a_replacement_is_its_own() -> None:
    image = make_image(latest_revision=3)
    assert [find_life(image, number) for number in (1, 2, 3, 4)] == [None, None, image, None]


@pytest.mark.parametrize("state", STATES)
def test_new_replacement_takes_the_place_of_any_that_is_not_processed(state: str) -> None:
    image, new = replace(state), make_replacement("pending", id="new")
    if state == "processing":
        with pytest.raises(StillProcessing):
            begin_replacement(image, new)
    begun = begin_replacement(image, new, lost=image.replacement)
    assert begun.replacement
    assert (begun.replacement.id, begun.replacement.revision, begun.latest_revision) == ("new", 3, 3)
    assert (begun.status, begun.revision, begun.size) == (Status.READY, 1, image.size)


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (make_image(), StillProcessing),
        (make_pending(), Conflict),
        (make_image(status=Status.FAILED, has_original=False), Conflict),
        (make_image(status=Status.REJECTED), Conflict),
        (make_image(status=Status.REJECTED, has_original=False), Conflict),
    ],
    ids=lambda value: getattr(value, "status", getattr(value, "__name__", None)),
)
def test_image_that_is_not_ready_and_has_not_failed_is_not_replaced(
    image: Image, error: type[Conflict]
) -> None:
    with pytest.raises(error) as caught:
        begin_replacement(image, make_replacement())
    assert isinstance(caught.value, StillProcessing) is (error is StillProcessing)


@pytest.mark.parametrize("fields", [READY, {"status": Status.FAILED}], ids=["ready", "failed"])
def test_replacement_that_is_ready_is_the_image(fields: dict[str, Any]) -> None:
    replacement = make_replacement(filename="b.png", claim="claim")
    image = make_image(
        **fields, latest_revision=2, replacement=replacement, status_reason="Old.", tags=("a",)
    )
    facts = Facts(content_type="image/png", size=7, width=1, height=1, renditions=RENDITIONS, revision=2)
    ready = change_revision(image, 2, Event.FINISH, facts=facts)
    assert (ready.status, ready.replacement, ready.replaced_by) == (Status.READY, None, "claim")
    assert (ready.filename, ready.size, ready.revision, ready.width) == ("b.png", 7, 2, 1)
    assert (ready.status_reason, ready.leased_until, ready.tags) == (None, None, ("a",))


def test_rejected_replacement_leaves_the_image_as_it_was() -> None:
    image = replace("processing")
    rejected = change_revision(image, 2, Event.REJECT, reason="Why.")
    discarded = change_revision(rejected, 2, Event.DISCARD, reason="Why.")
    for changed, has_original in ((rejected, True), (discarded, False)):
        assert changed.replacement
        assert (changed.replacement.status, changed.replacement.status_reason) == (Status.REJECTED, "Why.")
        assert changed.replacement.has_original is has_original
        assert changed.model_copy(update={"replacement": image.replacement}) == image


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", ["ended", "withdrawn"])
def test_nothing_happens_to_a_replacement_that_has_ended(state: str, event: Event) -> None:
    with pytest.raises(ImpossibleChange):
        change_revision(replace(state), 2, event)


@pytest.mark.parametrize("event", Event)
def test_nothing_happens_to_a_revision_that_was_superseded(event: Event) -> None:
    for image in (replace("processing"), make_image(latest_revision=2)):
        with pytest.raises(ImpossibleChange):
            change_revision(image, 1, event)


@pytest.mark.parametrize(("state", "expected"), [("failed", Status.PROCESSING), ("stalled", Status.PENDING)])
def test_replacement_that_failed_is_tried_again_under_its_revision(state: str, expected: Status) -> None:
    image = retry(replace(state))
    assert image.replacement
    assert (image.replacement.status, image.replacement.revision) == (expected, 2)
    assert (image.status, image.latest_revision) == (Status.READY, 2)


@pytest.mark.parametrize("state", STATES)
def test_image_is_tried_again_if_no_replacement_is_open(state: str) -> None:
    if state in {"pending", "processing"}:
        with pytest.raises(ImpossibleChange):
            retry(replace(state))
    elif state not in OPEN:
        image = retry(replace(state))
        assert (image.status, image.latest_revision) == (Status.PROCESSING, 3)


@pytest.mark.parametrize("state", STATES)
def test_only_an_open_replacement_is_withdrawn(state: str) -> None:
    image = replace(state)
    assert image.replacement
    change = withdraw(image.replacement)
    if state not in OPEN:
        with pytest.raises(ImpossibleChange):
            change(image)
        return
    gone = change(image)
    assert gone.replacement
    assert (get_shown(gone), gone.replacement.has_original) == (None, False)
    with pytest.raises(ImpossibleChange):
        withdraw(make_replacement(id="another"))(image)
