"""Folders that one run at a time writes into."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest
from images.folders import hold_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_second_run_is_told_of_the_first(tmp_path: Path) -> None:
    with hold_folder(tmp_path), pytest.raises(BlockingIOError, match="another run"), hold_folder(tmp_path):
        pass


def test_folder_is_free_after_a_run_and_holds_nothing_of_it(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_folder(tmp_path):
            pass
    assert [*tmp_path.iterdir()] == []


def test_drive_without_locks_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_folder(tmp_path):
        (tmp_path / "a").touch()
