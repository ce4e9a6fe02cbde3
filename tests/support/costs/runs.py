"""Runs of functions, and requests of clients to S3: the calls of each, and the amounts that AWS bills."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from tests.support.costs.prices import GB, Part, get_usd
from tests.support.template import get_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.dynamodb.capacity import Consumption

MIB_PER_GB = 1024
"""Lambda's GB has 2**30 bytes."""
MS_PER_SECOND = 1000
S3_CLASSES = {
    "s3.PutObject": Part.S3_WRITE,
    "s3.CopyObject": Part.S3_WRITE,
    "s3.PostObject": Part.S3_WRITE,
    "s3.ListObjectsV2": Part.S3_WRITE,
    "s3.GetObject": Part.S3_READ,
    "s3.HeadObject": Part.S3_READ,
    "s3.DeleteObject": Part.S3_DELETE,
    "s3.DeleteObjects": Part.S3_DELETE,
}


class Actor(StrEnum):
    """A function by its name in the template, or the client, who calls S3 itself."""

    API = "ApiFunction"
    PROCESSOR = "ProcessorFunction"
    CHANGES = "ChangesFunction"
    CLIENT = "client"

    @property
    def memory_gb(self) -> float:
        return get_memory_mib(self) / MIB_PER_GB


@cache
def get_memory_mib(actor: Actor) -> int:
    memory: int = get_properties(actor)["MemorySize"]
    return memory


class Work(StrEnum):
    """A kind of run. Runs of the same kind take about the same time."""

    UPLOAD = "take an upload of 2.5 MB"
    BEGIN = "begin a direct upload"
    PAGE = "make a page of 20 images"
    READ = "read an image, or redirect to its original"
    VIEW = "send a rendition of 300 KB"
    VARY = "make a variant of 640 pixels in AVIF"
    CHANGE = "change or delete an image"
    BATCH = "change 20 images in a batch"
    ACCEPT = "verify a direct upload of 2.5 MB"
    PROCESS = "render a photo of 2.5 MB"
    FOLLOW = "follow a change of the table"
    TRANSFER = "send or fetch bytes"


@dataclass(frozen=True)
class Duration:
    """The time of a run on Lambda, in milliseconds."""

    actor: Actor
    processor_ms: int
    """Measured with `benchmarks/costs.py --measure`, times 1.5, and rounded up.

    512 MB have three tenths of a processor, so the measured time is divided by that. Real photos have more
    detail than the one of the measurement: rendering and variants have the double time.
    """
    waiting_ms: int
    """Estimated: 5 for a call of DynamoDB, 10 for a transaction, 30 for a call of S3, one after the other."""

    @property
    def ms(self) -> int:
        return self.processor_ms + self.waiting_ms


DURATIONS: Mapping[Work, Duration] = {
    Work.UPLOAD: Duration(Actor.API, 40, 45),
    Work.BEGIN: Duration(Actor.API, 10, 15),
    Work.PAGE: Duration(Actor.API, 30, 10),
    Work.READ: Duration(Actor.API, 5, 5),
    Work.VIEW: Duration(Actor.API, 10, 35),
    Work.VARY: Duration(Actor.API, 210, 100),
    Work.CHANGE: Duration(Actor.API, 10, 15),
    Work.BATCH: Duration(Actor.API, 130, 50),
    Work.ACCEPT: Duration(Actor.PROCESSOR, 20, 95),
    Work.PROCESS: Duration(Actor.PROCESSOR, 700, 80),
    Work.FOLLOW: Duration(Actor.CHANGES, 25, 40),
}


@dataclass(frozen=True)
class Run:
    """One run of a function, or one request of a client to S3."""

    actor: Actor
    work: Work
    calls: tuple[str, ...]
    """`service.Operation`, sorted: some are made side by side."""
    capacity: tuple[Consumption, ...] = ()
    """Sorted too."""
    response_bytes: int = 0
    """Sent to a client: the body and the headers."""
    processor_seconds: float = field(default=0.0, compare=False)
    """Measured here, if a clock is there."""
    rows: int = field(default=0, compare=False)
    """Rows of the images table that it changed: so many records are in the stream."""
    changes: int = field(default=0, compare=False)
    """Those of them that reach the function behind the stream."""

    @property
    def read_units(self) -> float:
        return sum(each.read_units for each in self.capacity)

    @property
    def write_units(self) -> float:
        return sum(each.write_units for each in self.capacity)

    @property
    def bill(self) -> Counter[Part]:
        """The amounts that have prices."""
        bill: Counter[Part] = Counter(
            S3_CLASSES[call] for call in self.calls if not call.startswith("dynamodb.")
        )
        amounts = {
            Part.WRITE_UNIT: self.write_units,
            Part.READ_UNIT: self.read_units,
            Part.TRANSFER_GB: self.response_bytes / GB,
        }
        if self.actor is not Actor.CLIENT:
            seconds = DURATIONS[self.work].ms / MS_PER_SECOND
            amounts |= {Part.RUN: 1, Part.GB_SECOND: self.actor.memory_gb * seconds}
        if self.actor is Actor.API:
            amounts[Part.GATEWAY] = 1
        return bill + Counter(amounts)


@dataclass(frozen=True)
class Cost:
    """The runs of one operation, from the request until all that follows is done."""

    name: str
    runs: tuple[Run, ...]

    @property
    def bill(self) -> Counter[Part]:
        return sum((run.bill for run in self.runs), Counter())

    @property
    def transfer_usd(self) -> float:
        return get_usd({Part.TRANSFER_GB: self.bill[Part.TRANSFER_GB]})

    @property
    def requests_usd(self) -> float:
        """Everything but the transfer."""
        return get_usd(self.bill) - self.transfer_usd
