"""Metrics: every name that exists, and the one line of the log in which an invocation reports them.

CloudWatch makes metrics of the line by itself (Embedded Metric Format): no call, no agent. A dimension is a
closed set of names. No id, no user and nothing that a client sent is ever in one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_VALUES = 100
"""The most values of one metric that CloudWatch reads from a line."""


@dataclass(frozen=True)
class Kind:
    """The unit of a metric, and the dimensions that it has besides the service."""

    title: str
    unit: str = "Count"
    dimensions: tuple[str, ...] = ()


class Metric(Enum):
    """Every metric of the functions."""

    UPLOADS = Kind("Uploads", dimensions=("path", "verdict"))
    UPLOADED_BYTES = Kind("UploadedBytes", "Bytes")
    PROCESSED = Kind("Processed", dimensions=("verdict",))
    SECONDS_TO_READY = Kind("SecondsToReady", "Seconds")
    LATE_TRIES = Kind("LateTries")
    DECODER_SECONDS = Kind("DecoderSeconds", "Seconds")
    DECODER_MEMORY = Kind("DecoderMemory", "Megabytes")
    REFUSALS = Kind("Refusals", dimensions=("reason",))
    VARIANTS_MADE = Kind("VariantsMade")
    VARIANTS_SERVED = Kind("VariantsServed")
    NOT_MODIFIED = Kind("NotModified")
    CHANGES = Kind("Changes")
    EVENTS = Kind("Events")
    PUT_ASIDE = Kind("PutAside")
    THROTTLES = Kind("Throttles")
    CONFLICTS = Kind("Conflicts")
    RETRIES = Kind("Retries")


class UploadPath(StrEnum):
    """The way of an upload, the dimension `path`."""

    FORM = "form"
    JSON = "json"
    BYTES = "bytes"
    """The image alone, with its own type or none."""
    DIRECT = "direct"
    """Straight to S3."""
    LEGACY = "legacy"
    """`POST /upload`."""


class Verdict(StrEnum):
    """The end of an upload, or of one part of its way. The dimension `verdict`."""

    BEGUN = "begun"
    """The form of a direct upload is made."""
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """An image with the same bytes is used in its place."""
    REFUSED = "refused"
    """The request was wrong, or not allowed."""
    READY = "ready"
    REJECTED = "rejected"
    """The bytes cannot become an image."""
    FAILED = "failed"
    """A fault on our side."""


type Series = tuple[Metric, tuple[tuple[str, str], ...]]
"""A metric, and the values of its dimensions in their order."""


class Metrics:
    """Collects the metrics of an invocation. Without a namespace it collects nothing.

    It may be used by several threads at once.
    """

    def __init__(self, namespace: str | None = None, service: str = "service") -> None:
        self._namespace = namespace
        self._service = service
        self._values: defaultdict[Series, list[float]] = defaultdict(list)

    @property
    def is_on(self) -> bool:
        return self._namespace is not None

    def add(self, metric: Metric, value: float = 1, **dimensions: str) -> None:
        """Note a value. `dimensions` are exactly those of the metric."""
        if dimensions.keys() != {*metric.value.dimensions}:
            raise TypeError(f"{metric.value.title} has the dimensions {metric.value.dimensions}")
        if self.is_on:
            series = metric, tuple((name, dimensions[name]) for name in metric.value.dimensions)
            self._values[series].append(value)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Report at the end of an invocation, also of one that fails."""
        try:
            yield
        finally:
            self.flush()

    def flush(self) -> None:
        """Write the line, or nothing if there is nothing to tell."""
        values, self._values = self._values, defaultdict(list)
        if not values:
            return
        sets: dict[tuple[tuple[str, str], ...], EphemeralMetrics] = {}
        for (metric, dimensions), noted in values.items():
            if dimensions not in sets:
                sets[dimensions] = EphemeralMetrics(namespace=self._namespace, service=self._service)
                for name, text in dimensions:
                    sets[dimensions].add_dimension(name, text)
            # One below the bound, at which the library would write a line of its own.
            counted = [sum(noted)] if metric.value.unit == "Count" else noted[: MAX_VALUES - 1]
            for value in counted:
                sets[dimensions].add_metric(metric.value.title, metric.value.unit, value)
        for line in merge(each.serialize_metric_set() for each in sets.values()):
            print(json.dumps(line, separators=(",", ":")), flush=True)  # noqa: T201 - CloudWatch reads it


def merge(sets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put sets with different dimensions into one line, or into more if they say different things.

    The library makes a line of each set. The format takes more sets in one, and each line has its price.
    """
    lines: list[dict[str, Any]] = []
    for each in sets:
        for line in lines:
            if all(line[name] == value for name, value in each.items() if name in line and name != "_aws"):
                line["_aws"]["CloudWatchMetrics"] += each["_aws"]["CloudWatchMetrics"]
                line |= {name: value for name, value in each.items() if name != "_aws"}
                break
        else:
            lines.append({**each})
    return lines
