"""Images in DynamoDB, and the listings that show them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from shared.errors import NotFound, QuotaExceeded
from shared.listing import Scope, Span
from shared.models import Image, ProcessingResult, Status, Visibility
from shared.quotas import Quota, Usage
from shared.records import RecordPage, RecordRepository
from shared.table import Key, Table, Transaction

USAGE_KIND = "USAGE"
FINAL_STATUSES = (Status.READY, Status.REJECTED)
REJECTED_LIFETIME = timedelta(days=1)
"""How long a client may read why its direct upload was rejected."""
FAILED_LIFETIME = timedelta(days=14)
"""As long as the failure queue keeps the event of a direct upload, so that it can still be tried again."""


@dataclass(frozen=True)
class ImageFilter:
    """Which images a listing shows. `caller_id` is None for a caller without a name."""

    caller_id: str | None
    sees_all: bool = False
    """Whether the caller sees the private images of whichever user is named."""
    user_id: str | None = None
    visibility: Visibility | None = None
    tags: Sequence[str] = ()
    match: Literal["all", "any"] = "all"


class Finished(Exception):
    """The image is ready or rejected: a result that comes later is none."""


class ImageRepository(RecordRepository[Image]):
    """The images table."""

    kind = "IMAGE"
    model = Image

    def __init__(self, table: Table, *, public_shards: int = 1, quota: Quota | None = None) -> None:
        super().__init__(table)
        self._public_shards = public_shards
        self._quota = quota or Quota()

    def choose_shard(self) -> int:
        return random.randrange(self._public_shards)  # noqa: S311 - spreads load, keeps no secret

    def get(self, record_id: str) -> Image:
        """Raises NotFound, also for what has expired: DynamoDB may take days to delete it."""
        image = super().get(record_id)
        if image.expired_by(datetime.now(UTC)):
            raise NotFound
        return image

    def partitions(self, record: Image) -> Sequence[str]:
        if not record.listed:
            return []
        families = [_user_family(record.user_id, record.visibility)]
        if record.visibility is Visibility.PUBLIC:
            families.append(_public_family(record.shard))
        return [family + suffix for family in families for suffix in ("", *map(_tag_suffix, record.tags))]

    def account(self, transaction: Transaction, old: Image | None, new: Image | None) -> None:
        """Count what the image's user has, within its quota."""
        more = weigh(new) - weigh(old)
        owner = new or old
        if more.is_nothing or owner is None:
            return
        grows = more.images > 0 or more.bytes > 0
        if grows:
            self._quota.check(Usage(), more)
        transaction.count(
            make_usage_key(owner.user_id),
            {**dict(more), "version": 1},
            self._quota.find_limits(more) if grows else {},
            failure=self._quota.explain(),
        )

    def get_usage(self, user_id: str) -> Usage:
        """What a user has, as far as it counts: all but what is on its way, and what was rejected."""
        return Usage.model_validate(self.table.get(make_usage_key(user_id)) or {})

    def check_quota(self, user_id: str, size: int, *, claim: str | None = None) -> None:
        """Raises QuotaExceeded for an image for which there is no room, before anything of it is stored.

        What an earlier try of the same request, which `claim` names, has added already needs none.
        """
        try:
            self._quota.check(self.get_usage(user_id), Usage(images=1, bytes=size))
        except QuotaExceeded:
            if claim is None or not self.has_claim(claim):
                raise

    def list_visible(self, images: ImageFilter, span: Span, *, limit: int) -> RecordPage[Image]:
        """Read a page of what the caller may see, as `list` does."""
        page = self.list(self._scopes(images), span, limit=limit)
        # An entry is read before its record: what was hidden in between stays hidden.
        visible = [
            image
            for image in page.records
            if images.sees_all or image.is_public or image.owned_by(images.caller_id)
        ]
        return RecordPage(visible, page.next_key)

    def set_result(self, image_id: str, result: ProcessingResult, *, while_awaited: bool = False) -> bool:
        """Put down what processing found. False if the image is gone, or was finished before.

        `while_awaited` is for a result of an upload that is none of an image whose bytes were accepted since.
        """

        def check(image: Image) -> None:
            if image.status in FINAL_STATUSES or (while_awaited and not image.awaits_bytes):
                raise Finished

        try:
            self.update(image_id, lambda image: _apply(result, image), check)
        except (NotFound, Finished):
            return False
        return True

    def _scopes(self, images: ImageFilter) -> Iterator[Scope]:
        for family in self._families(images):
            partitions = [family + _tag_suffix(tag) for tag in images.tags] or [family]
            yield Scope(partitions, match_all=images.match == "all")

    def _families(self, images: ImageFilter) -> Iterator[str]:
        shown = {images.visibility} if images.visibility else {*Visibility}
        owner = images.user_id or images.caller_id
        if Visibility.PUBLIC in shown:
            if images.user_id is None:
                yield from map(_public_family, range(self._public_shards))
            else:
                yield _user_family(images.user_id, Visibility.PUBLIC)
        sees_private = images.sees_all or owner == images.caller_id
        if Visibility.PRIVATE in shown and owner is not None and sees_private:
            yield _user_family(owner, Visibility.PRIVATE)


def _apply(result: ProcessingResult, image: Image) -> Image:
    found = {name: value for name, value in result if value is not None}
    changed = image.model_copy(update={"status_reason": None, **found})
    return changed.model_copy(
        update={"listed": image.listed or result.status is Status.READY, "expires_at": _find_end(changed)}
    )


def _find_end(image: Image) -> int | None:
    """When a record ends: of what was never listed, nothing is kept that cannot become an image any more."""
    if image.listed or image.status in (Status.PROCESSING, Status.READY):
        return None
    if image.status is Status.REJECTED:
        return _in(REJECTED_LIFETIME)
    return _in(FAILED_LIFETIME) if image.awaits_bytes else None


def _in(lifetime: timedelta) -> int:
    return int((datetime.now(UTC) + lifetime).timestamp())


def _public_family(shard: int) -> str:
    return f"PUBLIC#{shard}"


def _user_family(user_id: str, visibility: Visibility) -> str:
    return f"{_user_partition(user_id)}#{visibility.upper()}"


def _user_partition(user_id: str) -> str:
    return f"USER#{quote(user_id, safe='@:|+')}"  # no "#" of a name may end it early


def _tag_suffix(tag: str) -> str:
    return f"#TAG#{tag}"


def weigh(image: Image | None) -> Usage:
    if image is None or image.expires_at is not None or image.status is Status.REJECTED:
        return Usage()
    return Usage(images=1, bytes=image.size)


def make_usage_key(user_id: str) -> Key:
    return _user_partition(user_id), USAGE_KIND


def parse_record_key(key: Key) -> str | None:
    """Return the image's id, or None for the key of a listing entry."""
    partition, sort = key
    return partition.removeprefix(f"{ImageRepository.kind}#") if sort == ImageRepository.kind else None
