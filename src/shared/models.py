"""Stored models: images and files, and the parts they are made of."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints
from pydantic_core import to_json

from shared import lifecycle
from shared.bases import Model, Timestamp
from shared.lifecycle import Event, State, Status
from shared.renditions import RenditionName
from shared.trash import Trash

SCHEMA_VERSION = 3
"""Version of the stored format. Code reads its own version and all earlier ones."""
MAX_FACT_CHARS = 100
LEASE_ENDED_REASON = "Processing did not end in time. Ask for it again with POST /images/{id}/reprocess."


class Stored(Model):
    """Base of everything that has a row of its own, except listing entries."""

    schema_version: int = SCHEMA_VERSION


class Record(Stored):
    """Base of what clients make: images and items."""

    id: str
    created_at: Timestamp
    updated_at: Timestamp
    version: int = 1
    expires_at: int | None = None
    """When it ends by itself, in seconds since 1970. None: it does not."""

    @classmethod
    def create(cls, **fields: Any) -> Self:  # noqa: ANN401 - any field of the record
        """Make a new record. Raises ValidationError for an unknown field, so that none gets lost."""
        now = datetime.now(UTC)
        defaults = {"id": str(uuid.uuid4()), "created_at": now, "updated_at": now}
        return cls.model_validate(defaults | fields, extra="forbid")

    def measure(self) -> int:
        """Return the bytes that the record takes as JSON, in the table as in a response."""
        return len(to_json(dict(self)))

    def withdrawn(self) -> Self:
        """The record as if it had ended before it was added."""
        return self.model_copy(update={"expires_at": int(datetime.now(UTC).timestamp())})


class Visibility(StrEnum):
    """Everyone may see a public image, and only its owner a private one."""

    PUBLIC = "public"
    PRIVATE = "private"


FactText = Annotated[str, StringConstraints(max_length=MAX_FACT_CHARS)]


class Rendition(Model):
    """One stored size of an image."""

    width: int
    height: int
    size: int


class Placeholder(Model):
    """A stand-in that a client shows until the image is loaded."""

    thumbhash: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/=]{1,64}$")]
    """Base64 of the ThumbHash (https://evanw.github.io/thumbhash/)."""
    dominant_color: Annotated[str, StringConstraints(pattern="^#[0-9a-f]{6}$")]
    """`#rrggbb`"""


class Location(Model):
    """The place where a photo was taken: degrees (WGS 84) and metres above the sea."""

    latitude: float
    longitude: float
    altitude: float | None = None


class Exif(Model):
    """Facts that a camera recorded."""

    taken_at: Annotated[str, StringConstraints(pattern=r"^[0-9T:+-]{19,25}$")] | None = None
    """RFC 3339; without an offset where the camera did not record one."""
    camera: FactText | None = None
    lens: FactText | None = None
    focal_length_mm: float | None = None
    aperture: float | None = None
    exposure_seconds: float | None = None
    iso: int | None = None
    orientation: int | None = None
    """1 to 8, as the camera stored the pixels. Renditions are upright."""
    location: Location | None = None


class Facts(Model):
    """The facts that processing finds. None leaves the field of the image as it was."""

    content_type: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    animated: bool | None = None
    renditions: dict[RenditionName, Rendition] | None = None
    placeholder: Placeholder | None = None
    exif: Exif | None = None
    revision: int | None = None


class Living(Model):
    """Base of what has a life: an image, and other bytes that are to replace those of one."""

    status: Status
    status_reason: str | None = None
    has_original: bool
    expires_at: int | None = None
    leased_until: int | None = None

    @property
    def state(self) -> State:
        return State(
            self.status, self.has_original, expires_at=self.expires_at, leased_until=self.leased_until
        )

    def after(self, event: Event, *, reason: str | None = None) -> Self:
        """Its next state, with the reason that its owner can read. Raises ImpossibleChange."""
        state = lifecycle.change(self.state, event, datetime.now(UTC))
        return self.in_state(state).model_copy(update={"status_reason": reason})

    def as_of(self, now: datetime) -> Self:
        """It as readers see it now."""
        state = lifecycle.resolve(self.state, now)
        if state == self.state:
            return self
        return self.in_state(state).model_copy(update={"status_reason": LEASE_ENDED_REASON})

    def withdrawn(self) -> Self:
        """It as if it had ended before it was added."""
        return self.in_state(lifecycle.withdraw(datetime.now(UTC)))

    def in_state(self, state: State) -> Self:
        return self.model_copy(update=_get_state_fields(state))


class Replacement(Living):
    """Other bytes on their way to become an image. The image stays as it is until they are ready."""

    id: str
    """Another one for each try of a request. It names what the try has reserved."""
    revision: int = 1
    """The revision of the image that the bytes are to become."""
    filename: str | None = None
    """None leaves the image its name."""
    content_type: str
    size: int
    sha256: str | None = None
    created_at: Timestamp
    claim: str | None = None
    """The request with an Idempotency-Key that has begun it."""

    @classmethod
    def begin(cls, state: State, **fields: Any) -> Self:  # noqa: ANN401 - any field of a replacement
        started = {"id": str(uuid.uuid4()), "created_at": datetime.now(UTC)}
        return cls.model_validate(started | _get_state_fields(state) | fields, extra="forbid")


class Image(Living, Record):
    """The record of an image."""

    user_id: str
    filename: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    """While a direct upload is pending: the value that the client announced."""
    description: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    tags: tuple[str, ...] = ()
    renditions: dict[RenditionName, Rendition] = Field(default={})
    placeholder: Placeholder | None = None
    exif: Exif | None = None
    animated: bool = False
    shard: int = 0
    """The shard of the public listing that holds this image. It never changes."""
    revision: int = 1
    """The revision of its bytes and renditions. Their keys carry it, and no object is written twice."""
    latest_revision: int = 1
    """The last revision that was begun. It becomes the revision of the image when it is ready."""
    link_generation: int = 0
    """How often the links of the image were revoked. Links of an earlier generation open nothing."""
    replacement: Replacement | None = None
    """The last one, until it is ready. It stays when it has ended: its events may still come."""
    replaced_by: str | None = None
    """The claim of the replacement that has become the image."""
    trash: Trash | None = None
    """None: it is not in the trash."""

    @classmethod
    def begin(cls, state: State, **fields: Any) -> Self:  # noqa: ANN401 - any field of an image
        """Make the record of a new image in its first state."""
        return cls.create(**_get_state_fields(state), **fields)

    @property
    def state(self) -> State:
        state = replace(super().state, has_renditions=bool(self.renditions))
        if self.trash is None:
            return state
        return replace(state, expires_at=self.trash.state_ends_at, trash_ends_at=self.trash.ends_at)

    def in_state(self, state: State) -> Self:
        image = super().in_state(state)
        if self.trash is None:
            return image
        trash = self.trash.model_copy(update={"state_ends_at": state.expires_at})
        ends_at = lifecycle.get_end(replace(state, trash_ends_at=trash.ends_at))
        return image.model_copy(update={"trash": trash, "expires_at": ends_at})

    def trashed(self, lifetime: timedelta) -> Self:
        """The image in the trash, where it ends after a time."""
        return self.model_copy(update={"trash": Trash.begin(lifetime)}).in_state(self.state)

    def restored(self) -> Self:
        """The image outside of the trash."""
        return self.model_copy(update={"trash": None}).in_state(self.state)

    @property
    def is_trashed(self) -> bool:
        return self.trash is not None

    @property
    def stills(self) -> dict[RenditionName, Rendition]:
        """Its renditions that do not move."""
        return {name: rendition for name, rendition in self.renditions.items() if not name.moves}

    @property
    def is_public(self) -> bool:
        """True if everyone may see it."""
        return self.visibility is Visibility.PUBLIC and lifecycle.is_shown(self.state)

    @property
    def serves_original(self) -> bool:
        return lifecycle.serves_original(self.state)

    def after(self, event: Event, *, reason: str | None = None, facts: Facts | None = None) -> Self:
        """As of everything that lives, with the facts that a run has found."""
        found = {name: value for name, value in facts or () if value is not None}
        latest = self.latest_revision + lifecycle.begins_revision(self.state, event)
        changed = super().after(event, reason=reason)
        return changed.model_copy(update={"latest_revision": latest, **found})

    def as_of(self, now: datetime) -> Self:
        image = super().as_of(now)
        if image.replacement is None:
            return image
        return image.model_copy(update={"replacement": image.replacement.as_of(now)})

    def without_links(self) -> Self:
        """The image with every link revoked that was made so far."""
        return self.model_copy(update={"link_generation": self.link_generation + 1})

    def is_owned_by(self, user_id: str | None) -> bool:
        return self.user_id == user_id


def _get_state_fields(state: State) -> dict[str, Any]:
    return {
        "status": state.status,
        "has_original": state.has_original,
        "expires_at": state.expires_at,
        "leased_until": state.leased_until,
    }


class File(Record):
    """A file of the legacy upload."""

    user_id: str
    filename: str
    content_type: str
    """What the client said. The file is never shown as that."""
    size: int

    def is_owned_by(self, user_id: str | None) -> bool:
        return self.user_id == user_id
