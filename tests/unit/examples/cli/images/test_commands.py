"""The commands with a client whose server is a function."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

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


def test_folder_is_read_without_what_systems_hide(tmp_path: Path) -> None:
    for name in ("b.png", "sub/a.png", ".git/x.png", "sub/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [str(path.relative_to(tmp_path)) for path in find_files([str(tmp_path)])]
    assert found == ["b.png", "sub/a.png"]


def test_file_that_is_named_is_read_even_if_hidden(tmp_path: Path) -> None:
    assert [path.name for path in find_files([str(tmp_path / ".a.png"), str(tmp_path / "none")])] == [
        ".a.png",
        "none",
    ]


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
    "error", [RefusedError(httpx.Response(401)), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()]
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
