"""Imports: each entry of a source becomes an image, exactly once, however often the import is stopped.

An image takes the way of a direct upload. The tool writes the record and the bytes, and the processor
verifies, counts and processes them as those of a client. So nothing is left over when the import is killed.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from operations.moving.journal import Outcome
from operations.moving.sources import SourceError
from shared import lifecycle
from shared.counters import Form
from shared.details import clean_filename, make_default_filename
from shared.errors import DomainError, Forbidden, NotFound, TooManyPending, UnacceptableImage
from shared.inspection import inspect
from shared.keys import make_upload_key
from shared.lifecycle import Status
from shared.models import Image
from shared.reservations import add_reserved

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.moving.entries import Entry
    from shared.images import ImageRepository
    from shared.inspection import Inspection
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

FORM_SECONDS = 3600
"""A record whose bytes do not come ends after that."""
MAX_WAIT_SECONDS = 600
FIRST_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 2.0
PENDING_TRIES = 30
"""To begin an upload of a user who has too many pending ones."""
REASON_CHARS = 500

OUTCOMES = {
    Status.READY: Outcome.IMPORTED,
    Status.REJECTED: Outcome.REJECTED,
    Status.FAILED: Outcome.FAILED,
}


class Source(Protocol):
    """A place that bytes come from."""

    def read(self, entry: Entry) -> bytes:
        """Raises SourceError."""


class Ended(Exception):
    """The id was used for an image that has ended or is deleted. Its bytes may still be on their way out."""


@dataclass(frozen=True)
class Result:
    """The outcome of one entry, and the reason if it is not imported."""

    outcome: Outcome
    reason: str | None = None


class Importer:
    """Imports single entries into one stack. Threads may share it."""

    def __init__(  # noqa: PLR0913 - what it reads and writes
        self,
        source: Source,
        images: ImageRepository,
        usages: UsageRepository,
        storage: ImageStorage,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._source = source
        self._images = images
        self._usages = usages
        self._storage = storage
        self._clock = clock
        self._sleep = sleep

    def try_out(self, entry: Entry) -> Result:
        """Read and judge the bytes of an entry, and write nothing."""
        try:
            self._inspect(entry)
        except (SourceError, UnacceptableImage) as error:
            return Result(Outcome.REFUSED, _describe(error))
        return Result(Outcome.ACCEPTABLE)

    def bring(self, entry: Entry, image_id: str) -> Result:
        """Make the image of an entry, or go on with it, and wait until it is ready.

        Raises Ended if the id cannot be used any more.
        """
        try:
            found = self._find(entry, image_id)
            if found is None or lifecycle.awaits_upload(found.state):
                self._send(entry, image_id, is_begun=found is not None)
            return self._await_end(image_id)
        except (SourceError, UnacceptableImage, Forbidden) as error:
            return Result(Outcome.REFUSED, _describe(error))
        except (DomainError, ClientError, BotoCoreError) as error:
            return Result(Outcome.FAILED, _describe(error))

    def _find(self, entry: Entry, image_id: str) -> Image | None:
        row = self._images.table.get(self._images.make_key(image_id))
        if row is None:
            return None
        image = self._images.read_row(row)
        if image is None:
            raise Ended
        if image.user_id != entry.user_id:
            raise SourceError("has the id of an image of another user")
        return image

    def _send(self, entry: Entry, image_id: str, *, is_begun: bool) -> None:
        """Write the record, then the bytes, which S3 announces to the processor."""
        data, inspection = self._inspect(entry)
        if not is_begun:
            self._add(entry, image_id, data, inspection)
        key = make_upload_key(image_id)
        if not self._storage.add(key, data, inspection.content_type):
            with suppress(NotFound):  # the processor has just taken it
                self._storage.touch(key, inspection.content_type)

    def _inspect(self, entry: Entry) -> tuple[bytes, Inspection]:
        data = self._source.read(entry)
        if entry.sha256 and hashlib.sha256(data).hexdigest() != entry.sha256:
            raise SourceError("has other bytes than the manifest says")
        return data, inspect(data)

    def _add(self, entry: Entry, image_id: str, data: bytes, inspection: Inspection) -> None:
        user_id = entry.user_id or ""
        now = datetime.now(UTC)
        form = Form(bytes=len(data), ends_at=int(now.timestamp()) + FORM_SECONDS)
        pending = Image.begin(
            lifecycle.await_upload(form.ends_at),
            id=image_id,
            user_id=user_id,
            filename=_name(entry) or make_default_filename(inspection.content_type),
            content_type=inspection.content_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            description=entry.description,
            visibility=entry.visibility,
            tags=entry.tags,
            created_at=entry.created_at or now,
            shard=self._images.choose_shard(),
        )
        add_reserved(
            self._images,
            pending,
            reserve=lambda: self._reserve(image_id, user_id, form),
            release=lambda: self._usages.end_upload(image_id, user_id, form.bytes),
            claim=None,
        )

    def _reserve(self, image_id: str, user_id: str, form: Form) -> None:
        """Count the upload as pending. Waits while its user has too many."""
        for _ in range(PENDING_TRIES):
            try:
                return self._usages.begin_upload(image_id, user_id, form)
            except TooManyPending:
                self._sleep(MAX_PAUSE_SECONDS)
        return self._usages.begin_upload(image_id, user_id, form)

    def _await_end(self, image_id: str) -> Result:
        end = self._clock() + MAX_WAIT_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                image = self._images.get(image_id)
            except NotFound:
                return Result(Outcome.FAILED, "was deleted while it was processed")
            if image.status in OUTCOMES and not lifecycle.awaits_upload(image.state):
                return Result(OUTCOMES[image.status], image.status_reason)
            if self._clock() > end:
                return Result(Outcome.UNFINISHED, f"is {image.status} after {MAX_WAIT_SECONDS} seconds")
            self._sleep(pause)
            pause = min(pause * 1.5, MAX_PAUSE_SECONDS)


def _name(entry: Entry) -> str:
    """Return the file name of an entry: its own, or the last part of its path or URL."""
    if entry.filename:
        return clean_filename(entry.filename)
    if entry.path:
        return clean_filename(entry.path)
    return clean_filename((entry.url or "").partition("#")[0].partition("?")[0])


def _describe(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:REASON_CHARS]
