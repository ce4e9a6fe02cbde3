from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from subprocess import CompletedProcess
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from local import commands
from local.console import Problem
from local.layout import ROOT
from operations import audit as audits
from operations.audit import audit, is_reachable
from tests.unit.test_pins import PINS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answer(BaseHTTPRequestHandler):
    """Answers every GET with 404."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The files that pip-audit was asked about, and the code that it is to return for each."""
    codes: dict[str, int] = {}

    def run(*command: Any) -> CompletedProcess[str]:  # noqa: ANN401 - of the audit
        return CompletedProcess(command, codes.setdefault(str(command[-1]), 0), "said", "")

    monkeypatch.setattr(commands, "run", run)
    monkeypatch.setattr(audits, "provide_environments", lambda names: codes.update(dict.fromkeys(names, 0)))
    return codes


def test_service_that_answers_anything_is_reachable(service: str) -> None:
    assert is_reachable(service)


def test_service_that_does_not_answer_is_a_step_that_was_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], audited: dict[str, int], service: str
) -> None:
    monkeypatch.setattr(audits, "SERVICE", service.replace("http://", "https://"))
    audit()
    assert capsys.readouterr().out == "skipped: the vulnerability service cannot be reached\n"
    assert audited == {}


def test_every_file_of_pins_is_audited(
    monkeypatch: pytest.MonkeyPatch, audited: dict[str, int], service: str
) -> None:
    monkeypatch.setattr(audits, "SERVICE", service)
    audit()
    assert audited.keys() == {"audit", *map(str, PINS)}


def test_finding_is_a_problem_that_names_the_file(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    audited: dict[str, int],
    service: str,
) -> None:
    monkeypatch.setattr(audits, "SERVICE", service)
    audited[str(PINS[-1])] = 1
    with pytest.raises(Problem, match=f": {PINS[-1].relative_to(ROOT)}$"):
        audit()
    assert capsys.readouterr().out.count("said") == len(PINS)
