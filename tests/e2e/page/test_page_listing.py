"""The gallery of the web page with more images than a browser can hold at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.browser import run_browser
from tests.support.listing import LongListing

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import CDPSession, Page

    from local.stack import Stack

COUNT = 20_000
PAGE_SIZE = 100
MAX_TILES = 150
MAX_GROWTH_BYTES = 8_000_000
SCROLL_TO_END = "window.scrollTo(0, document.body.scrollHeight)"


def measure_heap_bytes(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "JSHeapUsedSize")


def scroll_until(page: Page, listing: LongListing, pages: int) -> None:
    for _ in range(20 * pages):
        if len(listing.requests) >= pages:
            return
        page.evaluate(SCROLL_TO_END)
        page.wait_for_timeout(20)
    raise AssertionError(f"{len(listing.requests)} pages were read")


def test_twenty_thousand_pictures_scroll_without_growing(stack: Stack, tmp_path: Path) -> None:
    listing = LongListing(COUNT)
    with run_browser(str(tmp_path)) as context:
        page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": 800})
        listing.serve(page)
        page.goto(stack.api_url)
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        scroll_until(page, listing, 2_000 // PAGE_SIZE)
        before = measure_heap_bytes(session)
        scroll_until(page, listing, COUNT // PAGE_SIZE)
        assert len(set(listing.requests)) == len(listing.requests) == COUNT // PAGE_SIZE
        assert page.locator(".tile").count() < MAX_TILES
        assert measure_heap_bytes(session) - before < MAX_GROWTH_BYTES
        page.evaluate(SCROLL_TO_END)
        expect(page.get_by_role("link", name=f"Open Picture {COUNT - 1}.")).to_be_visible()
        # The pages in the middle were forgotten, and one is read again.
        with page.expect_request("**/images?**"):
            page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
        expect(page.locator(".tile a").first).to_be_visible()
        assert COUNT // PAGE_SIZE < len(listing.requests) <= COUNT // PAGE_SIZE + 4
