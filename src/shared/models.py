"""What the service stores: images and items, and the parts they are made of."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, PlainSerializer
from pydantic.alias_generators import to_camel

type RenditionName = Literal["thumbnail", "small", "medium", "large"]

# Photos of 4000 and 4032 pixels are decoded at half their size for 2000, which takes half the time.
RENDITION_EDGES_PX: dict[RenditionName, int] = {"thumbnail": 256, "small": 640, "medium": 1280, "large": 2000}


def format_timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with six digits of fraction, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Timestamp = Annotated[datetime, PlainSerializer(format_timestamp, return_type=str)]


class Model(BaseModel):
    """Base of all models: camelCase outside, snake_case inside, never changed in place."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,
    )


class Record(Model):
    """What every stored thing has."""

    id: str
    created_at: Timestamp
    updated_at: Timestamp
    version: int = 1


class Visibility(StrEnum):
    """Who may see an image."""

    PUBLIC = "public"
    PRIVATE = "private"


class Status(StrEnum):
    """Where an image is in its life."""

    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    FAILED = "failed"


class Rendition(Model):
    """One stored size of an image."""

    width: int
    height: int
    size: int
    content_type: str = "image/webp"


class Placeholder(Model):
    """What a client shows until the image is there."""

    thumbhash: str
    """Base64 of the ThumbHash (https://evanw.github.io/thumbhash/)."""
    dominant_color: str
    """`#rrggbb`"""


class Location(Model):
    """Where a photo was taken: degrees (WGS 84) and metres above the sea."""

    latitude: float
    longitude: float
    altitude: float | None = None


class Exif(Model):
    """The facts of a photo that are worth telling."""

    taken_at: str | None = None
    """RFC 3339; without an offset where the camera did not record one, and for strangers."""
    camera: str | None = None
    lens: str | None = None
    focal_length_mm: float | None = None
    aperture: float | None = None
    exposure_seconds: float | None = None
    iso: int | None = None
    orientation: int | None = None
    """1 to 8, as the camera stored the pixels; renditions are upright."""
    location: Location | None = None

    def without_place(self) -> Self | None:
        """As strangers may see it: an offset tells the part of the world, too. None if nothing is left."""
        taken_at = self.taken_at and self.taken_at[: len("2024-05-06T07:08:09")]
        rest = self.model_copy(update={"taken_at": taken_at, "location": None})
        return rest if any(value is not None for _, value in rest) else None


class Image(Record):
    """An image's record."""

    user_id: str
    filename: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    """Of a direct upload, until its bytes are there: what the client declared."""
    description: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    tags: tuple[str, ...] = ()
    status: Status = Status.PROCESSING
    status_reason: str | None = None
    renditions: dict[RenditionName, Rendition] = {}
    placeholder: Placeholder | None = None
    exif: Exif | None = None
    animated: bool = False
    shard: int = 0
    """Which shard of the public listing holds this image; fixed at creation."""
    listed: bool = True
    """Whether listings show it, and others may see it: a direct upload is listed once it is verified."""
    link_generation: int = 0
    """Counts how often the image's links were revoked: those of an earlier generation open nothing."""
    expires_at: int | None = None
    """When the record ends by itself, in seconds since 1970: a direct upload that came to nothing."""

    @property
    def has_original(self) -> bool:
        """False for a direct upload whose bytes are not there yet, or were refused."""
        return self.expires_at is None

    @property
    def awaits_bytes(self) -> bool:
        return not self.has_original and self.status is not Status.REJECTED

    @property
    def is_public(self) -> bool:
        """Whether everyone may see it."""
        return self.listed and self.visibility is Visibility.PUBLIC

    def without_links(self) -> Self:
        """With every link revoked that was made so far."""
        return self.model_copy(update={"link_generation": self.link_generation + 1})

    def expired_by(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now.timestamp()

    def owned_by(self, user_id: str | None) -> bool:
        return self.user_id == user_id


class ProcessingResult(Model):
    """What processing adds to an image's record. What is not named stays as it was."""

    status: Status
    status_reason: str | None = None
    content_type: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    animated: bool | None = None
    renditions: dict[RenditionName, Rendition] | None = None
    placeholder: Placeholder | None = None
    exif: Exif | None = None


def _read_json_text(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


# As one text in the table: DynamoDB's numbers have fewer digits and a smaller range than JSON's.
JsonObject = Annotated[
    dict[str, JsonValue], BeforeValidator(_read_json_text), PlainSerializer(json.dumps, return_type=str)
]


class Item(Record):
    """A generic item."""

    user_id: str | None = None
    name: str
    description: str | None = None
    attributes: JsonObject = {}

    def owned_by(self, user_id: str | None) -> bool:
        """What belongs to nobody in particular belongs to everyone."""
        return self.user_id in {None, user_id}
