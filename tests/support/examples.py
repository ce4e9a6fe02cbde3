"""The pages in `examples/`: what the docs show of them, their packages, and a site that serves them."""

from __future__ import annotations

import mimetypes
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.layout import ROOT
from tests.support import npm
from tests.support.browser import find_browser
from tests.support.site import HTML_TYPE, run_site

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = ROOT / "examples"
GUIDE = ROOT / "docs" / "browsers.md"
API_URL = "http://localhost:3000"
"""The API in the pages, as `make start` runs it."""

_SECTION = re.compile(
    r"^\[examples/([\w-]+\.html)\]\(\.\./examples/\1\)(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
_BLOCK = re.compile(r"```(?:js|html)\n(.*?)```", re.DOTALL)


def find_obstacle() -> str | None:
    """Return why the pages cannot run here, or None."""
    if find_browser() is None:
        return "no Chromium is installed"
    return npm.find_obstacle()


def list_pages() -> list[str]:
    return sorted(path.name for path in EXAMPLES.glob("*.html"))


def read_guide() -> dict[str, list[str]]:
    """Return the code blocks of the guide, by the page that each is from."""
    sections = _SECTION.findall(GUIDE.read_text(encoding="utf-8"))
    return {name: _BLOCK.findall(section) for name, section in sections}


@contextmanager
def run_examples(api_url: str) -> Iterator[str]:
    """Serve the pages, with another API in the place of that of `make start`."""
    packages = npm.provide_packages(EXAMPLES)

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
