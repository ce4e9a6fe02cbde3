"""An uploaded original becomes an image: load, verify, render, store, mark."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from imaging.reports import EncodedRendition, Rendered
from processor.waiting import await_row, get_age
from shared import lifecycle
from shared.errors import DomainError, Forbidden, NotFound, UnacceptableImage, Unavailable
from shared.images import ImageRepository
from shared.inspection import Inspection, inspect
from shared.lifecycle import Event, Status
from shared.models import Facts, Image, Rendition
from shared.quotas import Usage
from shared.renditions import RENDITION_TYPE, RenditionName
from shared.storage import (
    ImageStorage,
    Revision,
    list_revisions,
    make_original_key,
    make_rendition_key,
    make_upload_key,
)
from shared.usages import UsageRepository

# Lambda's second try comes a minute after the first.
LATE_AGE = timedelta(seconds=50)
MAX_LEFTOVERS = 20
"""Revisions before the one that is shown, whose bytes a run that was killed may have left."""
DELAYED_REASON = "Processing takes longer than usual."
FAILED_REASON = "Processing failed on our side, not because of the image."


type Render = Callable[[bytes, float], Rendered]
"""Makes renditions of bytes within some seconds. Raises UnacceptableImage, or an error that may pass."""


class Processor:
    """Processes new objects. Every step may run twice, late, or after its image was deleted."""

    def __init__(
        self,
        images: ImageRepository,
        usages: UsageRepository,
        storage: ImageStorage,
        *,
        render: Render,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._images = images
        self._usages = usages
        self._storage = storage
        self._render = render
        self._sleep = sleep

    def accept(self, upload: Revision, uploaded_at: datetime) -> str:
        """Verify the bytes that a client posted to S3, and make them the original of their revision.

        Returns the outcome, for the log. Only the first good post counts: what was verified stays.
        """
        try:
            image = self._images.get(upload.image_id)
        except NotFound:
            outcome = "not awaited"
        else:
            is_awaited = lifecycle.awaits_upload(image.state)
            outcome = self._verify(image, upload, uploaded_at) if is_awaited else _say_before(image)
        self._storage.delete(make_upload_key(*upload))
        return outcome

    def process(self, original: Revision, uploaded_at: datetime, *, seconds: float) -> str:
        """Render an original within some seconds, and return the outcome, for the log.

        Raises errors that may pass, so that the event comes again.
        """
        age = get_age(uploaded_at)
        image = self._await_row(original, age)
        if image is None:
            self._storage.delete_revisions(original.list_up_to_here())
            return "deleted"
        if lifecycle.is_final(image.state):
            return self._end_early(image, original)
        if original.number < image.latest_revision:
            return self._end_replaced(image, original)
        if lifecycle.awaits_upload(image.state) and not self._take(image, age):
            return Status.REJECTED
        if age > LATE_AGE:
            self._note_late_try(image, original)
        with self._marking(Event.FAIL, image.id, original.number):
            return self._finish(image, original, seconds)

    def _verify(self, image: Image, upload: Revision, uploaded_at: datetime) -> str:
        key = make_upload_key(*upload)
        if get_age(uploaded_at) > LATE_AGE and self._storage.has(key):
            # The first try was killed, and this one may be. A stalled upload does not end with its form.
            self._images.apply(image.id, Event.STALL, reason=FAILED_REASON)
        with self._marking(Event.STALL, image.id):
            try:
                data = self._storage.get(key)
                _require_announced(image, data)
                content_type = inspect(data).content_type
            except NotFound:
                return "accepted before"
            except UnacceptableImage as error:
                if self._storage.has(make_original_key(*upload)):
                    return "accepted before"  # an earlier post, whose own event is still to come
                self._refuse(image, error)
                return Status.REJECTED
            self._storage.add(make_original_key(*upload), data, content_type)
            return "accepted"

    def _take(self, image: Image, age: timedelta) -> bool:
        """Count a verified upload for its user. If there is no room, reject it and delete its bytes."""
        if age > LATE_AGE:
            # As in `_verify`: a stalled upload does not end with its form.
            self._images.apply(image.id, Event.STALL, reason=FAILED_REASON)
        counted = Usage(images=1, bytes=image.size)
        name = f"{image.id} {image.version}"
        with self._marking(Event.STALL, image.id):
            try:
                # The form has taken a token of the user's rate already.
                self._usages.reserve(name, image.user_id, counted, takes_token=False)
            except Forbidden as error:
                if self._refuse(image, error) is None:
                    return True  # another run has counted it
                self._storage.delete_revisions(list_revisions(image))
                return False
        try:
            is_taken = self._images.apply(image.id, Event.VERIFY) is not None
        except DomainError:
            # DynamoDB may still carry out the change, unless another change comes before it.
            if self._images.apply(image.id, Event.STALL, reason=FAILED_REASON):
                self._usages.release(name, image.user_id, counted)
            raise
        if not is_taken and not self._is_counted(image.id):
            self._usages.release(name, image.user_id, counted)
        self._end_upload(image)
        return True

    def _refuse(self, image: Image, error: DomainError) -> Image | None:
        refused = self._images.apply(image.id, Event.REFUSE, reason=error.detail)
        self._end_upload(image)
        return refused

    def _end_upload(self, image: Image) -> None:
        """Count an upload as pending no more. If that fails, it ends with its form."""
        with suppress(Unavailable):
            self._usages.end_upload(image.id, image.user_id, image.size)

    def _is_counted(self, image_id: str) -> bool:
        """Tell if another run has counted the image, with the same reservation."""
        try:
            return lifecycle.counts(self._images.get(image_id).state)
        except NotFound:
            return False

    @contextmanager
    def _marking(self, event: Event, image_id: str, revision: int | None = None) -> Iterator[None]:
        try:
            yield
        except Exception:
            with suppress(DomainError):
                self._images.apply(image_id, event, reason=FAILED_REASON, revision=revision)
            raise

    def _note_late_try(self, image: Image, original: Revision) -> None:
        """Note a late try. The second one is noted as failed before it begins.

        A function that runs out of memory or time is killed, and can note nothing afterwards.
        """
        if image.status_reason is None:
            self._images.apply(image.id, Event.DELAY, reason=DELAYED_REASON, revision=original.number)
        else:
            self._images.apply(image.id, Event.FAIL, reason=FAILED_REASON, revision=original.number)

    def _await_row(self, original: Revision, age: timedelta) -> Image | None:
        key = make_original_key(*original)
        return await_row(
            lambda: self._images.get(original.image_id), lambda: self._storage.has(key), age, self._sleep
        )

    def _finish(self, begun: Image, original: Revision, seconds: float) -> str:
        image_id = original.image_id
        data = self._storage.get(make_original_key(*original))
        try:
            inspection = inspect(data)
            rendered = self._render(data, seconds)
        except UnacceptableImage as error:
            image = self._images.apply(image_id, Event.REJECT, reason=error.detail, revision=original.number)
        else:
            self._store(original, rendered.renditions)
            facts = _make_facts(data, inspection, rendered, original.number)
            image = self._images.apply(image_id, Event.FINISH, facts=facts, revision=original.number)
        if image is None:
            return self._end_overtaken(original)
        self._delete_leftovers(image, original, first=begun.revision)
        return image.status

    def _store(self, original: Revision, renditions: Mapping[RenditionName, EncodedRendition]) -> None:
        def write(name: RenditionName) -> None:
            key = make_rendition_key(original.image_id, name, original.number)
            self._storage.add(key, renditions[name].data, RENDITION_TYPE)

        with ThreadPoolExecutor(len(renditions)) as executor:
            list(executor.map(write, renditions))

    def _end_replaced(self, image: Image, original: Revision) -> str:
        """A later revision was begun, and has an event of its own. No run of this one can have a result."""
        if original.number != image.revision:
            self._storage.delete_revisions([original])
        return "replaced"

    def _end_overtaken(self, original: Revision) -> str:
        """Another run had a result first, or the image was deleted. Leave no useless byte."""
        try:
            image = self._images.get(original.image_id)
        except NotFound:
            self._storage.delete_revisions(original.list_up_to_here())
            return "deleted"
        if original.number < image.latest_revision:
            return self._end_replaced(image, original)
        return self._end_early(image, original)

    def _end_early(self, image: Image, original: Revision) -> str:
        """The image has its result. A run that was killed may have left bytes that nobody needs."""
        first = (
            max(1, original.number - MAX_LEFTOVERS) if original.number == image.revision else original.number
        )
        self._delete_leftovers(image, original, first=first)
        return _say_before(image)

    def _delete_leftovers(self, image: Image, original: Revision, *, first: int) -> None:
        """Delete the bytes of a rejected image, or the revisions from `first` on that are not shown.

        From then on a rejected image does not count, and it ends after a day.
        """
        if image.status is Status.REJECTED:
            self._storage.delete_revisions(list_revisions(image))
            if image.has_original:
                self._images.apply(image.id, Event.DISCARD, reason=image.status_reason)
            return
        others = [
            Revision(image.id, number)
            for number in range(first, original.number + 1)
            if number != image.revision
        ]
        if others and image.status is Status.READY:
            self._storage.delete_revisions(others)


def _say_before(image: Image) -> str:
    return f"{image.status} before"


def _require_announced(image: Image, data: bytes) -> None:
    """Raises UnacceptableImage. AWS's S3 has checked the same, because the form says so."""
    if len(data) != image.size:
        raise UnacceptableImage(f"The file has {len(data)} bytes; {image.size} were announced.")
    if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
        raise UnacceptableImage("The SHA-256 of the file is not the one that was announced.")


def _make_facts(data: bytes, inspection: Inspection, rendered: Rendered, revision: int) -> Facts:
    return Facts(
        content_type=inspection.content_type,
        size=len(data),
        width=inspection.width,
        height=inspection.height,
        sha256=hashlib.sha256(data).hexdigest(),
        animated=inspection.animated,
        renditions={
            name: Rendition(width=rendition.width, height=rendition.height, size=len(rendition.data))
            for name, rendition in rendered.renditions.items()
        },
        placeholder=rendered.placeholder,
        exif=rendered.exif,
        revision=revision,
    )
