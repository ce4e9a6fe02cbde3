"""Compares the simulation of a deployment with an embedded stack.

PYTHONPATH=src:. python benchmarks/calibration.py [--rates 1 2 4 6 8 30] [--seconds 20]

The script runs a stack of its own on free ports. One client uploads without haste: that measures the time of
each run on the processors of this machine, and its time of waiting. With nothing but these figures, the
simulation says what uploads at higher rates will see. Then they come at the same moments, and the script
prints both. At the highest rate the machine cannot follow. That row shows how fast it works off what it has.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.consumption import Journal, Runs, measure_seconds_by_process
from benchmarks.pictures import make_photo
from benchmarks.simulation.embedded import Measured, Usage, derive_platform, draw_arrivals, simulate_arrivals
from local.loopback import find_free_port
from local.stack import run_stack
from tests.support.capacity.footprints import measure_footprints
from tests.support.costs.world import DESCRIPTION, TAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.stack import Stack
    from tests.support.capacity.footprints import Footprint

OPERATION = "Upload, public"
WIDTH_PX, HEIGHT_PX = 1200, 900
SLOW_UPLOADS = 20
PAUSE_SECONDS = 2.5
"""Between two uploads without haste: all that follows one has ended."""
IDLE_SECONDS = 10
WARM_UPLOADS = 100
MAX_THREADS = 64
PATIENCE_SECONDS = 300
MANY = httpx.Limits(max_connections=MAX_THREADS)


@dataclass
class Uploader:
    """Uploads photos as many users, one after the other."""

    url: str
    photo: bytes
    begun: dict[str, float] = field(default_factory=dict)
    """When each image was sent, in seconds since 1970."""
    owners: dict[str, str] = field(default_factory=dict)
    responses: list[float] = field(default_factory=list)

    def upload(self, http: httpx.Client) -> None:
        user = f"u-{uuid.uuid4()}"
        fields = {"description": DESCRIPTION, "visibility": "public", "tags": ",".join(TAGS)}
        begun = time.time()
        response = http.post(
            "/images/upload",
            data=fields,
            files={"file": ("photo.jpg", self.photo + uuid.uuid4().bytes, "image/jpeg")},
            headers={"X-User-Id": user},
        )
        self.responses.append(time.time() - begun)
        image_id = response.raise_for_status().json()["id"]
        self.begun[image_id] = begun
        self.owners[image_id] = user

    def upload_many(self, count: int, pause_seconds: float = 0.0) -> None:
        with httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS) as http:
            for _ in range(count):
                self.upload(http)
                time.sleep(pause_seconds)

    def await_ready(self) -> list[float]:
        """Wait until all images are ready. Return the seconds from the request until then, of each."""
        seconds, left = [], dict(self.begun)
        end = time.monotonic() + PATIENCE_SECONDS
        with httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS) as http:
            while left and time.monotonic() < end:
                for image_id, begun in [*left.items()]:
                    headers = {"X-User-Id": self.owners[image_id]}
                    image = http.get(f"/images/{image_id}", headers=headers).raise_for_status().json()
                    if image["status"] != "ready":
                        break
                    ready_at = datetime.fromisoformat(image["updatedAt"]).astimezone(UTC)
                    seconds.append(ready_at.timestamp() - begun)
                    del left[image_id]
                else:
                    continue
                time.sleep(1)
        if left:
            raise TimeoutError(f"{len(left)} images are not ready")
        return seconds


def measure_slowly(stack: Stack, photo: bytes) -> tuple[Measured, dict[str, float]]:
    """Upload without haste. Return what was seen, and the processor seconds of each process for an upload."""
    uploader = Uploader(stack.api_url, photo)
    idle_begun = measure_seconds_by_process(stack)
    time.sleep(IDLE_SECONDS)
    begun, client_begun = measure_seconds_by_process(stack), time.process_time()
    idle = {name: (begun[name] - seconds) / IDLE_SECONDS for name, seconds in idle_begun.items()}
    started = time.monotonic()
    uploader.upload_many(SLOW_UPLOADS, PAUSE_SECONDS)
    passed, ended = time.monotonic() - started, measure_seconds_by_process(stack)
    used = {
        name: (ended[name] - seconds - idle[name] * passed) / SLOW_UPLOADS for name, seconds in begun.items()
    }
    used["client"] = (time.process_time() - client_begun) / SLOW_UPLOADS
    return Measured(uploader.responses, uploader.await_ready(), passed, 0), used


def measure_arrivals(stack: Stack, photo: bytes, arrivals: Sequence[float]) -> Measured:
    """Send uploads at these moments, in seconds from now."""
    uploader, runs = Uploader(stack.api_url, photo), Runs(stack)
    started = time.monotonic()
    with (
        httpx.Client(base_url=stack.api_url, timeout=PATIENCE_SECONDS, limits=MANY) as http,
        ThreadPoolExecutor(MAX_THREADS) as executor,
    ):
        sent = []
        for at in arrivals:
            time.sleep(max(0.0, started + at - time.monotonic()))
            sent.append(executor.submit(uploader.upload, http))
        for each in sent:
            each.result()
    time.sleep(max(1.0, arrivals[-1] / 2))  # a client that asks meanwhile would slow down what it waits for
    ready = uploader.await_ready()
    runs.await_quiet()
    seconds = max(at + each for at, each in zip(uploader.begun.values(), ready, strict=True))
    first = min(uploader.begun.values())
    return Measured(uploader.responses, ready, seconds - first, runs.counts["changes"])


def count(stack: Stack, photo: bytes, uploads: int) -> Usage:
    """Upload without haste, and count the runs, the rows and the write units."""
    runs, journal = Runs(stack), Journal(stack)
    uploader = Uploader(stack.api_url, photo)
    uploader.upload_many(uploads, PAUSE_SECONDS)
    runs.await_quiet()
    api, processor, changes = (runs.counts[name] / uploads for name in ("api", "processor", "changes"))
    units, rows = journal.count_units() / uploads, journal.count_rows() / uploads
    return Usage(api, processor, changes, rows, units)


def print_counts(found: Usage, footprint: Footprint) -> None:
    expected = Usage.of(footprint)
    print(f"{'An upload':28}{'embedded':>10}{'simulated':>11}")
    for name in Usage._fields:
        print(f"  {name:26}{getattr(found, name):10.2f}{getattr(expected, name):11.2f}")


def print_times(rate: float, measured: Measured, simulated: Measured) -> None:
    print(f"{rate:5g}", end="")
    for name, (one, other) in measured.compare(simulated).items():
        print(f"  {name} {one:.2f} {other:.2f} {other / one:5.2f}x", end="")
    print()


def main(rates: Sequence[float], seconds: float) -> None:
    footprint = measure_footprints([OPERATION]).of[OPERATION]
    photo = make_photo(WIDTH_PX, HEIGHT_PX)
    with tempfile.TemporaryDirectory() as folder:
        ports = find_free_port(), find_free_port()
        with run_stack(*ports, Path(folder), quiet=True) as stack:
            measure_arrivals(stack, photo, [0.0] * WARM_UPLOADS)  # starts all execution environments
            print_counts(count(stack, photo, 10), footprint)
            slow, used = measure_slowly(stack, photo)
            print("Processor seconds of an upload:", {name: round(each, 3) for name, each in used.items()})
            platform = derive_platform(footprint, used, slow)
            print(
                f"One client, without haste: response {statistics.median(slow.responses):.3f} s, "
                f"ready after {statistics.median(slow.ready):.3f} s"
            )
            print("Uploads a second: embedded, simulated, ratio")
            for rate in rates:
                arrivals = draw_arrivals(rate, seconds)
                simulated = simulate_arrivals(platform, footprint, arrivals)
                print_times(rate, measure_arrivals(stack, photo, arrivals), simulated)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 2, 4, 6, 8, 30])
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    main(arguments.rates, arguments.seconds)
