"""Keys of the objects in the bucket. They are built and parsed here.

A client posts its bytes to `uploads/`, and may post again while its form is valid. Bytes that are verified
are copied to `originals/`, where nobody writes twice. Keys carry the revision of the image, so that a new
revision overwrites nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shared.renditions import RenditionName

if TYPE_CHECKING:
    from shared.models import File, Image
    from shared.variants import Variant

UPLOADS_PREFIX = "uploads/"
ORIGINALS_PREFIX = "originals/"
RENDITIONS_PREFIX = "renditions/"
VARIANTS_PREFIX = "variants/"
FILES_PREFIX = "files/"

_UNSAFE_IN_KEY = re.compile(r"[^\w.-]+", re.ASCII)


class Revision(NamedTuple):
    """One revision of an image: its bytes and its renditions."""

    image_id: str
    number: int = 1

    def list_keys(self) -> list[str]:
        """Return the key of every object that the revision may have, except its variants."""
        renditions = (make_rendition_key(self.image_id, name, self.number) for name in RenditionName)
        return [make_upload_key(*self), make_original_key(*self), *renditions]

    def list_up_to_here(self) -> list[Revision]:
        """Return this revision and all before it."""
        return [Revision(self.image_id, number) for number in range(1, self.number + 1)]


def list_revisions(image: Image) -> list[Revision]:
    """Return every revision of an image that may have objects: the one that is shown, and later ones."""
    return [Revision(image.id, number) for number in range(image.revision, image.latest_revision + 1)]


def make_upload_key(image_id: str, revision: int = 1) -> str:
    return f"{UPLOADS_PREFIX}{image_id}/{revision}"


def make_original_key(image_id: str, revision: int = 1) -> str:
    return f"{ORIGINALS_PREFIX}{image_id}/{revision}"


def make_rendition_key(image_id: str, name: RenditionName, revision: int = 1) -> str:
    return f"{RENDITIONS_PREFIX}{image_id}/{revision}/{name}.webp"


def make_variant_key(image_id: str, variant: Variant, revision: int = 1) -> str:
    return f"{make_variants_prefix(image_id)}{revision}/{variant.name}"


def make_variants_prefix(image_id: str) -> str:
    """Return the start of the key of every variant of an image."""
    return f"{VARIANTS_PREFIX}{image_id}/"


def list_image_prefixes(image_id: str) -> list[str]:
    """Return the start of the key of every object that an image may have, of any revision."""
    prefixes = (UPLOADS_PREFIX, ORIGINALS_PREFIX, RENDITIONS_PREFIX, VARIANTS_PREFIX)
    return [f"{prefix}{image_id}/" for prefix in prefixes]


def make_file_key(file: File) -> str:
    return make_file_prefix(file.id) + _UNSAFE_IN_KEY.sub("_", file.filename)


def make_file_prefix(file_id: str) -> str:
    """Return the start of the key of a file."""
    return f"{FILES_PREFIX}{file_id}/"


def parse_file_key(key: str) -> str | None:
    """Return the id of a file, None for a key that is not a file's."""
    return key.removeprefix(FILES_PREFIX).partition("/")[0] if key.startswith(FILES_PREFIX) else None


def parse_upload_key(key: str) -> Revision | None:
    """Return None for a key that is not a direct upload's."""
    return _parse_key(key, UPLOADS_PREFIX)


def parse_original_key(key: str) -> Revision | None:
    """Return None for a key that is not an original's."""
    return _parse_key(key, ORIGINALS_PREFIX)


def parse_rendition_key(key: str) -> Revision | None:
    """Return None for a key that is not a rendition's."""
    return _parse_key(key, RENDITIONS_PREFIX)


def parse_variant_key(key: str) -> Revision | None:
    """Return None for a key that is not a variant's."""
    return _parse_key(key, VARIANTS_PREFIX)


def _parse_key(key: str, prefix: str) -> Revision | None:
    if not key.startswith(prefix):
        return None
    image_id, _, rest = key.removeprefix(prefix).partition("/")
    number = rest.partition("/")[0]
    return Revision(image_id, int(number)) if number.isdecimal() else None
