"""Whether table and bucket agree with each other and with themselves.

It walks both page by page, beside a running service: whatever looks wrong is looked at again, at one moment,
before it is reported, and is repaired only if it still is what it was.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import ValidationError

from maintenance.findings import Finding, Flaw, get_all
from maintenance.listings import check_listings
from maintenance.usage import check_usage
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.models import Image, Status
from shared.storage import (
    ImageStorage,
    make_original_key,
    make_rendition_key,
    parse_original_key,
    parse_rendition_key,
    parse_upload_key,
)
from shared.table import Row

GRACE = timedelta(minutes=15)
"""How long something may be on its way: an object is written before its row, and outlives it a little."""
MAX_CONCURRENT_CALLS = 16


class ConsistencyCheck:
    """Checks one deployment."""

    def __init__(
        self,
        images: ImageRepository,
        items: ItemRepository,
        storage: ImageStorage,
        *,
        grace: timedelta = GRACE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._images = images
        self._items = items
        self._storage = storage
        self._grace = grace
        self._clock = clock

    def find(self) -> Iterator[Finding]:
        """Everything that is wrong and no longer on its way."""
        for rows in self._images.table.scan():
            yield from check_listings(self._images, rows)
            yield from self._check_images(rows)
        for rows in self._items.table.scan():
            yield from check_listings(self._items, rows)
        for page in self._storage.list_keys():
            yield from self._check_objects(page)
        yield from check_usage(self._images)

    def _check_images(self, rows: Sequence[Row]) -> Iterator[Finding]:
        images = [image for row in rows if row["sk"] == self._images.kind and (image := _read(row))]
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
            yield from (finding for finding in executor.map(self._check_image, images) if finding)

    def _check_image(self, image: Image) -> Finding | None:
        finding = self._judge_image(image)
        return None if finding is None or self._has_changed(image) else finding

    def _judge_image(self, image: Image) -> Finding | None:
        key = make_original_key(image.id)
        if not image.has_original:
            return None
        if not self._storage.has(key):
            return Finding(Flaw.LOST_ORIGINAL, image.id, partial(self._delete, image.id))
        if image.status is Status.READY and self._lacks_rendition(image):
            return Finding(Flaw.LOST_RENDITION, image.id, partial(self._reprocess, image))
        if image.status is Status.PROCESSING and self._is_late(image.updated_at):
            return Finding(Flaw.STUCK, image.id, partial(self._storage.touch, key, image.content_type))
        return None

    def _check_objects(self, page: Sequence[tuple[str, datetime]]) -> Iterator[Finding]:
        owners = {
            key: image_id
            for key, written_at in page
            if self._is_late(written_at) and (image_id := _parse_image_id(key))
        }
        rows = get_all(self._images.table, {self._images.key(image_id) for image_id in owners.values()})
        for key, image_id in owners.items():
            row_key = self._images.key(image_id)
            row = rows.get(row_key) or self._images.table.get(row_key)
            if row is None:
                yield Finding(Flaw.ORPHAN, key, partial(self._storage.delete, key))
            elif parse_upload_key(key) and (image := _read(row)):
                yield self._judge_upload(key, image)

    def _judge_upload(self, key: str, image: Image) -> Finding:
        """What was posted is taken away when it was looked at, whatever came of it."""
        if image.awaits_bytes and not image.expired_by(self._clock()):
            return Finding(Flaw.STUCK, image.id, partial(self._storage.touch, key, image.content_type))
        return Finding(Flaw.ORPHAN, key, partial(self._storage.delete, key))

    def _lacks_rendition(self, image: Image) -> bool:
        return not all(self._storage.has(make_rendition_key(image.id, name)) for name in image.renditions)

    def _is_late(self, at: datetime) -> bool:
        return self._clock() - at > self._grace

    def _has_changed(self, image: Image) -> bool:
        """Whether an image is another, or none, since it was read."""
        row = self._images.table.get(self._images.key(image.id))
        return row is None or row.get("version") != image.version

    def _delete(self, image_id: str) -> None:
        self._images.delete(image_id, lambda _: None)

    def _reprocess(self, image: Image) -> None:
        self._images.update(
            image.id, lambda old: old.model_copy(update={"status": Status.PROCESSING}), lambda _: None
        )
        self._storage.touch(make_original_key(image.id), image.content_type)


def _read(row: Row) -> Image | None:
    """None for what `check_listings` reports as unreadable."""
    try:
        return Image.model_validate(row)
    except ValidationError:
        return None


def _parse_image_id(key: str) -> str | None:
    return parse_upload_key(key) or parse_original_key(key) or parse_rendition_key(key)
