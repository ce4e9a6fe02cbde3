"""A model of the service in plain Python: the effect of each request, event and removal, for everyone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from app.access.callers import SHARED_USER_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.quotas import Quota
    from tests.support.specimens import Picture

FILENAME = "photo.jpg"
DEFAULTS: dict[str, Any] = {"description": None, "visibility": "private", "tags": []}

type User = str | None
type Status = Literal["pending", "processing", "ready", "rejected", "failed"]


@dataclass(eq=False, kw_only=True)
class Record:
    """The part that images and items share."""

    id: str
    owner: User
    version: int = 1
    exists: bool = True

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


@dataclass(eq=False, kw_only=True)
class Item(Record):
    """Callers without a name share one owner."""

    content: Mapping[str, Any]

    def show(self) -> dict[str, Any]:
        known = {"id": self.id, "userId": self.owner, "version": self.version}
        return {**known, "description": None, "attributes": {}, **self.content}

    def replace(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.version += 1


@dataclass(eq=False, kw_only=True)
class Image(Record):
    """A record, and which bytes there are in the bucket."""

    size: int
    content_type: str
    metadata: dict[str, Any]
    status: Status = "processing"
    has_reason: bool = False
    is_verified: bool = True
    """Its original is kept, so it counts. A record without one ends by itself."""
    is_charged: bool = False
    """It counts, or it has counted, and the change that ended this is still to be followed."""
    link_generation: int = 0
    promised: Picture | None = None
    """The picture that a direct upload has announced."""
    is_bound: bool = False
    """It has announced the checksum too, not only the size."""
    posted: Picture | None = None
    original: Picture | None = None
    originals: set[int] = field(default_factory=set)
    """The revisions whose original is in the bucket."""
    revision: int = 1
    latest_revision: int = 1
    has_renditions: bool = False

    @property
    def is_listed(self) -> bool:
        """Its owner finds it in listings."""
        return self.status != "pending"

    @property
    def is_public(self) -> bool:
        is_shown = self.has_renditions and self.status != "rejected"
        return is_shown and self.metadata["visibility"] == "public"

    @property
    def is_awaited(self) -> bool:
        return not self.is_verified and self.status != "rejected"

    def show(self, caller: User) -> dict[str, Any]:
        """The facts that a comparison reads in a response."""
        return {
            "id": self.id,
            "userId": self.owner,
            "size": self.size if caller == self.owner else None,
            "contentType": self.content_type,
            "status": self.status,
            "version": self.version,
            **self.metadata,
            "statusReason": caller == self.owner and self.has_reason,
            "url": caller == self.owner and self.is_verified,
            "renditions": self.has_renditions,
        }

    def change(self, change: Mapping[str, Any]) -> None:
        defaults = {**DEFAULTS, "filename": f"image.{self.content_type.removeprefix('image/')}"}
        named = {name: defaults[name] if value is None else value for name, value in change.items()}
        self.metadata |= named
        self.version += 1

    def revoke_links(self) -> None:
        self.link_generation += 1
        self.version += 1

    def put_down(self, status: Status, *, has_reason: bool = False) -> None:
        self.status, self.has_reason = status, has_reason
        self.version += 1

    def begin_revision(self) -> None:
        """Bytes that are not verified yet are verified again. Others are copied."""
        self.put_down("pending" if self.is_awaited else "processing")
        if self.is_verified:
            self.latest_revision += 1
            self.originals.add(self.latest_revision)

    def keep_revision(self, first: int, last: int) -> None:
        """None of these revisions is kept but that which is shown."""
        self.originals -= {*range(first, last + 1)} - {self.revision}

    def refuse(self) -> None:
        self.put_down("rejected", has_reason=True)
        self.original = None
        self.originals.clear()

    def reject(self) -> None:
        """The verdict is one change, and the end of its bytes is another."""
        self.put_down("rejected", has_reason=True)
        self.version += 1
        self.is_verified, self.original = False, None
        self.originals.clear()


class Model:
    """All records in the order of their creation, also those that are gone."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self.images: list[Image] = []
        self.items: list[Item] = []

    @property
    def records(self) -> list[Record]:
        return [*self.images, *self.items]

    def upload(self, user: User, image_id: str, picture: Picture, metadata: Mapping[str, Any]) -> Image:
        image = Image(
            id=image_id,
            owner=user,
            size=len(picture.data),
            content_type=picture.content_type,
            metadata={**DEFAULTS, "filename": FILENAME, **metadata},
            original=picture,
            originals={1},
            is_charged=True,
        )
        self.images.append(image)
        return image

    def begin_upload(
        self, user: User, image_id: str, picture: Picture, metadata: Mapping[str, Any], *, is_bound: bool
    ) -> Image:
        image = self.upload(user, image_id, picture, metadata)
        image.status, image.original, image.is_verified = "pending", None, False
        image.originals.clear()
        image.is_charged = False
        image.promised, image.is_bound = picture, is_bound
        return image

    def create_item(self, user: User, item_id: str, content: Mapping[str, Any]) -> Item:
        item = Item(id=item_id, owner=user or SHARED_USER_ID, content=content)
        self.items.append(item)
        return item

    def measure(self, user: User) -> dict[str, int]:
        counted = [image for image in self.images if image.owner == user and image.is_charged]
        return {"images": len(counted), "bytes": sum(image.size for image in counted)}

    def has_room(self, user: User, size: int) -> bool:
        used = self.measure(user)
        max_images, max_bytes = self._quota.max_images or 0, self._quota.max_bytes or 0
        return used["images"] < max_images and used["bytes"] + size <= max_bytes

    def refuse_upload(self, user: User, size: int, *, is_accepted: bool = True) -> int | None:
        if user is None:
            return 422
        if not is_accepted:
            return 415
        return None if self.has_room(user, size) else 403

    def refuse_read(self, user: User, record: Record) -> int | None:
        is_public = isinstance(record, Image) and record.is_public
        return None if record.exists and (is_public or _owns(user, record)) else 404

    def refuse_write(self, user: User, record: Record, if_match: str | None) -> int | None:
        if refusal := self.refuse_read(user, record):
            return refusal
        if not _owns(user, record):
            return 403
        return None if if_match in {None, "*", record.etag} else 412

    def refuse_reprocessing(self, image: Image) -> int | None:
        return 409 if image.status in {"pending", "processing", "rejected"} else None

    def refuse_link(self, user: User, image: Image, generation: int) -> int | None:
        is_good = image.exists and generation == image.link_generation
        refusal = None if is_good else self.refuse_read(user, image)
        return refusal or (None if image.has_renditions else 404)

    def list_images(self, user: User, query: Mapping[str, Any]) -> list[Image]:
        expected = set(query.get("tags", ()))
        found = [
            image
            for image in self.images
            if image.exists and image.is_listed and self.refuse_read(user, image) is None
            if query.get("userId") in {None, image.owner}
            if query.get("visibility") in {None, image.metadata["visibility"]}
            if not expected or _matches(expected, image, query.get("match", "all"))
        ]
        return found if query.get("order") == "asc" else found[::-1]

    def list_items(self, user: User) -> list[Item]:
        return [item for item in reversed(self.items) if item.exists and _owns(user, item)]

    def accept(self, image: Image, *, is_late: bool) -> None:
        """The event of an upload: only the first valid one becomes the original."""
        posted, image.posted = image.posted, None
        if posted is None or not image.exists or not image.is_awaited:
            return
        if is_late:
            image.put_down("failed", has_reason=True)
        if image.original:
            return
        is_promised = posted is image.promised or (not image.is_bound and len(posted.data) == image.size)
        if is_promised and posted.is_accepted:
            image.original = posted
            image.originals.add(1)
        else:
            image.refuse()

    def process(self, image: Image, revision: int, *, is_late: bool, is_faulty: bool) -> bool:
        """Handle the event of an original. Return False if it raises. Then it comes again."""
        if not image.exists:
            return self._process_without_row(image, revision, is_late=is_late)
        if image.original is None or image.status in {"ready", "rejected"}:
            image.keep_revision(1 if revision == image.revision else revision, revision)
            return True
        if revision < image.latest_revision:
            image.keep_revision(revision, revision)
            return True
        had_reason, shown = image.has_reason, image.revision
        if image.is_awaited:
            if is_late:
                image.put_down("failed", has_reason=True)
            if not self.has_room(image.owner, image.size):
                image.refuse()
                return True
            image.is_verified = image.is_charged = True
            image.put_down("processing")
        if is_late:
            image.put_down("failed" if had_reason else "processing", has_reason=True)
        if is_faulty:
            image.put_down("failed", has_reason=True)
        elif image.original.is_sound:
            image.content_type = image.original.content_type
            image.has_renditions = True
            image.revision = revision
            image.put_down("ready")
            image.keep_revision(shown, revision)
        else:
            image.reject()
        return not is_faulty

    @staticmethod
    def _process_without_row(image: Image, revision: int, *, is_late: bool) -> bool:
        """A row may still come for bytes that are young, and then the event has to come again."""
        if revision in image.originals and not is_late:
            return False
        image.originals -= {*range(1, revision + 1)}
        return True


def _owns(user: User, record: Record) -> bool:
    return record.owner == (SHARED_USER_ID if user is None and isinstance(record, Item) else user)


def _matches(expected: set[str], image: Image, match: str) -> bool:
    shared = expected.intersection(image.metadata["tags"])
    return bool(shared) if match == "any" else shared == expected
