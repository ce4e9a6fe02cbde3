"""The records of the model: what each has, and how a change leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

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
class Life:
    """The part that an image and a replacement of its bytes share."""

    size: int
    content_type: str
    revision: int = 1
    status: Status = "processing"
    has_reason: bool = False
    is_verified: bool = True
    """Its original is kept, so it counts. An image without one ends by itself."""
    promised: Picture | None = None
    """The picture that a direct upload has announced."""
    is_bound: bool = False
    """It has announced the checksum too, not only the size."""
    original: Picture | None = None

    @property
    def is_awaited(self) -> bool:
        return not self.is_verified and self.status != "rejected"

    @property
    def is_open(self) -> bool:
        return self.status in {"pending", "processing", "failed"}

    def await_picture(self, picture: Picture, *, is_bound: bool) -> None:
        self.status, self.original, self.is_verified = "pending", None, False
        self.promised, self.is_bound = picture, is_bound

    def takes(self, posted: Picture) -> bool:
        is_promised = posted is self.promised or (not self.is_bound and len(posted.data) == self.size)
        return is_promised and posted.is_accepted


@dataclass(eq=False, kw_only=True)
class Image(Record, Life):
    """A record, and which bytes there are in the bucket."""

    metadata: dict[str, Any]
    known: Picture | None = None
    """The picture whose SHA-256 the record has: what was uploaded or announced, later what is ready."""
    charged_images: int = 0
    charged_bytes: int = 0
    """What it counts, and what it has counted until the change that ended this is followed."""
    followed: set[str] = field(default_factory=set)
    """The changes that have given something back."""
    link_generation: int = 0
    posted: dict[int, Picture] = field(default_factory=dict)
    """The picture that was posted last for each revision."""
    originals: set[int] = field(default_factory=set)
    """The revisions whose original is in the bucket."""
    latest_revision: int = 1
    has_renditions: bool = False
    is_trashed: bool = False
    replacement: Life | None = None

    @property
    def is_listed(self) -> bool:
        """Its owner finds it in listings."""
        return self.status != "pending"

    @property
    def is_public(self) -> bool:
        is_shown = self.has_renditions and self.status != "rejected" and not self.is_trashed
        return is_shown and self.metadata["visibility"] == "public"

    @property
    def open_replacement(self) -> Life | None:
        return self.replacement if self.replacement and self.replacement.is_open else None

    @property
    def counted_bytes(self) -> int:
        """The larger original while there are two."""
        other = self.replacement
        return max(self.size, other.size if other and other.is_verified else 0)

    def find_life(self, revision: int) -> Life | None:
        if self.replacement and revision == self.replacement.revision:
            return self.replacement
        return self if revision == self.latest_revision else None

    def show(self, caller: User) -> dict[str, Any]:
        """The facts that a comparison reads in a response."""
        is_own = caller == self.owner
        other = self.replacement if is_own else None
        return {
            "id": self.id,
            "userId": self.owner,
            "size": self.size if is_own else None,
            "contentType": self.content_type,
            "status": self.status,
            "version": self.version,
            **self.metadata,
            "statusReason": is_own and self.has_reason,
            "url": is_own and self.is_verified,
            "renditions": self.has_renditions,
            "trashedAt": self.is_trashed,
            "replacement": (other.status, other.has_reason, other.size) if other else None,
        }

    def change(self, change: Mapping[str, Any]) -> None:
        defaults = {
            **DEFAULTS,
            "filename": f"image.{self.content_type.removeprefix('image/')}",
            "addTags": [],
            "removeTags": [],
        }
        named = {name: defaults[name] if value is None else value for name, value in change.items()}
        added, removed = named.pop("addTags", []), named.pop("removeTags", [])
        self.metadata |= named
        kept = [tag for tag in self.metadata["tags"] if tag not in removed]
        self.metadata["tags"] = kept + [tag for tag in added if tag not in kept]
        self.version += 1

    def move(self, *, is_trashed: bool) -> None:
        """Into the trash, or out of it. It changes nothing if it is there already."""
        self.version += self.is_trashed is not is_trashed
        self.is_trashed = is_trashed

    def revoke_links(self) -> None:
        self.link_generation += 1
        self.version += 1

    def put_down(self, life: Life, status: Status, *, has_reason: bool = False) -> None:
        life.status, life.has_reason = status, has_reason
        self.version += 1

    def begin_revision(self) -> None:
        """Bytes that are not verified yet are verified again. Those of the image are copied."""
        life = self.open_replacement or self
        self.put_down(life, "pending" if life.is_awaited else "processing")
        if life is self and life.is_verified:
            self.latest_revision += 1
            self.originals.add(self.latest_revision)

    def begin_replacement(self, picture: Picture) -> Life:
        self.latest_revision += 1
        self.charged_bytes += max(0, len(picture.data) - self.counted_bytes)
        self.replacement = Life(
            size=len(picture.data),
            content_type=picture.content_type,
            revision=self.latest_revision,
            original=picture,
        )
        self.originals.add(self.latest_revision)
        self.version += 1
        return self.replacement

    def announce_replacement(self, picture: Picture, *, is_bound: bool) -> None:
        charged = self.charged_bytes
        self.begin_replacement(picture).await_picture(picture, is_bound=is_bound)
        self.originals.discard(self.latest_revision)
        self.charged_bytes = charged

    def keep_revision(self, first: int, last: int) -> None:
        """None of these revisions is kept but that which is shown."""
        self.originals -= {*range(first, last + 1)} - {self.revision}

    def verify(self, life: Life) -> None:
        before = self.counted_bytes if self.is_verified else 0
        life.is_verified = True
        self.charged_images += life is self
        self.charged_bytes += self.counted_bytes - before
        self.put_down(life, "processing")

    def become(self, life: Life) -> None:
        """Make the image ready, with the bytes of its replacement if that is ready."""
        if life is not self:
            self.size, self.original, self.replacement = life.size, life.original, None
            self.revision = life.revision
            self.metadata["filename"] = FILENAME
        assert self.original
        self.known = self.original
        self.content_type = self.original.content_type
        self.has_renditions = True
        self.put_down(self, "ready")

    def refuse(self, life: Life) -> None:
        self.put_down(life, "rejected", has_reason=True)
        life.is_verified, life.original = False, None
        if life is self:
            self.originals.clear()
        else:
            self.keep_revision(self.revision + 1, life.revision)

    def reject(self, life: Life) -> None:
        """The verdict is one change, and the end of its bytes is another."""
        self.refuse(life)
        self.version += 1
