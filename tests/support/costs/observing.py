"""The price of observing: per month, and per upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.responses import errors
from shared.errors import DomainError
from shared.metrics import Metric, UploadPath, Verdict
from tests.support.costs.month import IMAGES, METRIC_BYTES_PER_UPLOAD, make_row
from tests.support.costs.prices import GB, THOUSAND, Part, get_usd
from tests.support.monitoring.stack import list_alarms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.costs.month import Row
    from tests.support.costs.operations import Measured

SERVICES = ("api", "processor", "changes")
API_VERDICTS = (Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.REFUSED, Verdict.FAILED)
PROCESSOR_VERDICTS = (Verdict.ACCEPTED, Verdict.REJECTED, Verdict.FAILED)
RESULTS = (Verdict.READY, Verdict.REJECTED, Verdict.FAILED)
OF_ALL_SERVICES = (Metric.THROTTLES, Metric.CONFLICTS, Metric.RETRIES)
OF_TWO_SERVICES = (Metric.DECODER_SECONDS, Metric.DECODER_MEMORY)
TRACES_PER_UPLOAD = 3
"""The request, the run of the processor, and that of the function behind the stream."""
SAMPLED = 0.05
"""The part of requests that X-Ray records, beyond one in each second."""
PACKAGES = {"app", "shared"}
DEFAULTS = {"Cdn": "disabled", "CdnInvalidation": "disabled", "EventBus": "none", "WebhookUrl": ""}


def count_series(metric: Metric) -> int:
    """Return how many series a metric has at most: CloudWatch charges for each that has a value."""
    match metric:
        case Metric.UPLOADS:
            return len(UploadPath) * len(API_VERDICTS) + len(PROCESSOR_VERDICTS)
        case Metric.PROCESSED:
            return len(RESULTS)
        case Metric.REFUSALS:
            return len({*list_codes(DomainError), errors.InternalError.code})
        case _ if metric in OF_ALL_SERVICES:
            return len(SERVICES)
        case _:
            return 2 if metric in OF_TWO_SERVICES else 1


def list_codes(kind: type[DomainError]) -> Iterator[str]:
    """Yield the codes of all errors, which are the reasons of refusals."""
    for child in kind.__subclasses__():
        if child.__module__.partition(".")[0] in PACKAGES:
            yield child.code
            yield from list_codes(child)


def count_alarms(**parameters: str) -> int:
    """Return for how many metrics the alarms of a stack are charged."""
    return sum(len(alarm.series) for alarm in list_alarms(**DEFAULTS, **parameters).values())


def count_release_alarms() -> int:
    """The same for the alarms that stop a canary. They do not need `AlarmEmail`."""
    return count_alarms(AlarmEmail="", Deployment="canary")


def list_observing() -> list[Row]:
    """A month with the uploads of the other tables. All metrics have a value in every hour."""
    return [
        make_row("Every metric of the functions, at most", Part.METRIC, sum(map(count_series, Metric))),
        make_row("Lines of metrics in the logs", Part.LOG_GB, IMAGES * METRIC_BYTES_PER_UPLOAD / GB),
        make_row("Alarms (`AlarmEmail`)", Part.ALARM, count_alarms()),
        make_row("Alarms of releases (`Deployment=canary`)", Part.ALARM, count_release_alarms()),
        make_row("Dashboard (`Dashboard`)", Part.DASHBOARD, 1),
        make_row("Traces (`Tracing`)", Part.TRACE, IMAGES * TRACES_PER_UPLOAD * SAMPLED),
    ]


def price_uploads(measured: Measured) -> dict[str, float]:
    """Return the USD of 1,000 uploads of public images, and what observing adds to them."""
    return {
        "Uploads, without observing": measured.costs["Upload, public"].requests_usd * THOUSAND,
        "Lines of metrics": get_usd({Part.LOG_GB: THOUSAND * METRIC_BYTES_PER_UPLOAD / GB}),
        "Traces": get_usd({Part.TRACE: THOUSAND * TRACES_PER_UPLOAD * SAMPLED}),
    }
