"""An uploaded original becomes an image: load, verify, render, store, mark."""

import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from imaging.reports import EncodedRendition, Rendered
from processor.accepting import FAILED_REASON, LATE_AGE, Acceptor, list_bytes, say_before
from processor.waiting import await_row, get_age
from shared import lifecycle
from shared.errors import NotFound, UnacceptableImage
from shared.images import ImageRepository
from shared.inspection import Inspection, inspect
from shared.keys import Revision, make_original_key, make_rendition_key
from shared.lifecycle import Event, Status
from shared.models import Facts, Image, Rendition, Replacement
from shared.renditions import RENDITION_TYPE, RenditionName
from shared.replacements import find_life
from shared.storage import ImageStorage
from shared.usages import UsageRepository

MAX_LEFTOVERS = 20
"""Revisions before the one that is shown, whose bytes a run that was killed may have left."""
DELAYED_REASON = "Processing takes longer than usual."


type Render = Callable[[bytes, float], Rendered]
"""Makes renditions of bytes within some seconds. Raises UnacceptableImage, or an error that may pass."""


class Processor(Acceptor):
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
        super().__init__(images, usages, storage)
        self._render = render
        self._sleep = sleep

    def process(self, original: Revision, uploaded_at: datetime, *, seconds: float) -> str:
        """Render an original within some seconds, and return the outcome, for the log.

        Raises errors that may pass, so that the event comes again.
        """
        age = get_age(uploaded_at)
        image = self._await_row(original, age)
        if image is None:
            self._storage.delete_revisions(original.list_up_to_here())
            return "deleted"
        life = find_life(image, original.number)
        if life is None or lifecycle.is_final(life.state):
            return self._end_early(image, original)
        if lifecycle.awaits_upload(life.state) and not self.take(image, life, original, age):
            return Status.REJECTED
        if age > LATE_AGE:
            self._note_late_try(life, original)
        with self._marking(Event.FAIL, original):
            return self._finish(image, original, seconds)

    def _note_late_try(self, life: Image | Replacement, original: Revision) -> None:
        """Note a late try. The second one is noted as failed before it begins.

        A function that runs out of memory or time is killed, and can note nothing afterwards.
        """
        if life.status_reason is None:
            self._apply(original, Event.DELAY, reason=DELAYED_REASON)
        else:
            self._apply(original, Event.FAIL, reason=FAILED_REASON)

    def _await_row(self, original: Revision, age: timedelta) -> Image | None:
        key = make_original_key(*original)
        return await_row(
            lambda: self._images.get(original.image_id), lambda: self._storage.has(key), age, self._sleep
        )

    def _finish(self, begun: Image, original: Revision, seconds: float) -> str:
        data = self._storage.get(make_original_key(*original))
        try:
            inspection = inspect(data)
            rendered = self._render(data, seconds)
        except UnacceptableImage as error:
            image = self._apply(original, Event.REJECT, reason=error.detail)
        else:
            self._store(original, rendered.renditions)
            facts = _make_facts(data, inspection, rendered, original.number)
            image = self._images.apply(begun.id, Event.FINISH, facts=facts, revision=original.number)
        if image is None:
            return self._end_overtaken(original)
        life = find_life(image, original.number) or image
        self._delete_leftovers(image, original, first=begun.revision)
        return life.status

    def _store(self, original: Revision, renditions: Mapping[RenditionName, EncodedRendition]) -> None:
        def write(name: RenditionName) -> None:
            key = make_rendition_key(original.image_id, name, original.number)
            self._storage.add(key, renditions[name].data, RENDITION_TYPE)

        with ThreadPoolExecutor(len(renditions)) as executor:
            list(executor.map(write, renditions))

    def _end_overtaken(self, original: Revision) -> str:
        """Another run had a result first, or the image was deleted. Leave no useless byte."""
        try:
            image = self._images.get(original.image_id)
        except NotFound:
            self._storage.delete_revisions(original.list_up_to_here())
            return "deleted"
        return self._end_early(image, original)

    def _end_early(self, image: Image, original: Revision) -> str:
        """The revision has its result, or nobody needs it: no run of it can have another result.

        A run that was killed may have left useless bytes.
        """
        is_shown = original.number == image.revision
        first = max(1, original.number - MAX_LEFTOVERS) if is_shown else original.number
        self._delete_leftovers(image, original, first=first)
        return say_before(find_life(image, original.number))

    def _delete_leftovers(self, image: Image, original: Revision, *, first: int) -> None:
        """Delete the bytes of what is rejected, or the revisions from `first` on that are not shown.

        From then on what is rejected does not count, and it ends after a day.
        """
        life = find_life(image, original.number)
        if life and life.status is Status.REJECTED:
            self._storage.delete_revisions(list_bytes(image, life))
            if life.has_original:
                self._apply(original, Event.DISCARD, reason=life.status_reason)
            return
        if life and not lifecycle.is_final(life.state):
            return
        others = [
            Revision(image.id, number)
            for number in range(first, original.number + 1)
            if number != image.revision
        ]
        if others:
            self._storage.delete_revisions(others)


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
