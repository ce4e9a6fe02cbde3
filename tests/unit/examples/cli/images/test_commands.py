"""The commands with a client whose server is a function."""

from __future__ import annotations

import errno
import io
import os
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from images.answers import RefusedError
from images.client import Client
from images.commands import PARALLEL, find_files, make_finder, run_all
from images.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def client() -> Client:
    return Client("http://api.test", {}, httpx.MockTransport(lambda _: httpx.Response(500)))


def find(*paths: Path) -> tuple[list[Path], list[Path]]:
    """Return the files, and what failed."""
    failed: list[Path] = []
    return [*find_files(map(str, paths), lambda path, _: failed.append(path))], failed


def test_folder_is_read_without_what_systems_hide(tmp_path: Path) -> None:
    for name in ("b.png", "sub/a.png", ".git/x.png", "sub/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find(tmp_path) == ([tmp_path / "b.png", tmp_path / "sub" / "a.png"], [])


def test_links_lead_to_files_and_never_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.png").touch()
    (tmp_path / "a.png").symlink_to("b.png")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "round").symlink_to("round")
    assert find(tmp_path) == ([tmp_path / "a.png", tmp_path / "b.png"], [])
    told = capsys.readouterr().err.splitlines()
    names = [tmp_path / name for name in ("loop", "pipe", "round")]
    assert told == [f"{name}: left out: it is no file, and no link to one" for name in names]


def test_file_that_is_named_is_read_even_if_hidden(tmp_path: Path) -> None:
    (tmp_path / ".a.png").touch()
    paths = [tmp_path / ".a.png", tmp_path / "none"]
    assert find(*paths) == (paths, [])


def test_pipe_that_is_named_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert find(tmp_path / "pipe") == ([], [tmp_path / "pipe"])


def test_folder_that_cannot_be_read_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").touch()
    scandir = os.scandir

    def scan(folder: str) -> Any:  # noqa: ANN401 - an iterator of the standard library
        if folder == str(tmp_path / "b"):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scan)  # as root, the tests may read everything
    files, failed = find(tmp_path)
    assert files == [tmp_path / "a" / "x.png", tmp_path / "c" / "x.png"]
    assert failed == [tmp_path / "b"]


@pytest.mark.parametrize(
    ("images", "files", "paths"),
    [
        (0, 1, {"/me": 1, "/images": 1}),
        (5000, 40, {"/me": 1, "/images": 40}),
        (100, 2, {"/me": 1, "/images": 1}),
    ],
)
def test_images_are_asked_for_in_the_fewest_requests(images: int, files: int, paths: dict[str, int]) -> None:
    seen: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(200, json={"images": [], "nextCursor": None, "used": {"images": images}})

    find = make_finder(Client("http://api.test", {}, httpx.MockTransport(respond)), files)
    assert [find(f"{number:064x}") for number in range(files)] == [None] * files
    assert {path: seen.count(path) for path in seen} == paths


@pytest.mark.parametrize(
    "error",
    [
        RefusedError(httpx.Response(401)),
        RefusedError(httpx.Response(403, json={"code": "erased"})),
        OSError(errno.ENOSPC, "full"),
        KeyboardInterrupt(),
    ],
)
def test_run_ends_if_the_rest_would_fail_too(client: Client, error: BaseException) -> None:
    begun: list[int] = []

    def work(number: int) -> str:
        begun.append(number)
        time.sleep(0.001)  # as a request does, so that the end of the first one is seen
        raise error

    with pytest.raises(type(error)):
        run_all(client, range(1000), work, str)
    assert len(begun) < 1000


def test_other_failures_are_told_and_the_rest_goes_on(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(number: int) -> str:
        if number == PARALLEL:
            raise OSError("odd \x1b[31mname")
        return "done"

    assert run_all(client, range(20), work, str) == 1
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.endswith(": done") for line in lines) == 19
    assert sum(line.endswith("4: FAILED: odd \\x1b[31mname") for line in lines) == 1


def test_server_that_is_away_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "nonsense://x", "list"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_token_of_a_file_loses_its_line_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "nonsense://x", "--token", "secret\n", "list"]) == 1
    assert "secret" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["share", "delete"])
@pytest.mark.parametrize("text", ["../me", "", "..", "?x", "2f558fa9-4299-4440-9b39-9c0420c74f81/content"])
def test_what_is_no_id_reaches_no_other_path(
    command: str, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpx.Client, "request", lambda *_, **__: pytest.fail("a request was sent"))
    with pytest.raises(SystemExit) as end:
        main([command, text])
    assert end.value.code == 2
    assert "is no id of an image" in capsys.readouterr().err


def test_names_are_listed_in_a_file_that_does_not_take_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    image = {"id": str(uuid.uuid4()), "filename": "日.png", "status": "ready", "createdAt": "2026-11-28"}
    facts = {"statusReason": None, "size": 1, "sha256": None, "trashedAt": None, "url": None}
    page = httpx.Response(200, json={"images": [image | facts], "nextCursor": None})
    monkeypatch.setattr(httpx.Client, "request", lambda *_, **__: page)
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding="ascii"))
    assert main(["list"]) == 0
    assert file.getvalue().endswith(b"\\u65e5.png\n")
