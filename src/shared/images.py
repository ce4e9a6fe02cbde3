"""Images in DynamoDB, and the listings that show them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from shared import lifecycle
from shared.errors import NotFound, QuotaExceeded
from shared.lifecycle import Event, ImpossibleChange
from shared.listing import Intersection, Span
from shared.models import Facts, Image, Visibility
from shared.quotas import Quota, Usage
from shared.records import RecordPage, RecordRepository
from shared.table import Key, Row, Table, Transaction

USAGE_KIND = "USAGE"


@dataclass(frozen=True)
class ImageFilter:
    """Tells which images a listing shows. `caller_id` is None for a caller without a name."""

    caller_id: str | None
    is_admin: bool = False
    user_id: str | None = None
    visibility: Visibility | None = None
    tags: Sequence[str] = ()
    match: Literal["all", "any"] = "all"


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

    def read_row(self, row: Row) -> Image | None:
        now = datetime.now(UTC)
        image = Image.model_validate(row).as_of(now)
        return None if lifecycle.has_ended(image.state, now) else image

    def get_partitions(self, record: Image) -> Sequence[str]:
        if not lifecycle.is_listed(record.state):
            return []
        if record.is_public:
            bases = [_user_base(record.user_id, "PUBLIC"), _public_base(record.shard)]
        else:
            bases = [_user_base(record.user_id, _name_hidden(record.visibility))]
        return [base + suffix for base in bases for suffix in ("", *map(_make_tag_suffix, record.tags))]

    def get_expiry(self, record: Image) -> int | None:
        return record.expires_at

    def count_change(self, transaction: Transaction, old: Image | None, new: Image | None) -> None:
        """Count what the image's user has, and keep it within the quota."""
        owner = new or old
        added = get_image_usage(new) - get_image_usage(old)
        if added.is_zero or owner is None:
            return
        if added.grows:
            self._quota.require_room(Usage(), added)
        transaction.count(
            make_usage_key(owner.user_id),
            {**dict(added), "version": 1},
            self._quota.get_limits_before(added) if added.grows else {},
            failure=self._quota.make_error,
        )

    def get_usage(self, user_id: str) -> Usage:
        """Return what a user has, as far as it counts."""
        return Usage.model_validate(self.table.get(make_usage_key(user_id)) or {})

    def require_room(self, user_id: str, size: int, *, claim: str | None = None) -> None:
        """Raises QuotaExceeded for an image that has no room, before anything of it is stored.

        If an earlier try of the request `claim` has added its image already, it needs no room again.
        """
        try:
            self._quota.require_room(self.get_usage(user_id), Usage(images=1, bytes=size))
        except QuotaExceeded:
            if claim is None or not self.has_claim(claim):
                raise

    def list_visible(self, query: ImageFilter, span: Span, *, limit: int) -> RecordPage[Image]:
        """Read a page of the images that the caller may see, as `list` does."""
        page = self.list(self._get_intersections(query), span, limit=limit)
        # An entry is read before its record: an image that was hidden in between stays hidden.
        visible = [
            image
            for image in page.records
            if query.is_admin or image.is_public or image.is_owned_by(query.caller_id)
        ]
        return RecordPage(visible, page.next_key)

    def apply(
        self, image_id: str, event: Event, *, reason: str | None = None, facts: Facts | None = None
    ) -> Image | None:
        """Note an event in the life of an image.

        None if the image is gone, or if the event means nothing to it in its state.
        """
        try:
            return self.update(image_id, lambda image: image.after(event, reason=reason, facts=facts))
        except (NotFound, ImpossibleChange):
            return None

    def _get_intersections(self, query: ImageFilter) -> Iterator[Intersection]:
        suffixes = [_make_tag_suffix(tag) for tag in query.tags]
        groups = [suffixes] if query.match == "all" else [[suffix] for suffix in suffixes]
        for base in self._get_bases(query):
            for group in groups or [[]]:
                yield [base + suffix for suffix in group] or [base]

    def _get_bases(self, query: ImageFilter) -> Iterator[str]:
        visibilities = [query.visibility] if query.visibility else [*Visibility]
        owner = query.user_id or query.caller_id
        if Visibility.PUBLIC in visibilities:
            if query.user_id is None:
                yield from map(_public_base, range(self._public_shards))
            else:
                yield _user_base(query.user_id, "PUBLIC")
        if owner is not None and (query.is_admin or owner == query.caller_id):
            yield from (_user_base(owner, _name_hidden(visibility)) for visibility in visibilities)


def _public_base(shard: int) -> str:
    return f"PUBLIC#{shard}"


def _user_base(user_id: str, name: str) -> str:
    return f"{_user_partition(user_id)}#{name}"


def _name_hidden(visibility: Visibility) -> str:
    """The partition of images that only their owner sees: private, or public and not ready yet."""
    return "PRIVATE" if visibility is Visibility.PRIVATE else "UNPUBLISHED"


def _user_partition(user_id: str) -> str:
    return f"USER#{quote(user_id, safe='@:|+')}"  # a "#" in a name must not end it early


def _make_tag_suffix(tag: str) -> str:
    return f"#TAG#{tag}"


def get_image_usage(image: Image | None) -> Usage:
    """Return what one image adds to the usage of its user."""
    if image is None or not lifecycle.counts(image.state):
        return Usage()
    return Usage(images=1, bytes=image.size)


def make_usage_key(user_id: str) -> Key:
    return _user_partition(user_id), USAGE_KIND


def parse_record_key(key: Key) -> str | None:
    """Return the image's id, or None for the key of another row."""
    partition, sort = key
    return partition.removeprefix(f"{ImageRepository.kind}#") if sort == ImageRepository.kind else None
