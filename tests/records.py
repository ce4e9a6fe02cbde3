"""Images for tests, made with a line each."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.models import Image, Visibility

START = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = itertools.count()


def make_image(**fields: Any) -> Image:  # noqa: ANN401 - any field of an image
    """An image, a second younger than the last one unless `created_at` says otherwise."""
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
        "created_at": created_at,
        "updated_at": created_at,
    }
    return Image(**defaults | fields)
