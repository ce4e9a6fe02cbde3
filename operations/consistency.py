"""Checks that the tables and the bucket agree, and repairs what does not.

The check reads everything page by page while the service runs. Because a record may change in between, the
check reads everything that looks wrong a second time before it reports it. A repair changes something only if
it is still as the check found it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from operations.files import check_file_objects, check_files
from operations.findings import Finding, Flaw, get_all, read_image
from operations.listings import check_formats, check_listings
from operations.tags import TagCheck
from operations.usage import Records, check_usage
from shared import lifecycle
from shared.errors import Conflict, DomainError
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.keys import (
    Revision,
    list_revisions,
    make_original_key,
    make_rendition_key,
    parse_original_key,
    parse_rendition_key,
    parse_upload_key,
    parse_variant_key,
)
from shared.lifecycle import Event, Status
from shared.models import Image, Record, Replacement
from shared.records import RecordRepository
from shared.renditions import STILLS
from shared.replacements import find_life, get_open, get_shown, retry, withdraw
from shared.rows import Row
from shared.storage import ImageStorage
from shared.table import Table
from shared.tag_counts import TagRepository
from shared.transactions import ConditionFailed

GRACE = timedelta(minutes=15)
"""The age below which an object is left alone. It is written before its row, and deleted after it."""
MAX_CONCURRENT_CALLS = 16


class ConsistencyCheck:
    """Checks one deployment."""

    def __init__(  # noqa: PLR0913 - its parts
        self,
        images: ImageRepository,
        files: FileRepository,
        items: ItemRepository,
        storage: ImageStorage,
        tags: TagCheck,
        *,
        grace: timedelta = GRACE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._images = images
        self._files = files
        self._items = items
        self._storage = storage
        self._tags = tags
        self._grace = grace
        self._clock = clock

    def find(self) -> Iterator[Finding]:
        """Yield everything that is wrong, except what a request or a function may still be changing."""
        for rows in self._images.table.scan():
            yield from self._check_records(self._images, rows)
            yield from self._check_records(self._files, rows)
            yield from self._check_images(rows)
            yield from check_files(self._files, self._storage, rows)
            yield from self._tags.check_images(rows)
        for rows in self._items.table.scan():
            yield from self._check_records(self._items, rows)
        for page in self._storage.list_keys():
            yield from self._check_objects(page)
        yield from check_usage(Records([self._images, self._files, self._items]))
        yield from self._tags.check_suspects()
        yield from self._tags.check_counters()

    def _check_records[R: Record](
        self, repository: RecordRepository[R], rows: Sequence[Row]
    ) -> Iterator[Finding]:
        yield from check_listings(repository, rows, self._clock())
        yield from check_formats(repository, rows, self._clock())

    def _check_images(self, rows: Sequence[Row]) -> Iterator[Finding]:
        images = [image for row in rows if row["sk"] == self._images.kind and (image := read_image(row))]
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
            yield from (finding for finding in executor.map(self._check_image, images) if finding)

    def _check_image(self, image: Image) -> Finding | None:
        finding = self._judge_image(image)
        return None if finding is None or self._has_changed(image) else finding

    def _judge_image(self, image: Image) -> Finding | None:
        if not image.has_original:
            return None
        return self._judge_replacement(image) or self._judge_bytes(image)

    def _judge_bytes(self, image: Image) -> Finding | None:
        if image.status is Status.REJECTED:
            is_late = self._is_late(image.updated_at)
            return Finding(Flaw.KEPT_BYTES, image.id, partial(self._discard, image)) if is_late else None
        if not self._storage.has(make_original_key(image.id, image.revision)):
            return Finding(Flaw.LOST_ORIGINAL, image.id, partial(self._delete, image))
        if get_open(image):
            return None  # the image is made anew with it
        if image.status is Status.READY and self._lacks_rendition(image):
            return Finding(Flaw.LOST_RENDITION, image.id, partial(self._retry, image))
        if lifecycle.is_overdue(lifecycle.resolve(image.state, self._clock())):
            return Finding(Flaw.STUCK, image.id, partial(self._retry, image))
        return None

    def _judge_replacement(self, image: Image) -> Finding | None:
        """Find what is wrong with other bytes for an image, once they are stored and count."""
        replacement = get_shown(image)
        if replacement is None or not replacement.has_original:
            return None
        if replacement.status is Status.REJECTED:
            discard = partial(self._discard_replacement, image, replacement)
            return Finding(Flaw.KEPT_BYTES, image.id, discard) if self._is_late(image.updated_at) else None
        if not self._is_late(replacement.created_at):
            return None
        if not self._storage.has(make_original_key(image.id, replacement.revision)):
            return Finding(Flaw.LOST_ORIGINAL, image.id, partial(self._withdraw, image, replacement))
        if lifecycle.is_overdue(lifecycle.resolve(replacement.state, self._clock())):
            return Finding(Flaw.STUCK, image.id, partial(self._retry, image))
        return None

    def _check_objects(self, page: Sequence[tuple[str, datetime]]) -> Iterator[Finding]:
        late = [key for key, written_at in page if self._is_late(written_at)]
        yield from check_file_objects(self._files, self._storage, late)
        owners = {key: revision for key in late if (revision := _parse_revision(key))}
        record_keys = {self._images.make_key(revision.image_id) for revision in owners.values()}
        rows = get_all(self._images.table, record_keys)
        for key, revision in owners.items():
            row = rows.get(self._images.make_key(revision.image_id))
            image = read_image(row) if row else None
            if row is None or (image and self._is_orphan(key, revision, image)):
                yield Finding(Flaw.ORPHAN, key, partial(self._storage.delete, key))
            elif image and (stuck := self._get_stuck(key, revision, image)):
                yield Finding(Flaw.STUCK, image.id, partial(self._storage.touch, key, stuck.content_type))

    def _is_orphan(self, key: str, revision: Revision, image: Image) -> bool:
        """Tell if no image needs the object. An upload is not needed after it was accepted or refused."""
        if revision.number not in {image.revision, image.latest_revision}:
            return True
        life = find_life(image, revision.number)
        is_spare = revision.number != image.revision
        if life is None and (is_spare or parse_upload_key(key)):
            return True
        state = (life or image).state
        has_ended = lifecycle.has_ended(state, self._clock())
        if parse_upload_key(key):
            return has_ended or not lifecycle.awaits_upload(state)
        is_over = state.phase == lifecycle.DISCARDED or (has_ended and is_spare)
        return is_over or (is_spare and state.status is Status.READY)

    @staticmethod
    def _get_stuck(key: str, revision: Revision, image: Image) -> Image | Replacement | None:
        """Return what an object has to be sent an event for: an upload that waits to be verified, or a
        verified one that waits to be counted.
        """
        life = find_life(image, revision.number)
        is_original = parse_original_key(key) is not None
        is_awaited = life is not None and lifecycle.awaits_upload(life.state)
        return life if parse_upload_key(key) or (is_original and is_awaited) else None

    def _lacks_rendition(self, image: Image) -> bool:
        return image.stills.keys() != {*STILLS} or not all(
            self._storage.has(make_rendition_key(image.id, name, image.revision)) for name in image.renditions
        )

    def _is_late(self, at: datetime) -> bool:
        return self._clock() - at > self._grace

    def _has_changed(self, image: Image) -> bool:
        """Tell if an image was changed or deleted after it was read."""
        row = self._images.table.get(self._images.make_key(image.id))
        return row is None or row.get("version") != image.version

    def _delete(self, image: Image) -> None:
        self._images.delete(image.id, partial(_require_version, image.version))

    def _retry(self, image: Image) -> None:
        guard = partial(_require_version, image.version)
        self._storage.begin_revision(
            self._images.update(image.id, lambda old: retry(old.as_of(self._clock())), guard)
        )

    def _withdraw(self, image: Image, replacement: Replacement) -> None:
        self._images.update(image.id, withdraw(replacement), partial(_require_version, image.version))

    def _discard_replacement(self, image: Image, replacement: Replacement) -> None:
        """The same as `_discard`, for bytes that were to replace others."""
        revision = replacement.revision
        self._storage.delete_revisions([Revision(image.id, revision)])
        reason = replacement.status_reason
        self._images.apply(image.id, Event.DISCARD, reason=reason, revision=revision)

    def _discard(self, image: Image) -> None:
        """Delete the bytes, even if the record has changed since, because a rejection is final."""
        self._storage.delete_revisions(list_revisions(image))
        self._images.apply(image.id, Event.DISCARD, reason=image.status_reason)


def make_check(
    client: Callable[[str], Any], outputs: Mapping[str, str], *, grace: timedelta
) -> ConsistencyCheck:
    """Make the consistency check of the stack with these outputs."""
    dynamodb = client("dynamodb")
    images = Table(dynamodb, outputs["ImagesTableName"])
    return ConsistencyCheck(
        ImageRepository(images),
        FileRepository(images),
        ItemRepository(Table(dynamodb, outputs["ItemsTableName"])),
        ImageStorage(client("s3"), outputs["BucketName"]),
        TagCheck(TagRepository(images)),
        grace=grace,
    )


def run_check(check: ConsistencyCheck, *, repair: bool, report: Callable[[str], object] = print) -> int:
    """Report each finding in a line, and repair it if `repair` is set. Return how many were not repaired."""
    found: Counter[str] = Counter()
    left = 0
    for finding in check.find():
        found[finding.flaw] += 1
        outcome = _repair(finding) if repair else "found"
        left += outcome != "repaired"
        report(f"{finding.flaw}: {finding.name}: {outcome}")
    report(
        ", ".join(f"{count} x {flaw}" for flaw, count in sorted(found.items())) or "table and bucket agree"
    )
    return left


def _repair(finding: Finding) -> str:
    if finding.repair is None:
        return "cannot be repaired"
    try:
        finding.repair()
    except (ConditionFailed, DomainError) as error:
        return f"left as it is: {str(error) or 'it has changed'}"
    return "repaired"


def _require_version(version: int, image: Image) -> None:
    """Raises Conflict if the image has changed since it was found."""
    if image.version != version:
        raise Conflict("It has changed since it was checked.")


def _parse_revision(key: str) -> Revision | None:
    parsers = (parse_upload_key, parse_original_key, parse_rendition_key, parse_variant_key)
    return next((revision for parse in parsers if (revision := parse(key))), None)
