"""Images in DynamoDB, and the listings that show them."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from shared import lifecycle
from shared.errors import NotFound
from shared.lifecycle import Event, ImpossibleChange
from shared.listing import Intersection, Span
from shared.models import Facts, Image, Visibility
from shared.quotas import Usage
from shared.records import RecordPage, RecordRepository
from shared.replacements import change_revision
from shared.rows import Key, Row
from shared.table import Table
from shared.tags import fold_tag

IMAGE_KIND = "IMAGE"
LISTING_PREFIXES = ("USER#", "PUBLIC#", "ALL#")
HIDDEN_IMAGES_VERSION = 2
"""From this schema version on, hidden images are in a listing of everyone's."""
FOLDED_TAGS_VERSION = 2
"""From this schema version on, partitions name tags without their case."""
MAX_DUPLICATES = 20  # of images with the same bytes, more are not looked at to find one
SAME_BYTES_VERSION = 3
"""From this schema version on, images with the same bytes are in a listing of their owner's."""


@dataclass(frozen=True)
class ImageFilter:
    """Tells which images a listing shows. `caller_id` is None for a caller without a name."""

    caller_id: str | None
    is_admin: bool = False
    user_id: str | None = None
    visibility: Visibility | None = None
    tags: Sequence[str] = ()
    match: Literal["all", "any"] = "all"
    trashed: bool = False
    """It shows the trash, and nothing else."""
    sha256: str | None = None
    """Of images whose originals the caller may see: their own, or for an admin those of `user_id`."""

    @property
    def shows_everyone(self) -> bool:
        """True if it shows the hidden images of all users. The listing of those has no tags and no bytes."""
        return self.is_admin and self.user_id is None and not self.tags and self.sha256 is None

    @property
    def full_owner_id(self) -> str | None:
        """The user of whose images it shows all, also hidden ones."""
        owner_id = self.user_id or self.caller_id
        return owner_id if self.is_admin or owner_id == self.caller_id else None

    @property
    def same_bytes(self) -> Intersection:
        """The partition that holds all images of an owner with the same bytes, if it asks for these."""
        if self.sha256 is None or self.full_owner_id is None:
            return []
        return [_same_bytes_base(self.full_owner_id, self.sha256, is_trashed=self.trashed)]


class ImageRepository(RecordRepository[Image]):
    """The images table."""

    kind = IMAGE_KIND
    model = Image
    max_record_bytes = 20_000  # a description alone may take 12,000 as JSON

    def __init__(self, table: Table, *, public_shards: int = 1) -> None:
        super().__init__(table)
        self._public_shards = public_shards

    def choose_shard(self) -> int:
        return random.randrange(self._public_shards)  # noqa: S311 - spreads load, keeps no secret

    def read_row(self, row: Row) -> Image | None:
        now = datetime.now(UTC)
        image = Image.model_validate(row).as_of(now)
        return None if lifecycle.has_ended(image.state, now) else image

    def get_partitions(self, record: Image) -> Sequence[str]:
        if not lifecycle.is_listed(record.state):
            return []
        suffixes = ["", *map(_make_tag_suffix, _get_tag_names(record))]
        if record.is_public:
            bases = [_user_base(record.user_id, "PUBLIC"), _public_base(record.shard)]
            partitions = [base + suffix for base in bases for suffix in suffixes]
        else:
            name = _name_hidden(record.visibility, is_trashed=record.is_trashed)
            partitions = [_user_base(record.user_id, name) + suffix for suffix in suffixes]
            if record.schema_version >= HIDDEN_IMAGES_VERSION:
                partitions.append(_hidden_base(record.shard, name))
        if record.sha256 and record.schema_version >= SAME_BYTES_VERSION:
            base = _same_bytes_base(record.user_id, record.sha256, is_trashed=record.is_trashed)
            partitions.append(base)
        return partitions

    def list_partitions_of(self, user_id: str) -> Sequence[str]:
        hidden = [
            _name_hidden(visibility, is_trashed=is_trashed)
            for is_trashed in (False, True)
            for visibility in Visibility
        ]
        return [_user_base(user_id, name) for name in ("PUBLIC", *hidden)]

    def has_listing(self, partition: str) -> bool:
        return partition.startswith(LISTING_PREFIXES)

    def get_usage(self, record: Image) -> Usage:
        return get_image_usage(record)

    def list_visible(self, query: ImageFilter, span: Span, *, limit: int) -> RecordPage[Image]:
        """Read a page of the images that the caller may see, as `list` does.

        An image that becomes ready meanwhile moves from the hidden ones to the public ones.
        """
        hidden = _get_intersections(self._get_hidden_bases(query), query)
        public = _get_intersections(self._get_public_bases(query), query)
        if query.same_bytes and not query.tags and query.visibility is None:
            public, hidden = iter([query.same_bytes]), iter(())
        page = self.list(public, span, limit=limit, sources=hidden)
        # An entry is read before its record: an image that was hidden in between stays hidden.
        visible = [
            image
            for image in page.records
            if image.is_trashed is query.trashed
            and (query.is_admin or image.is_public or image.is_owned_by(query.caller_id))
        ]
        return RecordPage(visible, page.next_key)

    def list_duplicates(self, user_id: str, sha256: str) -> Sequence[Image]:
        """Return a user's images with these bytes that are ready or on the way to it, the oldest first."""
        same_bytes = _same_bytes_base(user_id, sha256, is_trashed=False)
        page = self.list([[same_bytes]], Span(descending=False), limit=MAX_DUPLICATES)
        return [
            image
            for image in page.records
            if image.sha256 == sha256 and not image.is_trashed and lifecycle.has_good_bytes(image.state)
        ]

    def apply(
        self,
        image_id: str,
        event: Event,
        *,
        reason: str | None = None,
        facts: Facts | None = None,
        revision: int | None = None,
    ) -> Image | None:
        """Note an event in the life of an image, or of one revision of it, as `change_revision` does.

        None if the image is gone, or if the event means nothing to it in its state.
        """

        def change(image: Image) -> Image:
            return change_revision(image, revision, event, reason=reason, facts=facts)

        try:
            return self.update(image_id, change)
        except (NotFound, ImpossibleChange):
            return None

    def _get_public_bases(self, query: ImageFilter) -> Iterator[str]:
        if query.trashed or query.visibility is Visibility.PRIVATE:
            return
        if query.sha256 is not None:
            if query.full_owner_id is not None:
                yield _user_base(query.full_owner_id, "PUBLIC")
        elif query.user_id is None:
            yield from map(_public_base, range(self._public_shards))
        else:
            yield _user_base(query.user_id, "PUBLIC")

    def _get_hidden_bases(self, query: ImageFilter) -> Iterator[str]:
        visibilities = [query.visibility] if query.visibility else [*Visibility]
        names = [_name_hidden(visibility, is_trashed=query.trashed) for visibility in visibilities]
        if query.shows_everyone:
            yield from (_hidden_base(shard, name) for shard in range(self._public_shards) for name in names)
            return
        if query.full_owner_id is not None:
            yield from (_user_base(query.full_owner_id, name) for name in names)


