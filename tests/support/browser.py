"""Chromium, as people use it: a profile that keeps its cache, and the requests that leave it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # it refuses to run as root otherwise, as in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, COMMANDS)), None)


@contextmanager
def run_browser(folder: str, *arguments: str) -> Iterator[BrowserContext]:
    """`folder` keeps the profile, with the cache of its pages."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=find_browser(), args=[*ARGUMENTS, *arguments], headless=True
        )
        try:
            yield context
        finally:
            context.close()
