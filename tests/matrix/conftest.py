"""A deployment for each test, and how many cells the matrix had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch, dynamodb: object, s3: object) -> Iterator[Deployment]:
    del dynamodb, s3  # their tables and bucket are there
    monkeypatch.setenv("MAX_USER_IMAGES", "50")
    deployment = Deployment(monkeypatch)
    yield deployment
    deployment.close()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    cells = [value for report in reports for name, value in report.user_properties if name == "cells"]
    if cells:
        terminalreporter.write_line(f"fault matrix: {sum(map(int, cells))} cells of {len(cells)} operations")
