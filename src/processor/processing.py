"""An uploaded original becomes an image: load, verify, render, store, mark."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from processor.renditions import EncodedRendition, Rendered
from shared.errors import DomainError, NotFound, QuotaExceeded, UnacceptableImage
from shared.images import FINAL_STATUSES, ImageRepository
from shared.inspection import inspect
from shared.models import Image, ProcessingResult, Rendition, RenditionName, Status
from shared.storage import ImageStorage, make_original_key, make_rendition_key, make_upload_key

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 3.2
# API Gateway and the function's timeout end a request after 29 seconds: what has no row by then gets none.
ROW_PATIENCE = timedelta(seconds=35)
# Lambda's second try comes a minute after the first.
LATE_AGE = timedelta(seconds=50)
DELAYED_REASON = "Processing takes longer than usual."
FAILED_REASON = "Processing failed on our side, not because of the image."

type Render = Callable[[bytes, float], Rendered]
"""Bytes and the seconds that there are, to renditions. Raises `UnacceptableImage`, or what passes."""


class Processor:
    """Processes what arrives in the bucket. Every step may run twice, late, or after the image has gone."""

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

    def accept(self, image_id: str) -> str:
        """Make what a client posted to S3 the original of its image, if that is what it announced.

        Only the first that is acceptable: a form can be posted to again, and what was verified stays.
        """
        try:
            image = self._images.get(image_id)
        except NotFound:
            outcome = "not awaited"
        else:
            outcome = self._admit(image) if image.awaits_bytes else f"{image.status} before"
        self._storage.delete(make_upload_key(image_id))
        return outcome

    def process(self, image_id: str, uploaded_at: datetime, *, seconds: float) -> str:
        """Return what became of an original. Raises for faults that pass, so that the event comes again."""
        age = max(timedelta(), datetime.now(UTC) - uploaded_at)
        image = self._await_row(image_id, age)
        if image is None:
            self._storage.delete_image(image_id)
            return "deleted"
        if image.status in FINAL_STATUSES:
            return f"{image.status} before"
        if image.awaits_bytes and not self._take(image_id):
            return Status.REJECTED
        if age > LATE_AGE:
            self._prepare_for_the_worst(image)
        with self._marking_failure(image_id):
            return self._finish(image_id, self._make_result(image_id, seconds))

    def _admit(self, image: Image) -> str:
        with self._marking_failure(image.id, while_awaited=True):
            try:
                data = self._storage.get(make_upload_key(image.id))
                _check_announcement(image, data)
                content_type = inspect(data).content_type
            except NotFound:
                return "accepted before"
            except UnacceptableImage as error:
                if self._storage.has(make_original_key(image.id)):
                    return "accepted before"  # of an earlier post, whose own event is still to come
                self._mark(image.id, Status.REJECTED, error.detail, while_awaited=True)
                return Status.REJECTED
            self._storage.add(make_original_key(image.id), data, content_type)
            return "accepted"

    def _take(self, image_id: str) -> bool:
        """Count an upload as its user's, from now on. One for which there is no room is rejected."""
        try:
            self._mark(image_id, Status.PROCESSING)
        except QuotaExceeded as error:
            self._mark(image_id, Status.REJECTED, error.detail)
            self._storage.delete_image(image_id)
            return False
        return True

    @contextmanager
    def _marking_failure(self, image_id: str, *, while_awaited: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception:
            with suppress(DomainError):
                self._mark(image_id, Status.FAILED, FAILED_REASON, while_awaited=while_awaited)
            raise

    def _prepare_for_the_worst(self, image: Image) -> None:
        """Note a late try, and with the second one that the image failed, before it is tried.

        A function that runs out of memory or time is killed and says nothing afterwards.
        """
        if image.status_reason is None:
            self._mark(image.id, Status.PROCESSING, DELAYED_REASON)
        else:
            self._mark(image.id, Status.FAILED, FAILED_REASON)

    def _mark(
        self, image_id: str, status: Status, reason: str | None = None, *, while_awaited: bool = False
    ) -> None:
        result = ProcessingResult(status=status, status_reason=reason)
        self._images.set_result(image_id, result, while_awaited=while_awaited)

    def _await_row(self, image_id: str, age: timedelta) -> Image | None:
        """Read the row, which is written after the object and may be a moment behind its event."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            with suppress(NotFound):
                return self._images.get(image_id)
            if age > ROW_PATIENCE or not self._storage.has(make_original_key(image_id)):
                return None
            self._sleep(pause)
            age += timedelta(seconds=pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _make_result(self, image_id: str, seconds: float) -> ProcessingResult:
        data = self._storage.get(make_original_key(image_id))
        try:
            rendered = self._render(data, seconds)
        except UnacceptableImage as error:
            return ProcessingResult(status=Status.REJECTED, status_reason=error.detail)
        self._store(image_id, rendered.renditions)
        return ProcessingResult(
            status=Status.READY,
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

    def _store(self, image_id: str, renditions: Mapping[RenditionName, EncodedRendition]) -> None:
        def write(name: RenditionName) -> None:
            self._storage.replace(make_rendition_key(image_id, name), renditions[name].data, "image/webp")

        with ThreadPoolExecutor(len(renditions)) as executor:
            list(executor.map(write, renditions))

    def _finish(self, image_id: str, result: ProcessingResult) -> str:
        if self._images.set_result(image_id, result):
            return result.status
        try:
            image = self._images.get(image_id)
        except NotFound:
            # Deleted while we worked, and perhaps cleaned up before we stored: leave no byte behind.
            self._storage.delete_image(image_id)
            return "deleted"
        return f"{image.status} before"


def _check_announcement(image: Image, data: bytes) -> None:
    """S3 has checked the same where it is AWS's: the form said so."""
    if len(data) != image.size:
        raise UnacceptableImage(f"The file has {len(data)} bytes; {image.size} were announced.")
    if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
        raise UnacceptableImage("The file's SHA-256 is not the one that was announced.")
