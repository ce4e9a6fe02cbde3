"""Images for tests, made in one line each."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from shared import lifecycle
from shared.images import ImageRepository
from shared.keys import make_original_key, make_rendition_key
from shared.lifecycle import Event
from shared.models import Facts, Image, Rendition, Visibility
from shared.renditions import RENDITION_TYPE, STILLS, Fit
from shared.storage import ImageStorage
from shared.variants import Variant, VariantFormat

START = datetime(2026, 1, 1, tzinfo=UTC)
FAR_FUTURE = 4_000_000_000
"""Seconds since 1970, in the year 2096."""
VARIANT = Variant(40, 20, Fit.INSIDE, VariantFormat.WEBP)
RENDITIONS = dict.fromkeys(STILLS, Rendition(width=80, height=40, size=10))

_numbers = itertools.count()


def new_id() -> str:
    return str(uuid.uuid4())


def list_kept_keys(image_id: str, revision: int) -> list[str]:
    """List the keys of a ready revision of a still image."""
    renditions = [make_rendition_key(image_id, name, revision) for name in STILLS]
    return [make_original_key(image_id, revision), *renditions]


def make_image(**fields: Any) -> Image:  # noqa: ANN401 - any field of an image
    """An image that is processing, a second younger than the last one unless `created_at` says otherwise."""
    created_at = fields.pop("created_at", START + timedelta(seconds=next(_numbers)))
    defaults: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "user_id": "ann",
        "filename": "a.jpg",
        "content_type": "image/jpeg",
        "size": 1000,
        "width": 640,
        "height": 480,
        "sha256": "0" * 64,
        "visibility": Visibility.PUBLIC,
        "status": lifecycle.Status.PROCESSING,
        "has_original": True,
        "leased_until": FAR_FUTURE,
        "created_at": created_at,
        "updated_at": created_at,
    }
    return Image.model_validate(defaults | fields, extra="forbid")


def make_ready(**fields: Any) -> Image:  # noqa: ANN401 - any field of an image
    return make_image(
        **{"status": lifecycle.Status.READY, "renditions": RENDITIONS, "leased_until": None} | fields
    )


def make_pending(**fields: Any) -> Image:  # noqa: ANN401 - any field of an image
    """A direct upload whose bytes have not come."""
    begun = {"status": lifecycle.Status.PENDING, "has_original": False, "leased_until": None}
    return make_image(**begun | {"expires_at": FAR_FUTURE, "sha256": None} | fields)


def finish(images: ImageRepository, image_id: str, **facts: Any) -> Image:  # noqa: ANN401 - any fact
    """Make an image ready, as the processor does."""
    found = Facts(**{"renditions": RENDITIONS} | facts)
    latest = images.get(image_id).latest_revision
    image = images.apply(image_id, Event.FINISH, facts=found, revision=latest)
    assert image
    return image


def store_renditions(storage: ImageStorage, image: Image) -> None:
    """Write stand-ins for the renditions of an image: each is a text that tells its key."""
    for name in image.renditions:
        key = make_rendition_key(image.id, name, image.revision)
        storage.add(key, key.encode(), RENDITION_TYPE)


def reject(images: ImageRepository, image_id: str, reason: str = "Why.") -> Image:
    """Reject an image and discard its bytes, as the processor does."""
    assert images.apply(image_id, Event.REJECT, reason=reason)
    image = images.apply(image_id, Event.DISCARD, reason=reason)
    assert image
    return image
