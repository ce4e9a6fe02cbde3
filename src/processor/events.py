"""Events of images, as other systems are told them: at most one for each version of an image.

| the change                                                              | event            |
|-------------------------------------------------------------------------|------------------|
| the image becomes ready: it is new, processed again, or has other bytes | `image.ready`    |
| the image is rejected                                                   | `image.rejected` |
| the image fails                                                         | `image.failed`   |
| a field of `Detail` changes, its name or its description, or it comes   |                  |
| into the trash or out of it                                             | `image.updated`  |
| the table is restored to a time: the version leaves some out            | as its state is  |
| the record is removed, by its owner or because it has ended             | `image.deleted`  |
| it is added, and all else                                               | none             |

A direct upload tells nothing while it waits for its bytes the first time. So its end tells nothing either. An
upload that was taken back at once tells nothing at all.

This module is pure: it knows no table and no bus.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from shared.bases import Model, Timestamp
from shared.lifecycle import Status
from shared.models import File, Image, Visibility


class EventType(StrEnum):
    """The things that happen to an image."""

    READY = "image.ready"
    REJECTED = "image.rejected"
    FAILED = "image.failed"
    UPDATED = "image.updated"
    DELETED = "image.deleted"


VERDICTS = {
    Status.READY: EventType.READY,
    Status.REJECTED: EventType.REJECTED,
    Status.FAILED: EventType.FAILED,
}
RETRIED_VERSION = 3
"""The first version in which an upload can wait for its bytes again, after it was told that it has failed."""
UNTOLD = ("filename", "description", "is_trashed")
"""The facts whose changes are told, but not the facts themselves."""


class Detail(Model):
    """The image as an event tells it: without bytes, location and URLs."""

    id: str
    user_id: str
    version: int
    at: Timestamp
    """When it changed."""
    status: Status
    visibility: Visibility
    """An image in the trash is private, whatever it is outside."""
    tags: tuple[str, ...]
    content_type: str
    width: int | None
    height: int | None
    reason: str | None = None
    """Why it, or the replacement of its bytes, was rejected or has failed."""

    @classmethod
    def of(cls, image: Image) -> Self:
        return cls(
            id=image.id,
            user_id=image.user_id,
            version=image.version,
            at=image.updated_at,
            status=image.status,
            visibility=Visibility.PRIVATE if image.is_trashed else image.visibility,
            tags=image.tags,
            content_type=image.content_type,
            width=image.width,
            height=image.height,
            reason=_find_reason(image),
        )


@dataclass(frozen=True)
class ImageEvent:
    """Something that happened to an image. `id` and `version` of its detail recognise it."""

    type: EventType
    detail: Detail

    def dump(self) -> str:
        """Write the detail as JSON. A reason is there only if there is one."""
        exclude = {"reason"} if self.detail.reason is None else None
        return self.detail.model_dump_json(by_alias=True, exclude=exclude)


def derive_event(old: Image | File | None, new: Image | File | None, changed_at: float) -> ImageEvent | None:
    """Return what a change tells. `changed_at`, in seconds since 1970, is when a record was removed."""
    if not isinstance(old, Image):
        return None
    if not isinstance(new, Image):
        return _derive_end(old, changed_at) if _was_told(old) else None
    kind = _find_restored(old, new) or _find_verdict(old, new)
    if kind is None and _has_changed(old, new):
        kind = EventType.UPDATED
    return ImageEvent(kind, Detail.of(new)) if kind else None


def _find_verdict(old: Image, new: Image) -> EventType | None:
    """Return the verdict that the change brings, if it brings one."""
    if new.status is old.status and (new.status is not Status.READY or new.revision == old.revision):
        return None
    return VERDICTS.get(new.status)


def _find_restored(old: Image, new: Image) -> EventType | None:
    """Return what tells the image as it is again, if it was restored. Others may know a later state."""
    if new.version <= old.version + 1 or not _was_told(old):
        return None
    return EventType.UPDATED if new.is_trashed else VERDICTS.get(new.status, EventType.UPDATED)


def _has_changed(old: Image, new: Image) -> bool:
    if not _was_told(old):
        return False
    before, after = (Detail.of(image).model_dump(exclude={"version", "at"}) for image in (old, new))
    return before != after or any(getattr(old, name) != getattr(new, name) for name in UNTOLD)


def _derive_end(old: Image, removed_at: float) -> ImageEvent:
    """The end is a version of its own, so that nobody takes an event that comes late for a newer one."""
    at = max(datetime.fromtimestamp(removed_at, UTC), old.updated_at)
    detail = Detail.of(old).model_copy(update={"version": old.version + 1, "at": at})
    return ImageEvent(EventType.DELETED, detail)


def _was_told(image: Image) -> bool:
    """Tell whether others may know of the image."""
    match image.status:
        case Status.PENDING:
            return image.version >= RETRIED_VERSION
        case Status.REJECTED:
            return image.version > 1  # it began as rejected: its upload was taken back
        case _:
            return True


def _find_reason(image: Image) -> str | None:
    """Return why the image, or else the replacement of its bytes, was rejected or has failed.

    A run that is under way has a reason too, if it waits for its next try.
    """
    reasons = (life.status_reason for life in (image, image.replacement) if life and life.status in VERDICTS)
    return next(filter(None, reasons), None)
