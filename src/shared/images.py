"""Images in DynamoDB, and the listings that show them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from shared.listing import Scope, Span
from shared.models import Image, ProcessingResult, Status, Visibility, format_timestamp
from shared.records import RecordPage, RecordRepository
from shared.table import ConditionFailed, Key, Table, dump

FINAL_STATUSES = (Status.READY, Status.REJECTED)


@dataclass(frozen=True)
class ImageFilter:
    """Which images a listing shows. `caller_id` is None for a caller without a name."""

    caller_id: str | None
    user_id: str | None = None
    visibility: Visibility | None = None
    tags: Sequence[str] = ()
    match: Literal["all", "any"] = "all"


class ImageRepository(RecordRepository[Image]):
    """The images table."""

    kind = "IMAGE"
    model = Image

    def __init__(self, table: Table, *, public_shards: int = 1) -> None:
        super().__init__(table)
        self._public_shards = public_shards

    def choose_shard(self) -> int:
        return random.randrange(self._public_shards)  # noqa: S311 - spreads load, keeps no secret

    def partitions(self, record: Image) -> Sequence[str]:
        families = [_user_family(record.user_id, record.visibility)]
        if record.visibility is Visibility.PUBLIC:
            families.append(_public_family(record.shard))
        return [family + suffix for family in families for suffix in ("", *map(_tag_suffix, record.tags))]

    def list_visible(self, images: ImageFilter, span: Span, *, limit: int) -> RecordPage[Image]:
        """Read a page of what the caller may see, as `list` does."""
        page = self.list(self._scopes(images), span, limit=limit)
        # An entry is read before its record: what was hidden in between stays hidden.
        visible = [image for image in page.records if image.visible_to(images.caller_id)]
        return RecordPage(visible, page.next_key)

    def set_result(self, image_id: str, result: ProcessingResult) -> bool:
        """Put down what processing found. False if the image is gone, or was finished before."""
        values = dump(result) | {
            "status_reason": result.status_reason,
            "updated_at": format_timestamp(datetime.now(UTC)),
        }
        try:
            self.table.update(self.key(image_id), values, unless={"status": FINAL_STATUSES})
        except ConditionFailed:
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
        if Visibility.PRIVATE in shown and owner is not None and owner == images.caller_id:
            yield _user_family(owner, Visibility.PRIVATE)


def _public_family(shard: int) -> str:
    return f"PUBLIC#{shard}"


def _user_family(user_id: str, visibility: Visibility) -> str:
    return f"USER#{quote(user_id, safe='@:|+')}#{visibility.upper()}"  # no "#" of a name may end it early


def _tag_suffix(tag: str) -> str:
    return f"#TAG#{tag}"


def parse_record_key(key: Key) -> str | None:
    """Return the image's id, or None for the key of a listing entry."""
    partition, sort = key
    return partition.removeprefix(f"{ImageRepository.kind}#") if sort == ImageRepository.kind else None
