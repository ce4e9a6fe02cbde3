"""The closed set of variants, and the objects of it that an image may have."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from shared.errors import InvalidFields
from shared.keys import make_variant_key
from shared.renditions import Fit
from shared.variants import (
    CARD_SIZE,
    LADDER_PX,
    VariantFormat,
    VariantMode,
    VariantRequest,
    list_heights,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.models import Image

SIZES: list[tuple[int | None, int | None]] = [
    CARD_SIZE,
    *((width, height) for width in LADDER_PX for height in (None, *list_heights(width))),
    *((None, height) for height in LADDER_PX),
]


def list_requests() -> Iterator[VariantRequest]:
    """Yield the closed set: each size in each fit, and the size of the image, in each format."""
    for variant_format in VariantFormat:
        yield VariantRequest(format=variant_format)
        for (width, height), fit in product(SIZES, Fit):
            yield VariantRequest(width, height, fit, variant_format)


def list_closed_keys(image: Image) -> set[str]:
    """Return the keys of all variants of an image that strangers may have made."""
    found = {
        request.resolve(image.renditions, request.fixed_format or VariantFormat.WEBP)
        for request in list_requests()
    }
    return {make_variant_key(image.id, variant, image.revision) for variant in found}


def list_refusals() -> Iterator[tuple[str, str]]:
    """Yield each reason to refuse a size, with its field. A signature or another field can make it right."""
    sizes = product((None, 1, *LADDER_PX), (None, 1))
    for request in [VariantRequest(*size, Fit.COVER) for size in sizes]:
        try:
            request.require_allowed(VariantMode.ENABLED, is_signed=False)
        except InvalidFields as invalid:
            yield from ((error.field, error.message) for error in invalid.errors)