def _get_intersections(bases: Iterable[str], query: ImageFilter) -> Iterator[Intersection]:
    suffixes = [_make_tag_suffix(fold_tag(tag)) for tag in query.tags]
    groups = [suffixes] if query.match == "all" else [[suffix] for suffix in suffixes]
    for base in bases:
        for group in groups or [[]]:
            yield [*query.same_bytes, *([base + suffix for suffix in group] or [base])]


def _public_base(shard: int) -> str:
    return f"PUBLIC#{shard}"


def _hidden_base(shard: int, name: str) -> str:
    """Partition of everyone's images that only their owners and admins see."""
    return f"ALL#{shard}#{name}"


def _user_base(user_id: str, name: str) -> str:
    return f"{make_user_partition(user_id)}#{name}"


def _same_bytes_base(user_id: str, sha256: str, *, is_trashed: bool) -> str:
    """Partition of all images of a user with these bytes. Those in the trash have their own."""
    return _user_base(user_id, f"{'TRASHED-' if is_trashed else ''}SHA256#{sha256}")


def _name_hidden(visibility: Visibility, *, is_trashed: bool) -> str:
    """The partition of images that only their owner sees: private, public and not ready yet, or trashed."""
    name = "PRIVATE" if visibility is Visibility.PRIVATE else "UNPUBLISHED"
    return f"TRASHED-{name}" if is_trashed else name


def make_user_partition(user_id: str) -> str:
    return f"USER#{quote(user_id, safe='@:|+')}"  # a "#" in a name must not end it early


def _get_tag_names(image: Image) -> Sequence[str]:
    """The names of the tags in partitions. They match whatever their case."""
    if image.schema_version < FOLDED_TAGS_VERSION:
        return image.tags
    return list(dict.fromkeys(map(fold_tag, image.tags)))


def _make_tag_suffix(name: str) -> str:
    return f"#TAG#{name}"


def get_image_usage(image: Image | None) -> Usage:
    """Return what one image adds to the usage of its user: the larger original while it has two."""
    if image is None or not lifecycle.counts(image.state):
        return Usage()
    other = image.replacement
    sizes = [image.size, other.size if other and lifecycle.counts(other.state) else 0]
    return Usage(images=1, bytes=max(sizes))


def make_record_key(image_id: str) -> Key:
    return f"{IMAGE_KIND}#{image_id}", IMAGE_KIND
