"""Replacements: other bytes for an image, here or straight to S3.

Room is reserved first, then the record names the replacement and its revision, then its bytes are stored. So
each object has its row, and two requests never write to one key.
"""

from __future__ import annotations

import hashlib
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.uploads import make_form, plan_form
from shared import lifecycle
from shared.counters import name_upload
from shared.errors import Contended, DomainError, NotFound, PreconditionFailed, Unavailable
from shared.images import get_image_usage
from shared.inspection import inspect
from shared.keys import make_original_key
from shared.lifecycle import ImpossibleChange, Status
from shared.models import Replacement
from shared.quotas import Usage
from shared.replacements import begin_replacement, get_open, get_shown, withdraw

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.requests.formats import UploadedFile
    from app.requests.inputs import DirectContentCreate
    from app.responses.outputs import DirectUpload
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository


class _HasBegun(Exception):
    """The write whose response was lost was carried out."""


@dataclass(frozen=True)
class Replacer:
    """Begins the replacements of one request. `guard` is as in `RecordRepository.update`.

    `claim` names the request: an earlier try of it may have begun, and may have been killed after that.
    """

    images: ImageRepository
    usages: UsageRepository
    storage: ImageStorage
    guard: Callable[[Image], object]
    claim: str | None

    def replace(self, image_id: str, file: UploadedFile) -> Image:
        """Begin a revision of other bytes. The image stays as it is until they are ready."""
        file.require_size()
        replacement = Replacement.begin(
            lifecycle.start_processing(datetime.now(UTC)),
            filename=file.filename,
            content_type=inspect(file.data).content_type,
            size=len(file.data),
            sha256=hashlib.sha256(file.data).hexdigest(),
            claim=self.claim,
        )
        image = self._begin(
            image_id,
            replacement,
            reserve=lambda user_id, needed: self.usages.reserve(replacement.id, user_id, needed),
            release=lambda user_id, needed: self.usages.release(replacement.id, user_id, needed),
        )
        begun = get_open(image)
        if begun is None or begun.claim != self.claim:  # an earlier try has come to its end
            return image
        try:
            self.storage.add(make_original_key(image.id, begun.revision), file.data, begun.content_type)
        except Exception:
            with suppress(DomainError, ImpossibleChange):
                self.images.update(image.id, withdraw(begun))
            raise
        return image

    def begin_upload(self, image_id: str, announced: DirectContentCreate) -> DirectUpload:
        """Await other bytes, and make the form that takes them."""
        form = plan_form(announced)
        replacement = Replacement.begin(
            lifecycle.await_upload(form.ends_at),
            filename=announced.filename,
            content_type=announced.content_type,
            size=announced.size,
            sha256=announced.sha256,
            claim=self.claim,
        )
        upload = name_upload(image_id, replacement)
        image = self._begin(
            image_id,
            replacement,
            reserve=lambda user_id, needed: self.usages.begin_upload(upload, user_id, form, needed),
            release=lambda user_id, _: self.usages.end_upload(upload, user_id, form.bytes),
        )
        return make_form(self.storage, image_id, get_open(image))

    def _begin(
        self,
        image_id: str,
        replacement: Replacement,
        *,
        reserve: Callable[[str, Usage], object],
        release: Callable[[str, Usage], object],
    ) -> Image:
        """Reserve the room that a larger original needs, then put the replacement beside the image.

        Raises Conflict, StillProcessing, and what the guard and the reservation raise.
        """
        found = self.images.get(image_id)
        is_repeated = self._has_begun(found)
        with suppress(PreconditionFailed) if is_repeated else nullcontext():  # the earlier try has changed it
            self.guard(found)
        if is_repeated:
            return found
        lost = self._find_lost(found)
        begin_replacement(found, replacement, lost=lost)
        used = get_image_usage(found)
        needed = Usage(bytes=max(0, replacement.size - used.bytes))

        def change(image: Image) -> Image:
            begun = begin_replacement(image, replacement, lost=lost)
            if get_image_usage(image) != used:
                raise Contended
            return begun

        reserve(found.user_id, needed)
        try:
            image = self.images.update(image_id, change, self.guard)
        except DomainError as error:
            if isinstance(error, Unavailable) and (begun := self._settle(image_id, replacement)):
                return begun
            release(found.user_id, needed)
            raise
        self._end_form(found)
        return image

    def _has_begun(self, image: Image) -> bool:
        """Tell whether an earlier try of the same request has begun, and has not been undone."""
        shown = get_shown(image)
        return self.claim is not None and self.claim in {image.replaced_by, shown and shown.claim}

    def _find_lost(self, image: Image) -> Replacement | None:
        """Return the replacement of a request that was killed before it stored the bytes."""
        found = get_open(image)
        if found is None or found.status is not Status.PROCESSING:
            return None
        return None if self.storage.has(make_original_key(image.id, found.revision)) else found

    def _end_form(self, image: Image) -> None:
        """Count the upload as pending no more that another one has superseded."""
        superseded = get_open(image)
        if superseded and superseded.status is Status.PENDING:
            with suppress(Unavailable):  # then it ends with its form
                upload = name_upload(image.id, superseded)
                self.usages.end_upload(upload, image.user_id, superseded.size)

    def _settle(self, image_id: str, replacement: Replacement) -> Image | None:
        """Make sure that a replacement whose write has failed never begins. If it has, return the image.

        DynamoDB may still carry out a write whose response was lost. It fails if another one comes before.
        """

        def change(image: Image) -> Image:
            if image.replacement and image.replacement.id == replacement.id:
                raise _HasBegun
            return image

        try:
            self.images.update(image_id, change)
        except _HasBegun:
            return self.images.get(image_id)
        except NotFound:
            return None
        return None
