"""Duplicates: what becomes of an upload whose owner has an image with the same bytes already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.requests.inputs import OnDuplicate
from shared.errors import Duplicate

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from shared.models import Image


def find_duplicate(
    images: ImageRepository, owner_id: str, sha256: str, wish: OnDuplicate, *, claim: str | None
) -> Image | None:
    """Return the image to use in place of a new one. Raises Duplicate if no second one is wanted.

    `claim` names the request: what an earlier try of it has added is no duplicate. Two requests that come at
    the same moment do not see each other.
    """
    if wish is OnDuplicate.ALLOW:
        return None
    found = images.list_duplicates(owner_id, sha256)
    if not found or (claim and images.has_claim(claim)):
        return None
    if wish is OnDuplicate.REFUSE:
        raise Duplicate(found[0].id)
    return found[0]
