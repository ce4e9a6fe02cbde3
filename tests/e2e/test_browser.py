"""Pages in Chromium: the documentation, and the pictures that galleries ask for when people come again."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.browser import find_browser, run_browser
from tests.support.client import await_end, upload_json
from tests.support.gallery import LOADED, run_gallery
from tests.support.pictures import make_picture
from tests.support.shared_cache import is_available, run_shared_cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from local.stack import Stack
    from tests.support.shared_cache import SharedCache

PICTURES = 50
A_WHILE_SECONDS = 70

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")


class Visits:
    """Views of a gallery. The proxy between the browser and the API counts the requests."""

    def __init__(self, page: Page, proxy: SharedCache, gallery: str) -> None:
        self._page = page
        self._proxy = proxy
        self._gallery = gallery

    def view(self, *, is_reload: bool = False) -> int:
        """Show the gallery, and return how many pictures the browser has asked for."""
        before = self._proxy.count_requests("/content/")
        if is_reload:
            self._page.reload()
        else:
            self._page.goto(self._gallery)
        self._page.wait_for_function(LOADED, timeout=60_000)
        return self._proxy.count_requests("/content/") - before


@pytest.fixture(scope="module")
def proxy(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedCache]:
    with run_shared_cache(stack.api_url, tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


def test_documentation_works_under_its_own_policy(stack: Stack, tmp_path: Path) -> None:
    complaints: list[str] = []
    with run_browser(str(tmp_path)) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        response = page.goto(f"{stack.api_url}/docs")
        assert response
        assert "unsafe" not in response.headers["content-security-policy"].partition("style-src")[0]
        page.wait_for_selector(".opblock", timeout=30_000)
        page.get_by_text("/health").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        status = page.locator(".live-responses-table tbody .response-col_status")
        status.wait_for(timeout=30_000)
        assert status.inner_text().startswith("200")
    assert [text for text in complaints if "/favicon.ico" not in text] == []


class Gallery:
    """The pictures of a user, and a page with them. The page begins with the address of the proxy."""

    def __init__(self, api: httpx.Client, proxy: SharedCache, visibility: str) -> None:
        self._api = api
        self._proxy = proxy
        self._user = f"gallery-{visibility}"
        self._listings: list[set[str]] = []
        ids = [
            upload_json(api, make_picture(), user=self._user, visibility=visibility)["id"]
            for _ in range(PICTURES)
        ]
        for image_id in ids:
            await_end(api, image_id, user=self._user)

    def list_urls(self) -> list[str]:
        query = {"userId": self._user, "limit": str(PICTURES)}
        response = self._api.get("/images", params=query, headers={"X-User-Id": self._user})
        images: list[Any] = response.json()["images"]
        urls = [urlsplit(image["renditions"]["thumbnail"]["url"]) for image in images]
        self._listings.append({f"{self._proxy.url}{url.path}?{url.query}" for url in urls})
        return sorted(self._listings[-1])

    def count_changed(self) -> int:
        """Return how many URLs the last page has that the one before had not."""
        return len(self._listings[-1] - self._listings[-2])


@pytest.mark.skipif(not is_available(), reason="nginx is not installed")
def test_browser_asks_for_no_picture_again_whose_url_is_the_same(
    stack: Stack, proxy: SharedCache, tmp_path: Path
) -> None:
    with ExitStack() as exits:
        api = exits.enter_context(httpx.Client(base_url=stack.api_url, timeout=60))
        galleries = [Gallery(api, proxy, visibility) for visibility in ("public", "private")]
        page = exits.enter_context(run_browser(str(tmp_path))).new_page()
        addresses = [exits.enter_context(run_gallery(gallery.list_urls)) for gallery in galleries]
        visited = [
            (gallery, Visits(page, proxy, url)) for gallery, url in zip(galleries, addresses, strict=True)
        ]
        for gallery, visits in visited:
            assert visits.view() == PICTURES
            assert visits.view() == gallery.count_changed()
        time.sleep(A_WHILE_SECONDS)
        for gallery, visits in visited:
            assert visits.view() == gallery.count_changed()
            assert visits.view(is_reload=True) == gallery.count_changed()
