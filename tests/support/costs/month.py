"""The bill of a month with 10,000 images: for its traffic, and for what is there without traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.metrics import Metric
from shared.models import Visibility
from tests.support.costs.operations import RECOVERY_DAYS
from tests.support.costs.prices import GB, PRICES, Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.costs.operations import Measured

IMAGES = 10_000
STORED_BYTES = 3_000_000
"""A photo of 2.5 MB, and its renditions of 0.5 MB."""
TRAFFIC: Mapping[str, int] = {
    "Upload, public": IMAGES // 2,
    "Upload, private": IMAGES // 2,
    "View of a thumbnail": IMAGES * 100,
    "View of a large rendition": IMAGES * 10,
    "Metadata": IMAGES * 10,
    "Page, signed in": 1000 * 5 * 30,
    "Page, anonymous": 1000 * 5 * 30,
    "Deletion, public": 250,
    "Deletion, private": 250,
}
"""Operations, and how often each happens. 1,000 visitors read ten pages on each of 30 days."""
METHODS = ("GET", "POST", "DELETE")
METRICS_PER_METHOD = 5
"""Count, Latency, IntegrationLatency, 4XXError and 5XXError."""
LOG_BYTES_PER_RUN = 600
"""The lines of the function and those of Lambda."""
METRIC_BYTES_PER_UPLOAD = 900
"""The lines that the API and the processor write about an upload, rounded up."""
HOURLY = (
    Metric.UPLOADS,
    Metric.UPLOADED_BYTES,
    Metric.PROCESSED,
    Metric.SECONDS_TO_READY,
    Metric.DECODER_SECONDS,
    Metric.DECODER_MEMORY,
)
"""The metrics of the functions that have a value in every hour of the month, one series each."""
SECRET_READS = 2 * 12 * 24 * 30
"""An environment that is always busy reads both values of the secret every five minutes."""


DAYS_PER_MONTH = 30


class Row(NamedTuple):
    """A line of a bill."""

    name: str
    amount: str
    usd: float

    @property
    def cells(self) -> tuple[str, str, str]:
        return self.name, self.amount, f"{self.usd:.2f}"


def make_row(name: str, part: Part, amount: float) -> Row:
    return Row(name, part.format_amount(amount), amount * PRICES[part].each)


def list_traffic(measured: Measured) -> list[Row]:
    """Everything that depends on the traffic, with the web ACL left out."""
    rows, runs = [], 0.0
    for name, count in TRAFFIC.items():
        cost = measured.costs[name]
        rows.append(Row(name, f"{count:,}", count * (cost.requests_usd + cost.transfer_usd)))
        runs += count * cost.bill[Part.RUN]
    return [
        *rows,
        make_row("Logs", Part.LOG_GB, round(count_log_bytes(runs) / GB, 2)),
        make_row("Metrics of the functions", Part.METRIC, len(HOURLY)),
        make_row("Metrics of API Gateway", Part.METRIC, len(METHODS) * METRICS_PER_METHOD),
        make_row("Reads of the secret", Part.SECRET_READ, SECRET_READS),
    ]


def count_log_bytes(runs: float) -> float:
    return runs * LOG_BYTES_PER_RUN + IMAGES * METRIC_BYTES_PER_UPLOAD


def list_standing(measured: Measured) -> list[Row]:
    """Everything that is there without traffic."""
    table_gb = round(IMAGES * sum(measured.row_bytes.values()) / len(measured.row_bytes) / GB, 3)
    return [
        make_row("Originals and renditions", Part.BUCKET_GB, IMAGES * STORED_BYTES / GB),
        make_row("Rows of the images", Part.TABLE_GB, table_gb),
        make_row("Backups of the rows", Part.BACKUP_GB, table_gb),
        make_row("Secret of the links", Part.SECRET, 1),
    ]


def list_recovery(measured: Measured) -> list[Row]:
    """With `RecoveryDays`, for the same traffic: what it adds."""
    rows = []
    deleted = 0
    for visibility in Visibility:
        name, kept = (f"Deletion{how}, {visibility}" for how in ("", " with `RecoveryDays`"))
        more = measured.costs[kept].requests_usd - measured.costs[name].requests_usd
        rows.append(
            Row(f"Deletion, {visibility}, more than without", f"{TRAFFIC[name]:,}", TRAFFIC[name] * more)
        )
        deleted += TRAFFIC[name]
    kept_gb = deleted * STORED_BYTES / GB * RECOVERY_DAYS / DAYS_PER_MONTH
    return [*rows, make_row("Bytes of what was deleted", Part.BUCKET_GB, round(kept_gb, 2))]


def list_web_acl(measured: Measured) -> list[Row]:
    """With `AddressRateLimit`, for the same traffic."""
    requests = sum(count * measured.costs[name].bill[Part.GATEWAY] for name, count in TRAFFIC.items())
    return [
        make_row("Web ACL", Part.WEB_ACL, 1),
        make_row("Its rule", Part.WEB_ACL_RULE, 1),
        make_row("Requests that it looks at", Part.WEB_ACL_REQUEST, requests),
    ]
