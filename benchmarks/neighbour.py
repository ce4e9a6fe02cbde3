"""A user who works normally, beside one who does everything wrong as fast as possible.

The script measures what the first notices of the second, and what the second costs: alone, with the bounds of
the stack, with a lower rate, and without any bound. It runs against `make start AUTH_MODE=jwt AWS_PORT=4801`.

usage: PYTHONPATH=src:. python benchmarks/neighbour.py --aws-port 4801 [--seconds 300] [--threads 16]
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import threading
import time
import uuid
from collections import Counter, defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.abuse import Abuser
from benchmarks.consumption import Journal, Runs, count_bytes, measure_processor_seconds
from benchmarks.pictures import make_photo
from local.stack import find_stack
from operations.tokens import make_token
from tests.support.variables import change_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.queues import Queue

    from benchmarks.abuse import Outcomes
    from local.stack import Stack

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 1.0
POLL_SECONDS = 0.1
SAMPLE_SECONDS = 15
WARM_UP_SECONDS = 15
"""The second user begins earlier, so that no start of a function counts."""
KINDS = ("upload", "ready", "list", "read", "view")
BOUNDS = (
    "MAX_USER_IMAGES",
    "MAX_USER_BYTES",
    "MAX_USER_FILES",
    "MAX_USER_ITEMS",
    "MAX_PENDING_UPLOADS",
    "MAX_PENDING_BYTES",
    "USER_WRITES_PER_MINUTE",
)
SCALED_WRITES_PER_MINUTE = 60
SCALED_BURST = 20
"""For a machine that can do little more than the default rate by itself."""
FIRST_ERROR = 400


@dataclass
class Neighbour:
    """Uploads a photo, waits until it is ready, lists, reads and views, about once a second."""

    url: str
    token: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float) -> None:
        photo, end = make_photo(1600, 1200), time.monotonic() + seconds
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS) as http:
            while time.monotonic() < end:
                begun = time.monotonic()
                self._work(http, photo + uuid.uuid4().bytes)
                time.sleep(max(0.0, begun + PAUSE_SECONDS - time.monotonic()))

    def _work(self, http: httpx.Client, photo: bytes) -> None:
        begun = time.monotonic()
        made = self._send(http, "upload", "POST", "/images/upload", files={"file": photo})
        if made is None:
            return
        path = f"/images/{made.json()['id']}"
        while (read := self._send(http, "read", "GET", path)) and read.json()["status"] != "ready":
            if time.monotonic() > begun + PATIENCE_SECONDS:
                self.errors["not ready"] += 1
                return
            time.sleep(POLL_SECONDS)
        self.seconds["ready"].append(time.monotonic() - begun)
        self._send(http, "list", "GET", "/images", params={"userId": "me"})
        self._send(http, "view", "GET", f"{path}/content/small")

    def _send(
        self,
        http: httpx.Client,
        kind: str,
        method: str,
        url: str,
        **options: Any,  # noqa: ANN401 - options of httpx
    ) -> httpx.Response | None:
        begun = time.monotonic()
        try:
            response = http.request(method, url, **options)
        except httpx.TransportError as error:
            self.errors[f"{kind}: {type(error).__name__}"] += 1
            return None
        self.seconds[kind].append(time.monotonic() - begun)
        if response.status_code >= FIRST_ERROR:
            self.errors[f"{kind}: {response.status_code}"] += 1
            return None
        return response


@dataclass
class Round:
    """The figures of one round. The costs are those of both users."""

    name: str
    neighbour: Neighbour
    outcomes: Outcomes
    runs: Mapping[str, int]
    processor_seconds: float
    """Of all functions."""
    peak_bytes: int
    final_bytes: int
    write_units: int


def get_p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else float("nan")


def abuse(url: str, token: str, seconds: float, threads: int, results: Queue[Any]) -> None:
    """Run in a process of its own, so that it does not slow down the clock of its neighbour."""
    results.put(Abuser(url, token).run(seconds, threads))


def run_round(stack: Stack, name: str, seconds: float, threads: int) -> Round:
    url = stack.read_variables()["ApiFunction"]["PUBLIC_URL"]
    tokens = [make_token(stack.client, stack.outputs, f"{who}-{uuid.uuid4()}") for who in ("good", "bad")]
    neighbour, journal, runs = Neighbour(url, tokens[0]), Journal(stack), Runs(stack)
    before, sizes, spent = count_bytes(stack), [0], measure_processor_seconds(stack)
    context = multiprocessing.get_context("spawn")
    results: Queue[Outcomes] = context.Queue()
    arguments = (url, tokens[1], WARM_UP_SECONDS + seconds, threads, results)
    process = context.Process(target=abuse, args=arguments)
    working = threading.Thread(target=neighbour.run, args=[seconds])
    if threads:
        process.start()
        time.sleep(WARM_UP_SECONDS)
    working.start()
    while working.is_alive():
        working.join(SAMPLE_SECONDS)
        sizes.append(count_bytes(stack) - before)
        runs.collect()
    outcomes = results.get() if threads else Counter()
    runs.await_quiet()
    sizes.append(count_bytes(stack) - before)
    return Round(
        name,
        neighbour,
        outcomes,
        runs.counts,
        measure_processor_seconds(stack) - spent,
        max(sizes),
        sizes[-1],
        journal.count_units(),
    )


def report(rounds: list[Round], lengths: Mapping[str, float], tell: Callable[[str], Any] = print) -> None:
    alone = rounds[0].neighbour.seconds
    tell("| Round | s | rounds of work | " + " | ".join(f"{kind} p95" for kind in KINDS) + " | errors |")
    tell("| --- |" + " --- |" * (len(KINDS) + 3))
    for each in rounds:
        found = each.neighbour.seconds
        times = [
            f"{get_p95(found[kind]):.2f} s ({get_p95(found[kind]) / get_p95(alone[kind]):.1f} x)"
            for kind in KINDS
        ]
        errors = dict(each.neighbour.errors) or 0
        tell(
            f"| {each.name} | {lengths[each.name]:.0f} | {len(found['ready'])} "
            f"| {' | '.join(times)} | {errors} |"
        )
    tell(
        "\n| Round | requests of the second | invocations | processor seconds | MB at most | MB at the end "
        "| write units |"
    )
    tell("| --- |" + " --- |" * 6)
    for each in rounds:
        runs = ", ".join(f"{name} {count}" for name, count in each.runs.items())
        tell(
            f"| {each.name} | {each.outcomes.total()} | {runs} | {each.processor_seconds:.0f} "
            f"| {each.peak_bytes / 1e6:.0f} | {each.final_bytes / 1e6:.0f} | {each.write_units} |"
        )
    for each in rounds[1:]:
        tell(f"\n{each.name}: requests of the second user\n\n| Kind | Answers |\n| --- | --- |")
        for kind in sorted({kind for kind, *_ in each.outcomes}):
            answers = [
                f"{status} {code}".strip() + f": {count}"
                for (other, status, code), count in sorted(each.outcomes.items())
                if other == kind
            ]
            tell(f"| {kind} | {', '.join(answers)} |")


def main(stack: Stack, seconds: float, threads: int) -> None:
    scaled = {"USER_WRITES_PER_MINUTE": str(SCALED_WRITES_PER_MINUTE), "USER_WRITE_BURST": str(SCALED_BURST)}
    plans: list[tuple[str, float, int, Mapping[str, str]]] = [
        ("alone", seconds / 5, 0, {}),
        ("bounds of the stack", seconds, threads, {}),
        (f"{SCALED_WRITES_PER_MINUTE} writes a minute", seconds * 2 / 5, threads, scaled),
        ("no bounds", seconds * 2 / 5, threads, dict.fromkeys(BOUNDS, "0")),
    ]
    rounds = []
    for name, length, number, bounds in plans:
        with change_variables(stack, bounds) if bounds else nullcontext():
            rounds.append(run_round(stack, name, length, number))
    report(rounds, {name: length for name, length, *_ in plans})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--aws-port", type=int, default=4566)
    parser.add_argument("--seconds", type=float, default=300, help="of the round with bounds")
    parser.add_argument("--threads", type=int, default=16, help="of the user who does everything wrong")
    options = parser.parse_args()
    main(find_stack(options.aws_port), options.seconds, options.threads)
