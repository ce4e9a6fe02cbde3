"""The pages in `examples/`: what the docs show of them, their packages, and a site that serves them."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.layout import LOCAL, ROOT
from tests.support.browser import find_browser
from tests.support.site import HTML_TYPE, run_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = ROOT / "examples"
GUIDE = ROOT / "docs" / "browsers.md"
API_URL = "http://localhost:3000"
"""The API in the pages, as `make start` runs it."""
PACKAGES = LOCAL / "npm"
PINS = ("package.json", "package-lock.json")

_SECTION = re.compile(
    r"^\[examples/([\w-]+\.html)\]\(\.\./examples/\1\)(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
_BLOCK = re.compile(r"```(?:js|html)\n(.*?)```", re.DOTALL)


def find_obstacle() -> str | None:
    """Return why the pages cannot run here, or None."""
    if find_browser() is None:
        return "no Chromium is installed"
    if not shutil.which("npm"):
        return "the widgets need npm, which is not installed"
    return None


def list_pages() -> list[str]:
    return sorted(path.name for path in EXAMPLES.glob("*.html"))


def read_guide() -> dict[str, list[str]]:
    """Return the code blocks of the guide, by the page that each is from."""
    sections = _SECTION.findall(GUIDE.read_text(encoding="utf-8"))
    return {name: _BLOCK.findall(section) for name, section in sections}


def provide_packages() -> Path:
    """Install the widgets in their pinned versions, whose files npm compares with the hashes of the pins."""
    stamp = PACKAGES / "stamp"
    pins = hashlib.sha256(b"".join((EXAMPLES / name).read_bytes() for name in PINS)).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        shutil.rmtree(PACKAGES, ignore_errors=True)
        PACKAGES.mkdir(parents=True)
        for name in PINS:
            shutil.copy(EXAMPLES / name, PACKAGES)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=PACKAGES, check=True, capture_output=True, timeout=240)  # noqa: S603 - our own words
        stamp.write_text(pins, encoding="utf-8")
    return PACKAGES


@contextmanager
def run_examples(api_url: str) -> Iterator[str]:
    """Serve the pages, with another API in the place of that of `make start`."""
    packages = provide_packages()

    def read(path: str) -> tuple[str, bytes] | None:
        if path.removeprefix("/") in list_pages():
            page = (EXAMPLES / path.removeprefix("/")).read_text(encoding="utf-8")
            return HTML_TYPE, page.replace(API_URL, api_url).encode()
        file = packages / path.removeprefix("/")
        if not file.is_file() or ".." in path:
            return None
        return mimetypes.guess_type(file)[0] or "application/octet-stream", file.read_bytes()

    with run_site(read) as url:
        yield url
