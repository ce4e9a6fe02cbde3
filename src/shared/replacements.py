"""The revisions of an image: which life each one has, and how other bytes become the image.

This module knows no table and no bucket. An image has one replacement at a time. As long as that is open,
the image itself is not processed.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from shared import lifecycle
from shared.errors import Conflict, StillProcessing
from shared.lifecycle import READY, Event, ImpossibleChange, State, Status
from shared.models import Facts, Image, Replacement

AWAITED_REASON = "Its bytes have not been uploaded yet."
LACKED_FACTS = ("placeholder", "exif")
"""The facts that some bytes do not have."""
REJECTED_REASON = "Its bytes were rejected and are deleted. Upload the image again."


def get_open(image: Image) -> Replacement | None:
    """Return the replacement that may still become the image."""
    replacement = image.replacement
    return replacement if replacement and lifecycle.is_open(replacement.state, datetime.now(UTC)) else None


def get_shown(image: Image) -> Replacement | None:
    """Return the replacement that the owner sees: an open one, or a rejected one for a day."""
    replacement = image.replacement
    has_ended = replacement and lifecycle.has_ended(replacement.state, datetime.now(UTC))
    return None if has_ended else replacement


def find_life(image: Image, revision: int) -> Image | Replacement | None:
    """Return what a revision is to become: the image itself, or its replacement.

    None if nobody needs it: a later one was begun, or the replacement has ended.
    """
    if image.replacement and revision == image.replacement.revision:
        return get_shown(image)
    return image if revision == image.latest_revision else None


def get_source(image: Image) -> Replacement | Image:
    """Return what the latest revision is made of, with the revision that has its bytes."""
    return get_open(image) or image


def require_replaceable(image: Image) -> None:
    """Raises Conflict if the image has nothing to replace, StillProcessing while it is processed."""
    if lifecycle.takes_replacement(image.state):
        return
    if image.status is Status.PROCESSING:
        raise StillProcessing
    if lifecycle.awaits_upload(image.state):
        raise Conflict(AWAITED_REASON)
    raise Conflict(REJECTED_REASON)


def begin_replacement(image: Image, replacement: Replacement, *, lost: Replacement | None = None) -> Image:
    """Put a replacement beside an image, in place of one whose bytes have not come or that has failed.

    Raises as `require_replaceable` does, and StillProcessing for a replacement that is processed, unless it
    is the one whose bytes are `lost`.
    """
    require_replaceable(image)
    before = get_open(image)
    if before and before.status is Status.PROCESSING and before.id != (lost and lost.id):
        raise StillProcessing
    number = image.latest_revision + 1
    numbered = replacement.model_copy(update={"revision": number})
    return image.model_copy(update={"replacement": numbered, "latest_revision": number})


def change_revision(
    image: Image,
    revision: int | None,
    event: Event,
    *,
    reason: str | None = None,
    facts: Facts | None = None,
) -> Image:
    """Return the image after an event in the life of one of its revisions. None stands for the image itself.

    Raises ImpossibleChange, also if a later revision was begun: the bytes of an earlier one may be deleted.
    """
    if revision is not None:
        life = find_life(image, revision)
        if life is None:
            raise ImpossibleChange
        if isinstance(life, Replacement):
            changed = life.after(event, reason=reason)
            if changed.status is Status.READY:
                return _become(image, changed, facts or Facts())
            return image.model_copy(update={"replacement": changed})
    return image.after(event, reason=reason, facts=facts)


def retry(image: Image) -> Image:
    """Return the image when its owner wants another run: of its replacement if that has failed.

    Raises ImpossibleChange.
    """
    if replacement := get_open(image):
        return image.model_copy(update={"replacement": replacement.after(Event.RETRY)})
    return image.after(Event.RETRY)


def withdraw(replacement: Replacement) -> Callable[[Image], Image]:
    """Make a change: the image as if this replacement had never begun.

    It raises ImpossibleChange if the replacement has a result, or if there is another one.
    """

    def change(image: Image) -> Image:
        found = get_open(image)
        if found is None or found.id != replacement.id:
            raise ImpossibleChange
        return image.model_copy(update={"replacement": found.withdrawn()})

    return change


def _become(image: Image, replacement: Replacement, facts: Facts) -> Image:
    """Give an image the bytes of its replacement. No fact of its earlier bytes stays."""
    found = {name: value for name, value in facts if value is not None}
    return image.in_state(State(*READY)).model_copy(
        update={
            **dict.fromkeys(LACKED_FACTS),
            **found,
            "revision": replacement.revision,
            "filename": replacement.filename or image.filename,
            "status_reason": None,
            "replacement": None,
            "replaced_by": replacement.claim,
        }
    )
