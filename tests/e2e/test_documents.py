"""The shell and HTML blocks of README and docs work as they are written, against a running stack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image

from local.loopback import find_free_port
from tests.support.client import await_end, upload_form
from tests.support.documents import ROOT, find_urls, list_documents, read_blocks, read_pages
from tests.support.pictures import encode_moving, make_photo

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack
    from tests.support.receiver import Receiver, Request

LARGE_BYTES = 6_000_000
# Commands of the Makefile run in the project's folder, whatever folder the files are in. An error of the API
# ends the script. Machines without the AWS CLI have commands that do the same.
PRELUDE = f"""set -euo pipefail
curl() {{ command curl --fail "$@"; }}
make() {{ command make --no-print-directory -C {ROOT} "$@"; }}
aws() {{ PYTHONPATH={ROOT} {sys.executable} -m tests.support.aws_cli "$@"; }}
"""
FIXTURES = {"open": "stack", "jwt": "jwt_stack", "webhook": "webhook_stack"}
RECEIVER_PORT = "3002"
"""Where the documents run a receiver of webhooks."""

PICTURES = "http://localhost:3000/images/ID/"
"""The beginning of the URLs of pictures in the documents."""
PAGES = [page for document in list_documents() for page in read_pages(document) if PICTURES in page]
BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
CASES = [
    (document, mode)
    for document in list_documents()
    for mode in FIXTURES
    if any(block.mode == mode and not block.reason for block in read_blocks(document))
]


@pytest.mark.skipif(not shutil.which("curl"), reason="the blocks need curl")
@pytest.mark.parametrize(
    ("document", "mode"), CASES, ids=[f"{path.relative_to(ROOT)}-{mode}" for path, mode in CASES]
)
def test_shell_blocks_work(request: pytest.FixtureRequest, tmp_path: Path, document: Path, mode: str) -> None:
    stack: Stack = request.getfixturevalue(FIXTURES[mode])
    port = str(find_free_port())
    if mode == "webhook":
        hand_webhooks_on(request.getfixturevalue("receiver"), f"http://localhost:{port}/")
    photo = make_photo(6, width=800, height=400)
    (tmp_path / "photo.jpg").write_bytes(photo)
    (tmp_path / "large.jpg").write_bytes(photo + bytes(LARGE_BYTES))
    blocks = [block.code for block in read_blocks(document) if block.mode == mode and not block.reason]
    script = "\n".join(f"echo '--- block {number}'\n{code}" for number, code in enumerate(blocks, 1))
    places = {
        "http://localhost:3000": stack.api_url,
        ".local/4566/aws.sh": str(stack.state / "aws.sh"),
        "examples/webhook_receiver.py": str(ROOT / "examples/webhook_receiver.py"),
        RECEIVER_PORT: port,
    }
    for place, here in places.items():
        script = script.replace(place, here)
    result = subprocess.run(  # noqa: S603 - our own documents
        ["bash", "-c", PRELUDE + script],  # noqa: S607 - whichever bash there is
        cwd=tmp_path,
        env=os.environ | {"AWS_PORT": str(stack.aws_port)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"


def hand_webhooks_on(receiver: Receiver, url: str) -> None:
    """Let the receiver of the stack respond as the one at another address does."""

    def respond(webhook: Request) -> tuple[int, dict[str, str]]:
        response = httpx.post(url, content=webhook.body, headers=dict(webhook.headers), timeout=10)
        return response.status_code, {}

    receiver.respond = respond


@pytest.fixture(scope="module")
def image_id(stack: Stack) -> str:
    """A public animation that is large enough for every width in the documents."""
    with httpx.Client(base_url=stack.api_url, timeout=60) as api:
        image_id: str = upload_form(api, encode_moving((2400, 1800), "WEBP"), visibility="public")["id"]
        assert await_end(api, image_id)["status"] == "ready"
    return image_id


@pytest.mark.parametrize("page", PAGES)
def test_urls_in_html_show_pictures_of_the_stated_sizes(stack: Stack, image_id: str, page: str) -> None:
    urls = find_urls(page.replace(PICTURES, f"{stack.api_url}/images/{image_id}/"))
    assert urls
    for url, width in urls:
        assert image_id in url
        response = httpx.get(url, headers={"Accept": BROWSER}, timeout=60)
        assert response.status_code == 200, response.text
        assert "immutable" in response.headers["Cache-Control"]
        picture = Image.open(BytesIO(response.content))
        assert width in {None, picture.width}
        asked = httpx.URL(url).params
        assert asked.get("width") in {None, str(picture.width)}
        assert asked.get("height") in {None, str(picture.height)}
        way = "attachment" if asked.get("download") else "inline"
        filename = f"photo.{str(picture.format).lower()}"
        assert response.headers["Content-Disposition"] == f"{way}; filename*=UTF-8''{filename}"
