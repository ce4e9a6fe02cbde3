"""Chooses formats by the header `Accept` (RFC 9110, 12.5.1): of variants, and of what people read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shared.variants import VariantFormat

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ACCEPT_CHARS = 2000
"""What stands behind that does not count. Browsers send 100."""
HTML = "text/html"
XHTML = "application/xhtml+xml"
_WEIGHT = re.compile(r";\s*q\s*=\s*([0-9.]{1,9})\s*(?:$|;)", re.IGNORECASE)


def choose_accept_format(accept: str | None, has_alpha: Callable[[], bool]) -> VariantFormat:
    """Return AVIF or WebP for clients that take it, otherwise the format that every client knows.

    AVIF takes its name: `*/*` means WebP. `has_alpha` is called only for clients without both.
    """
    weights = _read_weights(accept or "*/*")
    if weights.get(VariantFormat.AVIF.content_type, 0) > 0:
        return VariantFormat.AVIF
    if _get_weight(weights, VariantFormat.WEBP) > 0:
        return VariantFormat.WEBP
    return VariantFormat.PNG if has_alpha() else VariantFormat.JPEG


def is_for_people(method: str, accept: str | None) -> bool:
    """Tell if a browser shows the response to a person: it follows a link, or has sent a form.

    All browsers name XHTML then. Java's own client names `text/html` beside pictures, and is no person.
    Whoever posts and asks for nothing but HTML gets it. Programs that read pictures ask so by habit.
    """
    ranges = {media_range for media_range, weight in _read_weights(accept or "").items() if weight > 0}
    asks_for_nothing_else = method == "POST" and ranges <= {HTML, "*/*"}
    return HTML in ranges and (XHTML in ranges or asks_for_nothing_else)


def _get_weight(weights: dict[str, float], variant_format: VariantFormat) -> float:
    """The most specific range counts."""
    ranges = (variant_format.content_type, "image/*", "*/*")
    return next((weights[found] for found in ranges if found in weights), 0)


def _read_weights(accept: str) -> dict[str, float]:
    """Return the weight of each range. The lowest counts if one comes twice, and 1 if none can be read."""
    weights: dict[str, float] = {}
    for part in accept[:MAX_ACCEPT_CHARS].split(","):
        media_range = part.partition(";")[0].strip().lower()
        weights[media_range] = min(_read_weight(part), weights.get(media_range, 1))
    return weights


def _read_weight(part: str) -> float:
    if match := _WEIGHT.search(part):
        try:
            return min(1.0, float(match[1]))
        except ValueError:
            return 1
    return 1
