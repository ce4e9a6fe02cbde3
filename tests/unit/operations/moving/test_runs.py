from __future__ import annotations

import json
import threading
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations.moving.entries import Defaults, Entry, InvalidEntry
from operations.moving.imports import Ended, Result
from operations.moving.journal import Journal, Outcome
from operations.moving.runs import Pace, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ANN = Defaults("ann")


class Recorder:
    """An importer that notes what it is asked, and how much at a time."""

    def __init__(self, decide: Callable[[Entry, str], Result] | None = None) -> None:
        self.ids: dict[str, list[str]] = {}
        self.most = 0
        self._decide = decide or (lambda *_: Result(Outcome.IMPORTED))
        self._running = 0
        self._lock = threading.Lock()

    def bring(self, entry: Entry, image_id: str) -> Result:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            self.ids.setdefault(entry.location, []).append(image_id)
        try:
            return self._decide(entry, image_id)
        finally:
            with self._lock:
                self._running -= 1

    def try_out(self, entry: Entry) -> Result:
        self.bring(entry, "")
        return Result(Outcome.ACCEPTABLE)


def make_entries(count: int) -> Iterator[Entry]:
    return (Entry(path=f"{number}.jpg") for number in range(count))


def run(importer: Any, journal: Journal, **options: Any) -> Run:  # noqa: ANN401 - a stand-in, any option
    options.setdefault("pace", Pace())
    options.setdefault("report", lambda _: None)
    return Run("test", importer, journal, **options)


def test_imported_entry_is_not_looked_at_again(tmp_path: Path) -> None:
    importer = Recorder()
    for _ in range(2):
        with Journal(tmp_path / "journal") as journal:
            assert run(importer, journal).take(make_entries(5), ANN) == {Outcome.IMPORTED: 5}
    assert {len(ids) for ids in importer.ids.values()} == {1}


def test_entry_that_failed_is_tried_again_under_its_id(tmp_path: Path) -> None:
    importer = Recorder(lambda *_: Result(Outcome.FAILED, "why"))
    for _ in range(2):
        with Journal(tmp_path / "journal") as journal:
            assert run(importer, journal).take(make_entries(2), ANN) == {Outcome.FAILED: 2}
    assert [len({*ids}) for ids in importer.ids.values()] == [1, 1]
    assert [len(ids) for ids in importer.ids.values()] == [2, 2]


def test_entry_whose_image_has_ended_gets_another_id_for_good(tmp_path: Path) -> None:
    ended: set[str] = set()

    def decide(_: Entry, image_id: str) -> Result:
        if not ended:
            ended.add(image_id)
            raise Ended
        return Result(Outcome.FAILED, "later")

    importer = Recorder(decide)
    for _ in range(2):
        with Journal(tmp_path / "journal") as journal:
            run(importer, journal).take(make_entries(1), ANN)
    first, second, third = importer.ids["0.jpg"]
    assert first != second == third


def test_kept_id_that_has_ended_is_refused(tmp_path: Path) -> None:
    def end(*_: object) -> Result:
        raise Ended

    with Journal(tmp_path / "journal") as journal:
        entries = [Entry(path="a.jpg", id="an-id")]
        counts = run(importer := Recorder(end), journal, keeps_ids=True).take(entries, ANN)
    assert counts == {Outcome.REFUSED: 1}
    assert importer.ids == {"a.jpg": ["an-id"]}


def test_same_entry_twice_is_imported_once(tmp_path: Path) -> None:
    importer = Recorder()
    with Journal(tmp_path / "journal") as journal:
        run(importer, journal).take([*make_entries(3), *make_entries(3)], ANN)
    assert {len(ids) for ids in importer.ids.values()} == {1}


def test_invalid_lines_are_reported_and_forgotten_when_they_are_corrected(tmp_path: Path) -> None:
    said: list[str] = []
    with Journal(tmp_path / "journal") as journal:
        bad: list[Entry | InvalidEntry] = [InvalidEntry("line 2", "is odd"), Entry(path="x.jpg")]
        counts = run(Recorder(), journal, report=said.append).take(bad, Defaults())
        assert counts == {Outcome.INVALID: 2}
        assert said[0] == "line 2: invalid: is odd"
        journal.write_report(tmp_path / "report")
        lines = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
        assert [(line["entry"], line["outcome"]) for line in lines] == [
            ("line 2", "invalid"),
            ("x.jpg", "invalid"),
        ]
    with Journal(tmp_path / "journal") as journal:
        run(Recorder(), journal).take([Entry(path="x.jpg")], ANN)
        journal.write_report(tmp_path / "report")
    [line] = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    assert (line["entry"], line["userId"], line["outcome"]) == ("x.jpg", "ann", "imported")


def test_trial_leaves_no_trace(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        counts = run(Recorder(), journal, is_trial=True).take(make_entries(2), ANN)
        assert counts == {Outcome.ACCEPTABLE: 2}
        journal.write_report(tmp_path / "report")
    assert (tmp_path / "report").read_text() == ""


def test_no_more_are_imported_at_a_time_than_the_pace_says(tmp_path: Path) -> None:
    pause = threading.Event()

    def decide(*_: object) -> Result:
        pause.wait(0.005)
        return Result(Outcome.IMPORTED)

    importer = Recorder(decide)
    with Journal(tmp_path / "journal") as journal:
        run(importer, journal, pace=Pace(at_once=3)).take(make_entries(40), ANN)
    assert importer.most == 3


def test_entries_begin_as_often_as_the_pace_says(tmp_path: Path) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    options: dict[str, Any] = {"pace": Pace(per_minute=30), "clock": lambda: now, "sleep": sleep}
    with Journal(tmp_path / "journal") as journal:
        run(Recorder(), journal, **options).take(make_entries(16), ANN)
    assert now == pytest.approx(30)


def test_second_run_of_an_import_at_a_time_is_a_problem(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal"), pytest.raises(Problem, match="another run of this import"):
        Journal(tmp_path / "journal")


class Nothing:
    """An importer that remembers nothing."""

    def bring(self, entry: Entry, image_id: str) -> Result:
        del entry, image_id
        return Result(Outcome.IMPORTED)


def test_memory_does_not_grow_with_the_entries(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        run(Nothing(), journal).take(make_entries(100), ANN)
        tracemalloc.start()
        run(Nothing(), journal).take(make_entries(3000), ANN)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 1_000_000
