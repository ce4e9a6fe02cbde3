from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem
from operations.verification import command
from operations.verification.catalogue import CLAIMS
from operations.verification.command import choose, verify
from operations.verification.deployment import Options
from tests.unit.operations.verification.answers_of_aws import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.verification.deployment import Deployment
    from tests.unit.operations.verification.fakes import Fake


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> list[Any]:
    """The arguments of each session."""
    opened: list[Any] = []

    @contextmanager
    def open_fake(*given: Any) -> Iterator[Deployment]:  # noqa: ANN401 - of a session
        opened.append(given)
        yield deployment

    monkeypatch.setattr(command, "open_deployment", open_fake)
    return opened


def test_verification_prints_lines_and_a_row(
    fake: Fake, opened: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    verify(fake.client, OUTPUTS, "images-dev", Options(), ["log-lines", "web-acl"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["web-acl: ok (100 requests in 5 minutes)", "log-lines: ok (lines of the API arrive)"]
    assert lines[-1].endswith("| images-dev | SLOW BURST COLD | 2 | 0 | 0 |")
    assert opened == [(fake.client, OUTPUTS, "images-dev", Options())]


def test_claim_that_fails_is_a_problem_after_the_row(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    fake.outputs["logs", "filter_log_events"] = lambda _: {"events": []}
    with pytest.raises(Problem, match="1 of 2 claims failed"):
        verify(fake.client, OUTPUTS, "images-dev", Options(), ["log-lines", "web-acl"])
    assert capsys.readouterr().out.endswith("| 1 | 1 | 0 |\n")


def test_all_claims_run_unless_some_are_named() -> None:
    assert [*choose([])] == [*CLAIMS]


def test_unknown_claim_is_a_problem_before_anything_runs(fake: Fake, opened: list[Any]) -> None:
    with pytest.raises(Problem, match="no claim has the id speed"):
        verify(fake.client, OUTPUTS, "images-dev", Options(), ["speed", "web-acl"])
    assert opened == []
