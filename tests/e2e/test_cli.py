"""The command of `examples/cli`, run as a script runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.layout import ROOT
from tests.support.client import await_end, await_value
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.stack import Stack

PHOTOS = int(os.environ.get("CLI_PHOTOS", "30"))
"""More of them take longer and show nothing else. 1,000 were tried."""

type Start = Callable[..., subprocess.Popen[str]]
type Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def user() -> str:
    return f"cli-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def start(stack: Stack, user: str) -> Iterator[Start]:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "examples" / "cli"),
        "IMAGES_URL": stack.api_url,
        "IMAGES_USER": user,
    }
    # A command that a shell runs in the background ignores this signal, and so do the processes it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as running:

        def start_command(*arguments: str | Path) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "images", *map(str, arguments)]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - our own words
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield start_command


@pytest.fixture
def run(start: Start) -> Run:
    def run_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        process = start(*arguments)
        output, errors = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    return run_command


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").write_bytes(b"x")
    for number in range(PHOTOS):
        place = folder / "sub" if number % 2 else folder
        (place / f"{number}.png").write_bytes(make_picture("PNG", width=20 + number, height=11 + number % 7))
    (folder / "large.jpg").write_bytes(make_photo(1) + b"\0" * 5_000_000)
    return folder


def list_images(stack: Stack, user: str) -> list[Any]:
    url: str | None = "/images?userId=me&limit=100"
    images: list[Any] = []
    while url:
        page = httpx.get(f"{stack.api_url}{url}", headers={"X-User-Id": user}).json()
        images += page["images"]
        url = f"/images?userId=me&limit=100&cursor={page['nextCursor']}" if page["nextCursor"] else None
    return images


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_folder_comes_back_byte_for_byte(
    run: Run, stack: Stack, user: str, photos: Path, tmp_path: Path
) -> None:
    sent = run("upload", photos, "--tag", "Trip")
    assert sent.returncode == 0, sent.stderr
    await_value(lambda: True if len(list_images(stack, user)) == PHOTOS + 1 else None)
    assert {tag for image in list_images(stack, user) for tag in image["tags"]} == {"Trip"}
    fetched = run("download", tmp_path / "backup")
    assert fetched.returncode == 0, fetched.stderr
    expected = read_files(photos)
    del expected[".hidden"]
    assert read_files(tmp_path / "backup") == expected


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_stopped_run_goes_on_and_sends_nothing_twice(  # noqa: PLR0913, PLR0917 - fixtures
    start: Start, run: Run, stack: Stack, user: str, photos: Path, tmp_path: Path, kind: signal.Signals
) -> None:
    for command, done in ((("upload", photos), "uploaded as"), (("download", tmp_path / "b"), "downloaded")):
        process = start(*command)
        assert process.stderr
        told = [*islice(process.stderr, PHOTOS // 3)]
        process.send_signal(kind)
        told += process.stderr
        assert process.wait() == (130 if kind is signal.SIGINT else -kind)
        before = sum(done in line for line in told)
        assert PHOTOS // 3 <= before < PHOTOS
        again = run(*command)
        assert again.returncode == 0, again.stderr
        assert again.stderr.count(done) <= PHOTOS + 1 - before
        await_value(lambda: True if len(list_images(stack, user)) == PHOTOS + 1 else None)
    expected = read_files(photos)
    del expected[".hidden"]
    assert read_files(tmp_path / "b") == expected


def test_second_run_sends_and_fetches_nothing(
    run: Run, stack: Stack, user: str, photos: Path, tmp_path: Path
) -> None:
    run("upload", photos / "0.png")
    assert run("upload", photos / "sub" / "1.png", photos / "0.png").stderr.count("is there already") == 1
    assert len(list_images(stack, user)) == 2
    run("download", tmp_path / "backup")
    assert run("download", tmp_path / "backup").stderr.count("is there already") == 2


def test_images_of_one_name_are_all_downloaded(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [tmp_path / "a.png", tmp_path / "other" / "a.png"]
    for number, file in enumerate(files):
        file.write_bytes(make_picture("PNG", width=30 + number))
    run("upload", *files)
    run("download", tmp_path / "backup")
    assert {*read_files(tmp_path / "backup").values()} == {file.read_bytes() for file in files}


def test_odd_names_come_back_as_they_were(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    names = [
        "IMG (1) 'é' =_x=.png",
        "日本 👩\u200d🚀.png",
        "x" * 251 + ".png",
        "日" * 83 + ".png",
        "%2e%22&+#.png",
    ]
    for number, name in enumerate(names):
        (folder / name).write_bytes(make_picture("PNG", width=40 + number))
    assert run("upload", folder).returncode == 0
    assert run("download", tmp_path / "backup").returncode == 0
    assert read_files(tmp_path / "backup") == read_files(folder)


def test_file_of_the_user_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_picture("PNG"))
    run("upload", tmp_path / "a.png")
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "a.png").write_bytes(b"mine")
    for outcome in ("downloaded as a ", "is there already"):
        assert outcome in run("download", tmp_path / "backup").stderr
    contents = read_files(tmp_path / "backup")
    assert contents["a.png"] == b"mine"
    assert len(contents) == 2


def test_refused_file_is_named_and_the_others_arrive(
    run: Run, stack: Stack, user: str, tmp_path: Path
) -> None:
    (tmp_path / "text.jpg").write_bytes(b"text")
    (tmp_path / "a.png").write_bytes(make_picture("PNG"))
    sent = run("upload", tmp_path / "text.jpg", tmp_path / "a.png")
    assert sent.returncode == 1
    assert "text.jpg: FAILED: " in sent.stderr
    assert [image["filename"] for image in list_images(stack, user)] == ["a.png"]


def test_image_is_listed_shared_and_deleted(run: Run, stack: Stack, user: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_picture("PNG"))
    run("upload", tmp_path / "a.png")
    image_id = run("list").stdout.split("\t")[0]
    with httpx.Client(base_url=stack.api_url) as api:
        await_end(api, image_id, user=user)
    for options, content_type in (([], "image/webp"), (["--rendition", "original"], "image/png")):
        url = run("share", image_id, *options).stdout.strip()
        assert httpx.get(url, follow_redirects=True).headers["Content-Type"] == content_type
    assert run("delete", image_id).returncode == 0
    assert run("list").stdout == ""
    assert run("delete", image_id).returncode == 1


def test_file_that_is_rejected_after_it_was_taken_has_failed(run: Run, tmp_path: Path) -> None:
    photo = make_photo(1)
    (tmp_path / "half.jpg").write_bytes(photo[: len(photo) // 2] + b"\0" * 5_000_000)
    (tmp_path / "a.png").write_bytes(make_picture("PNG"))
    for _ in range(2):
        sent = run("upload", tmp_path / "half.jpg", tmp_path / "a.png")
        assert sent.returncode == 1, sent.stderr
        assert "half.jpg: FAILED: its image is rejected. " in sent.stderr
        assert "a.png: FAILED" not in sent.stderr
