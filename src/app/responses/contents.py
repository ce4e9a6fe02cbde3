"""Contents: the bytes of images in responses, and what caches may do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import NotFound, NotReady
from shared.lifecycle import Status
from shared.renditions import RENDITION_TYPE
from shared.storage import make_disposition

if TYPE_CHECKING:
    from shared.models import Image
    from shared.renditions import RenditionName
    from shared.variants import Variant

REVALIDATION_SECONDS = 60
"""Caches keep bytes for this long if the URL does not tell their revision."""
IMMUTABLE_SECONDS = 365 * 24 * 3600


_SOON = (Status.PENDING, Status.PROCESSING)


@dataclass(frozen=True)
class Content:
    """Bytes of an image that are stored, and will never change under their ETag."""

    etag: str
    content_type: str


@dataclass(frozen=True)
class Terms:
    """The terms on which a response of bytes is given out."""

    cache_control: str
    is_embeddable: bool
    """Pages of other origins may show it."""


def show_rendition(image: Image, name: RenditionName) -> Content:
    return Content(f'"{image.revision}-{name}"', RENDITION_TYPE)


def show_variant(image: Image, variant: Variant) -> Content:
    return Content(f'"{image.revision}-{variant.name}"', variant.format.content_type)


def make_terms(image: Image, *, is_current: bool, link_seconds: int | None, cdn_seconds: int) -> Terms:
    """`link_seconds` is how long the signature of the request opens the image, None without one.

    A public image looks the same to everyone, so shared caches may keep it. They keep it for a short time
    only, because it may become private. A browser that has seen it may keep it.
    """
    if image.is_public:
        age = f"{IMMUTABLE_SECONDS}, immutable" if is_current else f"{REVALIDATION_SECONDS}"
        shared_seconds = cdn_seconds if is_current else min(cdn_seconds, REVALIDATION_SECONDS)
        return Terms(f"public, max-age={age}, s-maxage={shared_seconds}", is_embeddable=True)
    if link_seconds is None:
        return Terms(f"private, max-age={REVALIDATION_SECONDS}", is_embeddable=False)
    seconds = link_seconds if is_current else min(link_seconds, REVALIDATION_SECONDS)
    return Terms(f"private, max-age={seconds}", is_embeddable=True)


def make_headers(content: Content, terms: Terms) -> dict[str, str]:
    return {
        "Cache-Control": terms.cache_control,
        "Cross-Origin-Resource-Policy": "cross-origin" if terms.is_embeddable else "same-origin",
        "ETag": content.etag,
    }


def make_file_disposition(image: Image, content: Content, *, is_download: bool) -> str:
    """The name of the image's file, with the extension of these bytes."""
    stem = image.filename.rpartition(".")[0] or image.filename
    filename = f"{stem}.{content.content_type.removeprefix('image/')}"
    return make_disposition("attachment" if is_download else "inline", filename)


def make_absence(image: Image, missing: str) -> NotFound:
    """Make the error for something that an image does not have, or not yet."""
    kind = NotReady if image.status in _SOON else NotFound
    return kind(f"This image has no {missing}. It is {image.status}.")
