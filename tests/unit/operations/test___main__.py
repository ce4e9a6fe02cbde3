from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from local.console import Problem, run_command
from operations import __main__ as commands
from operations.redrive import Redrive
from operations.verification.deployment import Options

if TYPE_CHECKING:
    from pathlib import Path

TARGET = ("client", {"BucketName": "b"})


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The targets that commands have asked for."""
    asked: list[tuple[int, str]] = []

    def find_target(aws_port: int, stack_name: str) -> Any:  # noqa: ANN401 - clients and outputs
        asked.append((aws_port, stack_name))
        return TARGET

    monkeypatch.setattr(commands, "find_target", find_target)
    return asked


def run(*arguments: str) -> int:
    return run_command(vars(commands.parse([*arguments])))


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ([], (4566, "")),
        (["--aws-port", "4600"], (4600, "")),
        (["--stack", "images-prod"], (4566, "images-prod")),
    ],
)
def test_redrive_prints_how_many_events_it_sent(
    asked: list[tuple[int, str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    target: tuple[int, str],
) -> None:
    monkeypatch.setattr(commands, "redrive", lambda *found: Redrive(3, 2) if found == TARGET else None)
    assert run("redrive", *arguments) == 0
    assert capsys.readouterr().out == "3 events sent again, 2 messages kept\n"
    assert asked == [target]


@pytest.mark.parametrize(
    ("arguments", "left", "code", "words"),
    [
        ([], 0, 0, ""),
        ([], 2, 1, "error: 2 things are wrong; REPAIR=1 (--repair) mends them\n"),
        (["--repair"], 1, 1, "error: 1 thing is wrong\n"),
    ],
)
def test_consistency_check_fails_if_something_stays_wrong(  # noqa: PLR0913, PLR0917 - a row and fixtures
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    left: int,
    code: int,
    words: str,
) -> None:
    made: list[Any] = []
    ran: list[Any] = []

    def make_check(*found: Any, grace: timedelta) -> str:  # noqa: ANN401 - of the target
        made.append((found, grace))
        return "check"

    def run_check(check: str, *, repair: bool) -> int:
        ran.append((check, repair))
        return left

    monkeypatch.setattr(commands, "make_check", make_check)
    monkeypatch.setattr(commands, "run_check", run_check)
    assert run("check-consistency", "--grace", "7", *arguments) == code
    assert capsys.readouterr().err == words
    assert made == [(TARGET, timedelta(minutes=7))]
    assert ran == [("check", bool(arguments))]


def test_grace_of_the_check_is_a_quarter_of_an_hour_unless_given() -> None:
    assert vars(commands.parse(["check-consistency"]))["grace"] == 15


@pytest.mark.parametrize(("arguments", "is_admin"), [([], False), (["--admin"], True)])
def test_token_is_printed_alone(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    is_admin: bool,
) -> None:
    def make_token(*found: Any, is_admin: bool) -> str:  # noqa: ANN401 - of the target
        return f"{found[2]} {is_admin}" if found[:2] == TARGET else ""

    monkeypatch.setattr(commands, "make_token", make_token)
    assert run("token", *arguments, "ann") == 0
    assert capsys.readouterr().out == f"ann {is_admin}\n"


def test_password_is_printed_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        commands, "make_password", lambda *found: f"of {found[2]}" if found[:2] == TARGET else ""
    )
    assert run("password", "ann") == 0
    assert capsys.readouterr().out == "of ann\n"


def test_connect_prints_the_name_of_the_bucket(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "connect", lambda *found: "kept" if found == TARGET else "")
    assert run("connect", "--stack", "images-prod") == 0
    assert capsys.readouterr().out == "kept is connected\n"


def test_newer_records_are_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "delete_newer", lambda *found: 2 if found == (*TARGET, "old") else 0)
    assert run("delete-newer", "--stack", "images-prod", "--old", "old") == 0
    assert capsys.readouterr().out.startswith("2 images and files are newer")


@pytest.mark.parametrize(
    ("arguments", "stack_name", "options", "only"),
    [
        ([], "", Options(), []),
        (
            ["--stack", "images-dev", "--slow", "--burst", "90", "--cold", "--only", "a", "--only", "b"],
            "images-dev",
            Options(slow=True, burst=90, cold=True),
            ["a", "b"],
        ),
    ],
)
def test_verification_takes_its_options(
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    stack_name: str,
    options: Options,
    only: list[str],
) -> None:
    ran: list[Any] = []
    monkeypatch.setattr(commands, "verify", lambda *given: ran.append(given))
    assert run("verify-aws", *arguments) == 0
    assert ran == [(*TARGET, stack_name, options, only)]


def test_deploy_takes_the_environment_and_no_stack(
    asked: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed: list[str] = []
    monkeypatch.setattr(commands, "deploy", deployed.append)
    assert run("deploy", "--env", "prod") == 0
    assert (deployed, asked) == (["prod"], [])


def test_licenses_are_counted(capsys: pytest.CaptureFixture[str], asked: list[tuple[int, str]]) -> None:
    assert run("licenses") == 0
    assert capsys.readouterr().out.startswith("the licenses of ")
    assert asked == []


def test_bill_is_written_to_the_file(tmp_path: Path, asked: list[tuple[int, str]]) -> None:
    assert run("sbom", str(tmp_path / "bill.json")) == 0
    assert '"CycloneDX"' in (tmp_path / "bill.json").read_text()
    assert asked == []


def test_audit_fails_if_it_finds_something(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find() -> None:
        raise Problem("found")

    monkeypatch.setattr(commands, "audit", find)
    assert run("audit") == 1
    assert capsys.readouterr().err == "error: found\n"


def test_command_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.parse([])
    assert "required" in capsys.readouterr().err


class Registry:
    """Notes who is erased."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def erase(self, user: str) -> None:
        self.steps.append(("erase", user))

    def await_end(self, user: str) -> None:
        self.steps.append(("await", user))

    def erase_again(self) -> list[str]:
        return ["ann", "ben"]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()
    monkeypatch.setattr(commands, "make_registry", lambda *found: registry if found == TARGET else None)
    return registry


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [(["ann"], [("erase", "ann")]), (["--wait", "ann"], [("erase", "ann"), ("await", "ann")])],
)
def test_erase_begins_and_waits_if_it_shall(
    registry: Registry,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    steps: list[tuple[str, str]],
) -> None:
    assert run("erase", *arguments) == 0
    assert registry.steps == steps
    assert capsys.readouterr().out == "everything is being deleted, and nothing new is taken\n"


