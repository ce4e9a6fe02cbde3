"""Metering: each event of the bucket counts by its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from processor.accepting import LATE_AGE
from processor.waiting import get_age
from shared.metrics import Metric, Metrics, UploadPath, Verdict

COPIED = "ObjectCreated:Copy"
"""Of the original that reprocessing copies. Its bytes were counted when they came."""
ACCEPTANCES = {Verdict.ACCEPTED, Verdict.REJECTED, Verdict.FAILED}
RESULTS = {Verdict.READY, Verdict.REJECTED, Verdict.FAILED}


@dataclass(frozen=True)
class Meter:
    """Counts the event of one object. Outcomes that end nothing, such as `ready before`, count nothing."""

    metrics: Metrics
    entry: Mapping[str, Any]
    """The record of S3."""

    @property
    def uploaded_at(self) -> datetime:
        return datetime.fromisoformat(self.entry["eventTime"])

    def count_try(self) -> None:
        """Count a try of Lambda after the first, and an event that waited as long."""
        if get_age(self.uploaded_at) > LATE_AGE:
            self.metrics.add(Metric.LATE_TRIES)

    def count_upload(self, outcome: str) -> None:
        """Count the bytes of a direct upload."""
        if outcome in ACCEPTANCES:
            self.metrics.add(Metric.UPLOADS, path=UploadPath.DIRECT, verdict=outcome)

    def count_original(self, outcome: str) -> None:
        if outcome in RESULTS:
            self.metrics.add(Metric.PROCESSED, verdict=outcome)
        if outcome == Verdict.READY:
            self.metrics.add(Metric.SECONDS_TO_READY, max(0.0, get_age(self.uploaded_at).total_seconds()))
        if outcome in RESULTS - {Verdict.FAILED} and self.entry.get("eventName") != COPIED:
            self.metrics.add(Metric.UPLOADED_BYTES, self.entry["s3"]["object"].get("size", 0))
