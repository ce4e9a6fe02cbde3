"""Posted bytes become an original: verify them, then count them for their user."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from processor.waiting import get_age
from shared import lifecycle
from shared.counters import name_upload
from shared.errors import DomainError, Forbidden, NotFound, UnacceptableImage, Unavailable
from shared.images import get_image_usage
from shared.inspection import inspect
from shared.keys import list_revisions, make_original_key, make_upload_key
from shared.lifecycle import Event, Status
from shared.models import Replacement
from shared.replacements import change_revision, find_life

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from shared.images import ImageRepository
    from shared.keys import Revision
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

    type Life = Image | Replacement
    """What a revision is to become, as `find_life` returns it."""

# Lambda's second try comes a minute after the first.
LATE_AGE = timedelta(seconds=50)
FAILED_REASON = "Processing failed on our side, not because of the image."


class Acceptor:
    """Accepts direct uploads. Every step may run twice, late, or after its image was deleted."""

    def __init__(self, images: ImageRepository, usages: UsageRepository, storage: ImageStorage) -> None:
        self._images = images
        self._usages = usages
        self._storage = storage

    def accept(self, upload: Revision, uploaded_at: datetime) -> str:
        """Verify the bytes that a client posted to S3, and make them the original of their revision.

        Returns the outcome, for the log. Only the first good post counts: what was verified stays.
        """
        try:
            image = self._images.get(upload.image_id)
        except NotFound:
            outcome = "not awaited"
        else:
            life = find_life(image, upload.number)
            is_awaited = life is not None and lifecycle.awaits_upload(life.state)
            outcome = (
                self._verify(image, life, upload, uploaded_at) if life and is_awaited else say_before(life)
            )
        self._storage.delete(make_upload_key(*upload))
        return outcome

    def take(self, image: Image, life: Life, original: Revision, age: timedelta) -> bool:
        """Count a verified upload for its user. If there is no room, reject it and delete its bytes."""
        if age > LATE_AGE:
            # As in `_verify`: a stalled upload does not end with its form.
            self._apply(original, Event.STALL, reason=FAILED_REASON)
        counted = get_image_usage(change_revision(image, original.number, Event.VERIFY))
        counted += -get_image_usage(image)
        name = f"{image.id} {image.version}"
        with self._marking(Event.STALL, original):
            try:
                # The form has taken a token of the user's rate already.
                self._usages.reserve(name, image.user_id, counted, takes_token=False)
            except Forbidden as error:
                if self._refuse(image, life, original, error) is None:
                    return True  # another run has counted it
                self._storage.delete_revisions(list_bytes(image, life))
                return False
        try:
            is_taken = self._apply(original, Event.VERIFY) is not None
        except DomainError:
            # DynamoDB may still carry out the change, unless another change comes before it.
            if self._apply(original, Event.STALL, reason=FAILED_REASON):
                self._usages.release(name, image.user_id, counted)
            raise
        if not is_taken and not self._is_counted(original):
            self._usages.release(name, image.user_id, counted)
        self._end_upload(image, life)
        return True

    def _apply(self, revision: Revision, event: Event, *, reason: str | None = None) -> Image | None:
        return self._images.apply(revision.image_id, event, reason=reason, revision=revision.number)

    @contextmanager
    def _marking(self, event: Event, revision: Revision) -> Iterator[None]:
        try:
            yield
        except Exception:
            with suppress(DomainError):
                self._apply(revision, event, reason=FAILED_REASON)
            raise

    def _verify(self, image: Image, life: Life, upload: Revision, uploaded_at: datetime) -> str:
        key = make_upload_key(*upload)
        if get_age(uploaded_at) > LATE_AGE and self._storage.has(key):
            # The first try was killed, and this one may be. A stalled upload does not end with its form.
            self._apply(upload, Event.STALL, reason=FAILED_REASON)
        with self._marking(Event.STALL, upload):
            try:
                data = self._storage.get(key)
                _require_announced(life, data)
                content_type = inspect(data).content_type
            except NotFound:
                return "accepted before"
            except UnacceptableImage as error:
                if self._storage.has(make_original_key(*upload)):
                    return "accepted before"  # an earlier post, whose own event is still to come
                self._refuse(image, life, upload, error)
                return Status.REJECTED
            self._storage.add(make_original_key(*upload), data, content_type)
            return "accepted"

    def _refuse(self, image: Image, life: Life, revision: Revision, error: DomainError) -> Image | None:
        refused = self._apply(revision, Event.REFUSE, reason=error.detail)
        self._end_upload(image, life)
        return refused

    def _end_upload(self, image: Image, life: Life) -> None:
        """Count an upload as pending no more. If that fails, it ends with its form."""
        upload = name_upload(image.id, life if isinstance(life, Replacement) else None)
        with suppress(Unavailable):
            self._usages.end_upload(upload, image.user_id, life.size)

    def _is_counted(self, revision: Revision) -> bool:
        """Tell if another run has counted the revision, with the same reservation."""
        try:
            image = self._images.get(revision.image_id)
        except NotFound:
            return False
        life = find_life(image, revision.number)
        return image.revision >= revision.number if life is None else lifecycle.counts(life.state)


def say_before(life: Life | None) -> str:
    return "replaced" if life is None else f"{life.status} before"


def list_bytes(image: Image, life: Life) -> list[Revision]:
    """Return the revisions that go with what is rejected: not the one that is shown, if that stays."""
    return [
        revision
        for revision in list_revisions(image)
        if life is image or image.revision < revision.number <= life.revision
    ]


def _require_announced(life: Life, data: bytes) -> None:
    """Raises UnacceptableImage. AWS's S3 has checked the same, because the form says so."""
    if len(data) != life.size:
        raise UnacceptableImage(f"The file has {len(data)} bytes; {life.size} were announced.")
    if life.sha256 and hashlib.sha256(data).hexdigest() != life.sha256:
        raise UnacceptableImage("The SHA-256 of the file is not the one that was announced.")
