"""An uploaded original becomes an image: load, verify, render, store, mark."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from imaging.reports import EncodedRendition, Rendered
from shared import lifecycle
from shared.errors import DomainError, NotFound, QuotaExceeded, UnacceptableImage
from shared.images import ImageRepository
from shared.inspection import inspect
from shared.lifecycle import Event, Status
from shared.models import Facts, Image, Rendition
from shared.renditions import RenditionName
from shared.storage import ImageStorage, make_original_key, make_rendition_key, make_upload_key

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 3.2
# API Gateway and the function's timeout end a request after 29 seconds: its row is written by then, or never.
ROW_PATIENCE = timedelta(seconds=35)
# Lambda's second try comes a minute after the first.
LATE_AGE = timedelta(seconds=50)
DELAYED_REASON = "Processing takes longer than usual."
FAILED_REASON = "Processing failed on our side, not because of the image."

type Render = Callable[[bytes, float], Rendered]
"""Makes renditions of bytes within some seconds. Raises UnacceptableImage, or an error that may pass."""


class Processor:
    """Processes new objects. Every step may run twice, late, or after its image was deleted."""

    def __init__(
        self,
        images: ImageRepository,
        storage: ImageStorage,
        *,
        render: Render,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._images = images
        self._storage = storage
        self._render = render
        self._sleep = sleep

    def accept(self, image_id: str, uploaded_at: datetime) -> str:
        """Verify the bytes that a client posted to S3, and make them the original of its image.

        Returns the outcome, for the log. Only the first good post counts: what was verified stays.
        """
        try:
            image = self._images.get(image_id)
        except NotFound:
            outcome = "not awaited"
        else:
            is_awaited = lifecycle.awaits_upload(image.state)
            outcome = self._verify(image, uploaded_at) if is_awaited else _say_before(image)
        self._storage.delete(make_upload_key(image_id))
        return outcome

    def process(self, image_id: str, uploaded_at: datetime, *, seconds: float) -> str:
        """Render an original within some seconds, and return the outcome, for the log.

        Raises errors that may pass, so that the event comes again.
        """
        age = _get_age(uploaded_at)
        image = self._await_row(image_id, age)
        if image is None:
            self._storage.delete_image(image_id)
            return "deleted"
        if lifecycle.is_final(image.state):
            return self._end_early(image)
        if lifecycle.awaits_upload(image.state) and not self._take(image_id):
            return Status.REJECTED
        if age > LATE_AGE:
            self._note_late_try(image)
        with self._marking(Event.FAIL, image_id):
            return self._finish(image_id, seconds)

    def _verify(self, image: Image, uploaded_at: datetime) -> str:
        if _get_age(uploaded_at) > LATE_AGE and self._storage.has(make_upload_key(image.id)):
            # The first try was killed, and this one may be. A stalled upload does not end with its form.
            self._images.apply(image.id, Event.STALL, reason=FAILED_REASON)
        with self._marking(Event.STALL, image.id):
            try:
                data = self._storage.get(make_upload_key(image.id))
                _require_announced(image, data)
                content_type = inspect(data).content_type
            except NotFound:
                return "accepted before"
            except UnacceptableImage as error:
                if self._storage.has(make_original_key(image.id)):
                    return "accepted before"  # an earlier post, whose own event is still to come
                self._images.apply(image.id, Event.REFUSE, reason=error.detail)
                return Status.REJECTED
            self._storage.add(make_original_key(image.id), data, content_type)
            return "accepted"

    def _take(self, image_id: str) -> bool:
        """Count a verified upload for its user. If there is no room, reject it and delete its bytes."""
        try:
            self._images.apply(image_id, Event.VERIFY)
        except QuotaExceeded as error:
            self._images.apply(image_id, Event.REFUSE, reason=error.detail)
            self._storage.delete_image(image_id)
            return False
        return True

    @contextmanager
    def _marking(self, event: Event, image_id: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            with suppress(DomainError):
                self._images.apply(image_id, event, reason=FAILED_REASON)
            raise

    def _note_late_try(self, image: Image) -> None:
        """Note a late try. The second one is noted as failed before it begins.

        A function that runs out of memory or time is killed, and can note nothing afterwards.
        """
        if image.status_reason is None:
            self._images.apply(image.id, Event.DELAY, reason=DELAYED_REASON)
        else:
            self._images.apply(image.id, Event.FAIL, reason=FAILED_REASON)

    def _await_row(self, image_id: str, age: timedelta) -> Image | None:
        """Read the row. It is written after the object, and may come a moment later than the event."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            with suppress(NotFound):
                return self._images.get(image_id)
            if age > ROW_PATIENCE or not self._storage.has(make_original_key(image_id)):
                return None
            self._sleep(pause)
            age += timedelta(seconds=pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _finish(self, image_id: str, seconds: float) -> str:
        data = self._storage.get(make_original_key(image_id))
        try:
            rendered = self._render(data, seconds)
        except UnacceptableImage as error:
            image = self._images.apply(image_id, Event.REJECT, reason=error.detail)
        else:
            self._store(image_id, rendered.renditions)
            image = self._images.apply(image_id, Event.FINISH, facts=_make_facts(data, rendered))
        if image is None:
            return self._end_overtaken(image_id)
        if image.status is Status.REJECTED:
            self._discard(image)
        return image.status

    def _store(self, image_id: str, renditions: Mapping[RenditionName, EncodedRendition]) -> None:
        def write(name: RenditionName) -> None:
            self._storage.replace(make_rendition_key(image_id, name), renditions[name].data, "image/webp")

        with ThreadPoolExecutor(len(renditions)) as executor:
            list(executor.map(write, renditions))

    def _end_overtaken(self, image_id: str) -> str:
        """Another run had a result first, or the image was deleted. Leave no useless byte."""
        try:
            image = self._images.get(image_id)
        except NotFound:
            self._storage.delete_image(image_id)
            return "deleted"
        return self._end_early(image)

    def _end_early(self, image: Image) -> str:
        """The image has its result. A run that was killed may have left the bytes of a rejected one."""
        if image.status is Status.REJECTED:
            self._discard(image)
        return _say_before(image)

    def _discard(self, image: Image) -> None:
        """Delete the bytes of a rejected image. From then on it does not count, and it ends after a day."""
        self._storage.delete_image(image.id)
        self._images.apply(image.id, Event.DISCARD, reason=image.status_reason)


def _get_age(uploaded_at: datetime) -> timedelta:
    return max(timedelta(), datetime.now(UTC) - uploaded_at)


def _say_before(image: Image) -> str:
    return f"{image.status} before"


def _require_announced(image: Image, data: bytes) -> None:
    """Raises UnacceptableImage. AWS's S3 has checked the same, because the form says so."""
    if len(data) != image.size:
        raise UnacceptableImage(f"The file has {len(data)} bytes; {image.size} were announced.")
    if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
        raise UnacceptableImage("The SHA-256 of the file is not the one that was announced.")


def _make_facts(data: bytes, rendered: Rendered) -> Facts:
    return Facts(
        content_type=rendered.inspection.content_type,
        size=len(data),
        width=rendered.inspection.width,
        height=rendered.inspection.height,
        sha256=hashlib.sha256(data).hexdigest(),
        animated=rendered.inspection.animated,
        renditions={
            name: Rendition(width=rendition.width, height=rendition.height, size=len(rendition.data))
            for name, rendition in rendered.renditions.items()
        },
        placeholder=rendered.placeholder,
        exif=rendered.exif,
    )
