from __future__ import annotations

from pathlib import Path

import pytest

from local import bootstrap
from local.console import Problem


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str | Path, ...]]:
    """The commands that would install something."""
    ran: list[tuple[str | Path, ...]] = []

    def run(*command: str | Path) -> str:
        ran.append(command)
        for home in (tmp_path / "uv", tmp_path / "sam"):
            (home / "bin").mkdir(parents=True, exist_ok=True)
            (home / "bin" / "python").touch()
        return ""

    monkeypatch.setattr(bootstrap, "HOME", tmp_path)
    monkeypatch.setattr(bootstrap, "run", run)
    return ran


def test_environment_is_installed_only_from_files_with_pinned_hashes(
    commands: list[tuple[str | Path, ...]],
) -> None:
    bootstrap.provide_environment("sam", Path("uv"), Path("python3.13"))
    *_, install = commands
    assert {"sync", "--require-hashes", bootstrap.PINS["sam"]} <= {*install}


def test_uv_is_installed_only_from_a_file_with_a_pinned_hash_and_only_once(
    commands: list[tuple[str | Path, ...]],
) -> None:
    uv = bootstrap.provide_uv()
    _, install = commands
    assert {"install", "--require-hashes", ":all:", bootstrap.UV_PINS} <= {*install}
    assert bootstrap.provide_uv() == uv
    assert len(commands) == 2


def test_new_pins_of_uv_are_installed(
    commands: list[tuple[str | Path, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bootstrap.provide_uv()
    (tmp_path / "pins.txt").write_text("uv==9")
    monkeypatch.setattr(bootstrap, "UV_PINS", tmp_path / "pins.txt")
    bootstrap.provide_uv()
    assert commands[-1][-1] == tmp_path / "pins.txt"


def test_environment_that_failed_to_install_is_not_current(
    commands: list[tuple[str | Path, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install = bootstrap.run

    def refuse(*command: str | Path) -> str:
        install(*command)
        if "sync" in command:
            raise Problem("hash mismatch")
        return ""

    monkeypatch.setattr(bootstrap, "run", refuse)
    with pytest.raises(Problem, match="hash mismatch"):
        bootstrap.provide_environment("sam", Path("uv"), Path("python3.13"))
    assert commands
    assert not bootstrap.is_current(tmp_path / "sam", bootstrap.PINS["sam"])
