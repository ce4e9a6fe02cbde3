"""Imports and exports of a deployed stack, by the commands that operators run."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.layout import ROOT
from operations.moving.command import IMPORTS
from tests.e2e.conftest import run_new_stack
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack import Stack

COUNT = 40
SECONDS = 240
START = datetime(2019, 1, 1, tzinfo=UTC)


@pytest.fixture
def name() -> Iterator[str]:
    """The name of an import, and of its users. Its journal goes afterwards."""
    name = f"test-{uuid.uuid4()}"
    yield name
    for path in IMPORTS.glob(f"{name}*"):
        path.unlink()


def begin(stack: Stack, command: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "operations", command, "--aws-port", str(stack.aws_port), *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(stack: Stack, command: str, *arguments: str, code: int = 0) -> str:
    process = begin(stack, command, *arguments)
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == code, output
    return output


def list_images(stack: Stack, user: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = httpx.get(
            f"{stack.api_url}/images",
            params={"limit": "100", **cursor},
            headers={b"X-User-Id": user.encode()},
            timeout=60,
        ).json()
        found += [image for image in page["images"] if image["userId"] == user]
        if page["nextCursor"] is None:
            return found
        cursor = {"cursor": page["nextCursor"]}


def get_used(stack: Stack, user: str) -> dict[str, int]:
    headers = {b"X-User-Id": user.encode()}
    used: dict[str, int] = httpx.get(f"{stack.api_url}/me", headers=headers, timeout=60).json()["used"]
    return used


def fill(folder: Path, users: list[str], count: int = COUNT) -> list[dict[str, Any]]:
    """Write photos and a manifest. Return its lines, each with the hash of its bytes."""
    lines = []
    folder.mkdir(exist_ok=True)
    for number in range(count):
        data = make_photo(number % 8 + 1, width=120 + number, height=90)
        (folder / f"{number}.jpg").write_bytes(data)
        lines.append(
            {
                "path": f"{number}.jpg",
                "owner": users[number % len(users)],
                "filename": f"photo {number}.jpg",
                "description": f"Number {number}, with an ä",
                "visibility": ["public", "private"][number % 2],
                "tags": ["all", f"n{number % 3}"],
                "createdAt": (START + timedelta(days=number)).isoformat(),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8")
    return lines


def test_import_that_is_killed_goes_on_and_brings_each_image_once(
    stack: Stack, tmp_path: Path, name: str
) -> None:
    lines = fill(tmp_path / "photos", [name])
    photos, manifest = str(tmp_path / "photos"), str(tmp_path / "photos" / "manifest.jsonl")
    arguments = ("--name", name, "--from", photos, "--manifest", manifest)
    kills = 0
    for expected in (8, 20):
        process = begin(stack, "import", *arguments)
        deadline = time.monotonic() + SECONDS
        while len(list_images(stack, name)) < expected and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert kills == 2
    assert len(list_images(stack, name)) < COUNT
    assert f"{COUNT} imported\n" in run(stack, "import", *arguments)
    assert f"{COUNT} imported\n" in run(stack, "import", *arguments)
    images = list_images(stack, name)
    assert [image["filename"] for image in images] == [line["filename"] for line in reversed(lines)]
    assert {image["status"] for image in images} == {"ready"}
    for image, line in zip(images, reversed(lines), strict=True):
        assert {key: image[key] for key in ("description", "visibility", "tags", "sha256")} == {
            key: line[key] for key in ("description", "visibility", "tags", "sha256")
        }
        assert datetime.fromisoformat(image["createdAt"]) == datetime.fromisoformat(line["createdAt"])
    used = get_used(stack, name)
    assert (used["images"], used["pendingUploads"]) == (COUNT, 0)
    assert used["bytes"] == sum(image["size"] for image in images)


def test_deleted_image_is_not_brought_back(stack: Stack, tmp_path: Path, name: str) -> None:
    fill(tmp_path / "photos", [name], count=2)
    arguments = ("--name", name, "--from", str(tmp_path / "photos"), "--user", name)
    (tmp_path / "photos" / "manifest.jsonl").unlink()
    run(stack, "import", *arguments)
    [image, kept] = list_images(stack, name)
    deletion = httpx.delete(f"{stack.api_url}/images/{image['id']}", headers={"X-User-Id": name}, timeout=60)
    assert deletion.status_code == 204
    run(stack, "import", *arguments)
    assert [found["id"] for found in list_images(stack, name)] == [kept["id"]]


def test_export_into_an_empty_stack_brings_the_same_images(stack: Stack, tmp_path: Path, name: str) -> None:
    users = [f"{name}-ä", f"{name}-2"]
    fill(tmp_path / "photos", users, count=12)
    photos, manifest = tmp_path / "photos", str(tmp_path / "photos" / "manifest.jsonl")
    run(stack, "import", "--name", name, "--from", str(photos), "--manifest", manifest)
    place = tmp_path / "export"
    for user in users:
        run(stack, "export", "--to", str(place / user[-1]), "--user", user)
        output = run(stack, "export", "--to", str(place / user[-1]), "--user", user)
        assert "6 images and images.jsonl" in output
    with run_new_stack("open") as other:
        for user in users:
            source = str(place / user[-1])
            run(other, "import", "--name", f"{name}-back", "--from", source, "--keep-ids")
        for user in users:
            before, after = list_images(stack, user), list_images(other, user)
            assert len(after) == 6
            same = before[0].keys() - {"url", "renditions", "updatedAt", "version"}
            assert [{key: image[key] for key in same} for image in after] == [
                {key: image[key] for key in same} for image in before
            ]
            for image in after:
                content = httpx.get(
                    f"{other.api_url}/images/{image['id']}/content",
                    headers={b"X-User-Id": user.encode()},
                    follow_redirects=True,
                    timeout=60,
                )
                assert hashlib.sha256(content.content).hexdigest() == image["sha256"]
        run(other, "check-consistency")


class Site(BaseHTTPRequestHandler):
    """A web server with good pictures, and with redirects to where nobody may go."""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        number = int(self.path.strip("/").partition(".")[0])
        data = make_photo(1, width=60 + number, height=40)
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the base
        """Keep quiet."""


@pytest.fixture
def site() -> Iterator[str]:
    """The URL of the web server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_urls_are_imported_and_hostile_ones_are_refused(
    stack: Stack, tmp_path: Path, name: str, site: str
) -> None:
    local = site.replace("127.0.0.1", "localhost")
    good = [f"{site}/{number}.jpg" for number in range(3)]
    bad = [
        f"{site}/to/{local}/4.jpg",  # this machine under a name that is not allowed
        f"{site}/to/{stack.aws_url}/",
        f"{site}/to/http://169.254.169.254/latest/meta-data/",
        f"{site}/to/file:///etc/passwd",
        f"{local}/5.jpg",
        "http://[::1]/6.jpg",
    ]
    manifest = tmp_path / "urls.txt"
    manifest.write_text("\n".join(good + bad), encoding="utf-8")
    arguments = ("--name", name, "--manifest", str(manifest), "--user", name)
    refused = run(stack, "import", *arguments, code=1)
    assert f"{len(good + bad)} refused\n" in refused
    assert list_images(stack, name) == []
    output = run(stack, "import", *arguments, "--allow-host", "127.0.0.1", code=1)
    assert f"{len(good)} imported, {len(bad)} refused\n" in output
    found = {image["filename"]: image["width"] for image in list_images(stack, name)}
    assert found == {f"{number}.jpg": 60 + number for number in range(3)}
    [report] = IMPORTS.glob(f"{name}*.jsonl")
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert {line["entry"] for line in lines if line["outcome"] == "refused"} == {*bad}
    assert all(line["reason"] for line in lines if line["outcome"] == "refused")


def test_bucket_is_exported_to_and_imported_from(stack: Stack, tmp_path: Path, name: str) -> None:
    """An export in a bucket is read by its manifest, and other objects by their keys."""
    fill(tmp_path / "photos", [name], count=3)
    photos, manifest = tmp_path / "photos", str(tmp_path / "photos" / "manifest.jsonl")
    run(stack, "import", "--name", name, "--from", str(photos), "--manifest", manifest)
    s3 = stack.client("s3")
    s3.create_bucket(Bucket=name)
    assert "3 images" in run(stack, "export", "--to", f"s3://{name}/backup", "--user", name)
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=name)["Contents"]}
    assert {"backup/images.jsonl", "backup/export.json"} < keys
    assert len(keys) == 5
    run(stack, "import", "--name", f"{name}-2", "--from", f"s3://{name}/backup")
    assert len(list_images(stack, name)) == 6
    user = f"{name}-3"
    prefix = f"s3://{name}/backup/originals/"
    run(stack, "import", "--name", f"{name}-3", "--from", prefix, "--user", user)
    assert len(list_images(stack, user)) == 3