@pytest.mark.parametrize("user", ["", "a b", "x" * 129])
def test_erase_wants_a_user_and_says_so_in_one_line(
    registry: Registry, capsys: pytest.CaptureFixture[str], user: str
) -> None:
    assert run("erase", user) == 1
    assert registry.steps == []
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("text", ["2026-11-27T10:00:05Z", "2026-11-27T11:00:05.7+01:00"])
def test_tables_are_restored_to_a_time_and_their_parameters_are_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    found: list[Any] = []

    class Restore:
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - of the command
            found.append(arguments)

        def run(self) -> dict[str, str]:
            return {"KeptItemsTableName": "items-at"}

    monkeypatch.setattr(commands, "TableRestore", Restore)
    assert run("restore-tables", "--at", text) == 0
    assert found == [(*TARGET, datetime(2026, 11, 27, 10, 0, 5, tzinfo=UTC))]
    assert '    "KeptItemsTableName=items-at",\n' in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "after"), [([], ""), (["--after", "files/1"], "files/1")])
def test_objects_are_restored_to_a_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], after: str
) -> None:
    found: list[Any] = []

    def restore(*target: Any, after: str) -> int:  # noqa: ANN401 - of the command
        found.append((*target, after))
        return 7

    monkeypatch.setattr(commands, "restore_objects", restore)
    assert run("restore-objects", "--at", "2026-11-27T10:00:05Z", *arguments) == 0
    assert found == [(*TARGET, datetime(2026, 11, 27, 10, 0, 5, tzinfo=UTC), after)]
    assert capsys.readouterr().out == "7 objects are brought back\n"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-27T10:00:05"])
def test_time_without_a_zone_is_no_time(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit):
        commands.parse(["restore-objects", "--at", text])
    assert "--at" in capsys.readouterr().err


def test_erase_again_prints_how_many_users_it_has_found(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("erase-again") == 0
    assert registry.steps == []
    assert capsys.readouterr().out == "2 users are being erased again\n"
