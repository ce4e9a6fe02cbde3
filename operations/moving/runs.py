"""Runs of an import: entries go through a few threads, and the journal keeps what became of each."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.moving.entries import InvalidEntry, make_image_id, name_entry
from operations.moving.imports import Ended, Result
from operations.moving.journal import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from operations.moving.entries import Defaults, Entry
    from operations.moving.imports import Importer
    from operations.moving.journal import Journal

REPORT_EVERY = 100
GONE = "The image with this id was deleted or has ended. It is not brought back under its id."


@dataclass(frozen=True)
class Pace:
    """The load that an import may put on a service that is in use."""

    at_once: int = 4
    """Images that are read, verified or processed at a time."""
    per_minute: int = 0
    """Images begun in a minute. 0: no bound."""


@dataclass(frozen=True)
class Job:
    """One try of one entry."""

    entry: Entry
    name: str
    image_id: str
    attempt: int


class Run:
    """One run of an import. Memory holds no more entries than are imported at a time."""

    def __init__(  # noqa: PLR0913 - its parts
        self,
        import_name: str,
        importer: Importer,
        journal: Journal,
        *,
        pace: Pace,
        keeps_ids: bool = False,
        is_trial: bool = False,
        report: Callable[[str], object] = print,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._import_name = import_name
        self._importer = importer
        self._journal = journal
        self._pace = pace
        self._keeps_ids = keeps_ids
        self._is_trial = is_trial
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._next_start = clock()
        self._counts: Counter[Outcome] = Counter()

    def take(self, entries: Iterable[Entry | InvalidEntry], defaults: Defaults) -> Counter[Outcome]:
        """Import every entry that is not imported yet. Return how many came to which end, in all runs."""
        running: dict[Future[Result], Job] = {}
        taken: set[str] = set()
        with ThreadPoolExecutor(self._pace.at_once) as executor:
            for found in entries:
                entry = found if isinstance(found, InvalidEntry) else defaults.apply_to(found)
                if isinstance(entry, InvalidEntry):
                    self._refuse(entry)
                    continue
                job = self._plan(entry)
                if job is None or job.name in taken:
                    continue
                if len(running) == self._pace.at_once:
                    self._collect(running, executor)
                taken = {other.name for other in running.values()} | {job.name}
                self._start(job, running, executor)
            while running:
                self._collect(running, executor)
        return self._counts

    def _plan(self, entry: Entry) -> Job | None:
        """Choose the id of an entry's image. None: it is imported already."""
        name = name_entry(entry)
        last = self._journal.get(name)
        if last and last.outcome is Outcome.IMPORTED:
            self._count(Outcome.IMPORTED)
            return None
        return self._make_job(entry, name, last.number if last else 0)

    def _make_job(self, entry: Entry, name: str, attempt: int) -> Job:
        kept = entry.id if self._keeps_ids else None
        return Job(entry, name, kept or make_image_id(self._import_name, name, attempt), attempt)

    def _start(self, job: Job, running: dict[Future[Result], Job], executor: ThreadPoolExecutor) -> None:
        self._wait_for_turn()
        if self._is_trial:
            running[executor.submit(self._importer.try_out, job.entry)] = job
            return
        self._journal.begin(job.name, job.entry.location, job.entry.user_id, job.image_id, job.attempt)
        running[executor.submit(self._importer.bring, job.entry, job.image_id)] = job

    def _collect(self, running: dict[Future[Result], Job], executor: ThreadPoolExecutor) -> None:
        """Wait until an entry has ended, and note what became of it."""
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            try:
                result = future.result()
            except Ended:
                if self._keeps_ids and job.entry.id:
                    result = Result(Outcome.REFUSED, GONE)
                else:
                    again = self._make_job(job.entry, job.name, job.attempt + 1)
                    self._start(again, running, executor)
                    continue
            self._note(job, result)

    def _note(self, job: Job, result: Result) -> None:
        self._count(result.outcome)
        if result.outcome not in {Outcome.IMPORTED, Outcome.ACCEPTABLE}:
            self._report(f"{job.entry.location}: {result.outcome}: {result.reason}")
        if not self._is_trial:
            self._journal.end(job.name, result.outcome, result.reason)

    def _refuse(self, entry: InvalidEntry) -> None:
        self._count(Outcome.INVALID)
        self._report(f"{entry.place}: {Outcome.INVALID}: {entry.reason}")
        if not self._is_trial:
            self._journal.refuse(entry.place, entry.reason)

    def _count(self, outcome: Outcome) -> None:
        self._counts[outcome] += 1
        if (total := self._counts.total()) % REPORT_EVERY == 0:
            self._report(f"{total} entries: {describe_counts(self._counts)}")

    def _wait_for_turn(self) -> None:
        if not self._pace.per_minute:
            return
        self._sleep(max(0.0, self._next_start - self._clock()))
        self._next_start = max(self._next_start, self._clock()) + 60 / self._pace.per_minute


def describe_counts(counts: Counter[Outcome]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]) or "nothing"
