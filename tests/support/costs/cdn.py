"""The bill of many views with a CDN in front, which answers some of them itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.costs.prices import GB, MILLION, PRICES, Part

if TYPE_CHECKING:
    from tests.support.costs.operations import Measured

SECONDS_PER_MONTH = 30 * 24 * 3600
LIFETIMES_SECONDS = (60, 24 * 3600)
"""The default of `CdnSeconds`, and the most that it can be."""
VIEW = "View of a thumbnail"


@dataclass(frozen=True)
class Audience:
    """Views of a month that are spread evenly over some images, at random times."""

    name: str
    views: int
    images: int

    def compute_hit_rate(self, lifetime_seconds: int) -> float:
        """Return the share of views that one cache answers itself.

        A copy is fetched at the first view, and answers those that come within its lifetime. So of each 1 + n
        views, n are hits, where n is the mean number of views in a lifetime.
        """
        hits_per_fetch = self.views / SECONDS_PER_MONTH / self.images * lifetime_seconds
        return hits_per_fetch / (1 + hits_per_fetch)


AUDIENCES = (
    Audience("1,000,000 views of one popular image", MILLION, 1),
    Audience("1,000,000 views of 1,000 images", MILLION, 1000),
    Audience("1,000,000 views of 100,000 images", MILLION, 100_000),
    Audience("1,000,000 pages of 20 thumbnails, of 100 images", 20 * MILLION, 100),
    Audience("1,000,000 pages of 20 thumbnails, of 1,000 images", 20 * MILLION, 1000),
    Audience("1,000,000 pages of 20 thumbnails, of 10,000 images", 20 * MILLION, 10_000),
)


def get_usd_without_cdn(audience: Audience, measured: Measured) -> float:
    cost = measured.costs[VIEW]
    return audience.views * (cost.requests_usd + cost.transfer_usd)


def get_usd_with_cdn(audience: Audience, measured: Measured, lifetime_seconds: int) -> float:
    """A view that the CDN does not answer itself costs what it costs without a CDN, but no transfer."""
    cost = measured.costs[VIEW]
    sent_gb = sum(run.response_bytes for run in cost.runs) / GB
    each = PRICES[Part.CDN_REQUEST].each + PRICES[Part.CDN_FUNCTION].each + sent_gb * PRICES[Part.CDN_GB].each
    missed = 1 - audience.compute_hit_rate(lifetime_seconds)
    return audience.views * (each + missed * cost.requests_usd)
