"""A model of the service in plain Python: the effect of each request, event and removal, for everyone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from app.access.callers import SHARED_USER_ID
from tests.support.lives import DEFAULTS, FILENAME, Image, Item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.quotas import Quota
    from tests.support.lives import Life, Record, User
    from tests.support.specimens import Picture


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
            known=picture,
            originals={1},
            charged_images=1,
            charged_bytes=len(picture.data),
        )
        self.images.append(image)
        return image

    def begin_upload(
        self, user: User, image_id: str, picture: Picture, metadata: Mapping[str, Any], *, is_bound: bool
    ) -> Image:
        image = self.upload(user, image_id, picture, metadata)
        image.await_picture(picture, is_bound=is_bound)
        image.known = picture if is_bound else None
        image.originals.clear()
        image.charged_images = image.charged_bytes = 0
        return image

    def create_item(self, user: User, item_id: str, content: Mapping[str, Any]) -> Item:
        item = Item(id=item_id, owner=user or SHARED_USER_ID, content=content)
        self.items.append(item)
        return item

    def measure(self, user: User) -> dict[str, int]:
        own = [image for image in self.images if image.owner == user]
        return {
            "images": sum(image.charged_images for image in own),
            "bytes": sum(image.charged_bytes for image in own),
        }

    def has_room(self, user: User, size: int) -> bool:
        used = self.measure(user)
        max_images, max_bytes = self._quota.max_images or 0, self._quota.max_bytes or 0
        return used["images"] < max_images and used["bytes"] + size <= max_bytes

    def has_room_for_more(self, image: Image, size: int) -> bool:
        """Tell if a larger original has room for the difference."""
        needed = size - image.counted_bytes
        return needed <= 0 or self.measure(image.owner)["bytes"] + needed <= (self._quota.max_bytes or 0)

    def refuse_upload(self, user: User, size: int, *, is_accepted: bool = True) -> int | None:
        if user is None:
            return 422
        if not is_accepted:
            return 415
        return None if self.has_room(user, size) else 403

    def find_duplicate(self, user: User, picture: Picture, wish: str) -> Image | None:
        """Return the image with the same bytes that is in the way of an upload, or in place of it."""
        same = [
            image
            for image in self.images
            if image.exists and image.known is picture and _owns(user, image)
            if image.status in {"processing", "ready"}
        ]
        return same[0] if same and wish != "allow" else None

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
        status = (image.open_replacement or image).status
        return 409 if status in {"pending", "processing", "rejected"} else None

    def refuse_new_link(self, image: Image) -> int | None:
        return 409 if image.is_trashed else None

    def refuse_replacement(self, image: Image, size: int) -> int | None:
        under_way = image.open_replacement
        if not image.is_verified or image.status == "processing":
            return 409
        if under_way and under_way.status == "processing":
            return 409
        return None if self.has_room_for_more(image, size) else 403

    def refuse_link(self, user: User, image: Image, generation: int) -> int | None:
        is_good = image.exists and generation == image.link_generation and not image.is_trashed
        refusal = None if is_good else self.refuse_read(user, image)
        return refusal or (None if image.has_renditions else 404)

    def refuse_listing(self, user: User, query: Mapping[str, Any]) -> int | None:
        """Images are found by their bytes for their owner alone."""
        if "sha256" not in query:
            return None
        if user is None:
            return 422
        return None if query.get("userId") in {None, user} else 403

    def list_images(self, user: User, query: Mapping[str, Any]) -> list[Image]:
        expected = set(query.get("tags", ()))
        found = [
            image
            for image in self.images
            if image.is_trashed is query.get("trashed", False)
            if image.exists and image.is_listed and self.refuse_read(user, image) is None
            if query.get("userId") in {None, image.owner}
            if query.get("visibility") in {None, image.metadata["visibility"]}
            if "sha256" not in query or _has_bytes(image, user, query["sha256"])
            if not expected or _matches(expected, image, query.get("match", "all"))
        ]
        return found if query.get("order") == "asc" else found[::-1]

    def count_tags(self, user: User) -> Counter[str]:
        """Tags count of images that are listed and do not end by themselves."""
        kept = [image for image in self.images if image.exists and not image.is_trashed]
        counted = [image for image in kept if image.is_verified and image.status != "rejected"]
        owned = [image for image in counted if _owns(user, image)]
        return Counter(tag for image in owned for tag in image.metadata["tags"])

    def list_items(self, user: User) -> list[Item]:
        return [item for item in reversed(self.items) if item.exists and _owns(user, item)]

    def accept(self, image: Image, revision: int, *, is_late: bool) -> None:
        """The event of an upload: only the first valid one becomes the original."""
        posted = image.posted.pop(revision, None)
        life = image.find_life(revision)
        if posted is None or not image.exists or life is None or not life.is_awaited:
            return
        if is_late:
            image.put_down(life, "failed", has_reason=True)
        if life.original:
            return
        if life.takes(posted):
            life.original = posted
            image.originals.add(revision)
        else:
            image.refuse(life)

    def process(self, image: Image, revision: int, *, is_late: bool, is_faulty: bool) -> bool:
        """Handle the event of an original. Return False if it raises. Then it comes again."""
        if not image.exists:
            return self._process_without_row(image, revision, is_late=is_late)
        life = image.find_life(revision)
        if life is None or life.original is None or life.status in {"ready", "rejected"}:
            image.keep_revision(1 if revision == image.revision else revision, revision)
            return True
        had_reason, shown = life.has_reason, image.revision
        if life.is_awaited:
            if is_late:
                image.put_down(life, "failed", has_reason=True)
            if not self._has_room_to_verify(image, life):
                image.refuse(life)
                return True
            image.verify(life)
        if is_late:
            image.put_down(life, "failed" if had_reason else "processing", has_reason=True)
        if is_faulty:
            image.put_down(life, "failed", has_reason=True)
        elif life.original.is_sound:
            image.become(life)
            image.revision = revision
            image.keep_revision(shown, revision)
        else:
            image.reject(life)
        return not is_faulty

    def _has_room_to_verify(self, image: Image, life: Life) -> bool:
        if life is image:
            return self.has_room(image.owner, image.size)
        return self.has_room_for_more(image, life.size)

    @staticmethod
    def _process_without_row(image: Image, revision: int, *, is_late: bool) -> bool:
        """A row may still come for bytes that are young, and then the event has to come again."""
        if revision in image.originals and not is_late:
            return False
        image.originals -= {*range(1, revision + 1)}
        return True


def _owns(user: User, record: Record) -> bool:
    return record.owner == (SHARED_USER_ID if user is None and isinstance(record, Item) else user)


def _has_bytes(image: Image, user: User, sha256: str) -> bool:
    return _owns(user, image) and image.known is not None and image.known.sha256 == sha256


def _matches(expected: set[str], image: Image, match: str) -> bool:
    shared = expected.intersection(image.metadata["tags"])
    return bool(shared) if match == "any" else shared == expected
