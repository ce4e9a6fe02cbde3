"""Compares the web page on a slow line with a plain page of `<img>`, and counts what scrolling costs.

PYTHONPATH=src:. python benchmarks/page.py [--rounds 5] [--http1]

The script runs a stack of its own on free ports and uploads 50 public pictures. Chromium opens the web page
and two plain pages in turns, with an empty cache, on a line of 1.6 Mbit/s with 150 ms of latency.
nginx is in front of the API and speaks HTTP/2, as API Gateway does. It serves the plain pages too.
A plain page shows the same pictures in the same boxes. One has them all as they are, the other with
`loading="lazy"`. A picture counts as visible if it is in the window and has been loaded.

The next visit to the web page is one whose browser has kept everything but the pictures.

Then it scrolls through 20 000 pictures, whose listing the script answers itself, without a slow line.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from playwright.sync_api import expect

from benchmarks.front import run_front
from local.loopback import find_free_port
from local.stack import run_stack
from tests.support.browser import run_browser
from tests.support.client import await_end
from tests.support.listing import LongListing
from tests.support.scenery import make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from playwright.sync_api import BrowserContext, CDPSession, Page

PICTURES = 50
UPLOADS_AT_A_TIME = 2
LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 100_000}
"""In milliseconds and bytes a second, as the protocol of Chromium's tools has it."""
WINDOWS = {"desktop": (1280, 800), "phone": (360, 740)}
QUIET_MS = 2_000
PATIENCE_MS = 60_000
LONG_LISTING = 20_000
SCROLLS = 200
PAUSE_MS = 30
USER = "ann"
NEXT_VISIT = "web page, next visit"
PLAIN = {"plain page": "eager", "plain, lazy": "lazy"}
"""Each plain page, and how its pictures are loaded."""

WATCH = """
window.loaded = new Map();
document.addEventListener("load", (event) => {
  if (event.target.tagName === "IMG") loaded.set(event.target, performance.now());
}, { capture: true });
"""
LIST_VISIBLE = """() => [...document.images].filter((image) => {
  const { top, bottom, width } = image.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < innerHeight;
}).map((image) => loaded.get(image) ?? null)"""
LIST_BOXES = """() => [...document.querySelectorAll(".tile img")].map((image) => {
  const { left, top, width, height } = image.getBoundingClientRect();
  return { left, top, width, height, srcset: image.srcset, sizes: image.sizes };
})"""
SCROLL_TO_END = "window.scrollTo(0, document.body.scrollHeight)"
SCROLL_ON = "window.scrollBy(0, window.innerHeight)"


class Figures(NamedTuple):
    """A view of a page: milliseconds until the first and the last visible picture was there, and traffic."""

    first: float
    last: float
    kilobytes: float
    requests: float


@contextmanager
def open_page(context: BrowserContext, size: tuple[int, int]) -> Iterator[Page]:
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.set_default_timeout(PATIENCE_MS)
    try:
        yield page
    finally:
        page.close()


def measure(context: BrowserContext, url: str, size: tuple[int, int], *, is_first: bool = True) -> Figures:
    """View a page once, with nothing in the cache, or with all but the pictures."""
    received: list[float] = []
    with open_page(context, size) as page:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.clearBrowserCache")
        if not is_first:
            session.send("Network.setBlockedURLs", {"urls": ["*/content/*"]})
            page.goto(url)
            page.wait_for_load_state("networkidle")
            session.send("Network.setBlockedURLs", {"urls": []})
            received.clear()
        session.send("Network.emulateNetworkConditions", LINE)
        session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        page.add_init_script(WATCH)
        page.goto(url, wait_until="commit")
        times = await_visible(page)
    # Data URLs count as requests without bytes.
    return Figures(min(times), max(times), sum(received) / 1000, sum(map(bool, received)))


def await_visible(page: Page) -> list[float]:
    """Return when each visible picture was there. The page may still load others then."""
    expect(page.locator("img").first).to_be_attached()
    while True:
        times: list[float | None] = page.evaluate(LIST_VISIBLE)
        there = [time for time in times if time is not None]
        if there and len(there) == len(times):
            page.wait_for_timeout(QUIET_MS)
            page.wait_for_load_state("networkidle")
            return there
        page.wait_for_timeout(50)


def write_plain_page(boxes: Sequence[Mapping[str, Any]], loading: str) -> str:
    """Return a page with the pictures of these boxes, and nothing else."""
    images = "".join(
        f'<img loading="{loading}" srcset="{box["srcset"]}" sizes="{box["sizes"]}" style="position: absolute;'
        f' left: {box["left"]}px; top: {box["top"]}px; width: {box["width"]}px; height: {box["height"]}px">'
        for box in boxes
    )
    return f"<!doctype html><title>Pictures</title>{images}"


def list_boxes(context: BrowserContext, url: str, width: int) -> list[dict[str, Any]]:
    """Return where the web page puts the pictures. In a window that is high enough it shows all of them."""
    with open_page(context, (width, 400 * PICTURES)) as page:
        page.goto(url)
        expect(page.locator(".tile img")).to_have_count(PICTURES)
        boxes: list[dict[str, Any]] = page.evaluate(LIST_BOXES)
    return boxes


def compare(context: BrowserContext, url: str, folder: Path, window: str, rounds: int) -> None:
    """Print what the web page takes in one window, and how it compares with the plain ones."""
    size = WINDOWS[window]
    boxes = list_boxes(context, url, size[0])
    pages = {"web page": url}
    for name, loading in PLAIN.items():
        (folder / "plain" / f"{loading}.html").write_text(write_plain_page(boxes, loading), "utf-8")
        pages[name] = f"{url}/plain/{loading}.html"
    views = [
        {NEXT_VISIT: measure(context, url, size, is_first=False)}
        | {name: measure(context, address, size) for name, address in pages.items()}
        for _ in range(rounds)
    ]
    print(f"\n== {window}, {size[0]} x {size[1]}")
    print(f"{'':45}{'first':>10}{'all':>10}{'bytes':>10}{'requests':>10}")
    medians = {
        name: Figures(*(median(column) for column in zip(*(view[name] for view in views), strict=True)))
        for name in views[0]
    }
    for name, figures in medians.items():
        print(
            f"{name:45}{figures.first:7.0f} ms{figures.last:7.0f} ms"
            f"{figures.kilobytes:7.0f} kB{figures.requests:10.0f}"
        )
    for ours, theirs in product((NEXT_VISIT, "web page"), PLAIN):
        ratios = (one / other for one, other in zip(medians[ours], medians[theirs], strict=True))
        print(f"{f'{ours} to {theirs}':45}" + "".join(f"{ratio:10.2f}" for ratio in ratios))


def measure_heap_kilobytes(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) / 1000 for metric in metrics if metric["name"] == "JSHeapUsedSize")


def measure_scrolling(context: BrowserContext, url: str, window: str) -> None:
    """Print the requests for each window of pictures, and the memory before and after many."""
    listing = LongListing(LONG_LISTING)
    with open_page(context, WINDOWS[window]) as page:
        listing.serve(page)
        page.goto(url)
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        expect(page.locator(".tile img.loaded").first).to_be_attached()
        before, asked = measure_heap_kilobytes(session), len(listing.requests)
        for _ in range(SCROLLS):
            page.evaluate(SCROLL_ON)
            page.wait_for_timeout(PAUSE_MS)
        each = (len(listing.requests) - asked) / SCROLLS
        while len(listing.requests) < LONG_LISTING // 100:
            page.evaluate(SCROLL_TO_END)
            page.wait_for_timeout(PAUSE_MS)
        after, tiles = measure_heap_kilobytes(session), page.locator(".tile").count()
    print(f"{window:10}{each:5.2f} listings a window, {tiles} tiles, {before:.0f} kB, then {after:.0f} kB")


def upload_all(url: str) -> None:
    with (
        httpx.Client(base_url=url, headers={"X-User-Id": USER}, timeout=60) as api,
        ThreadPoolExecutor(UPLOADS_AT_A_TIME) as pool,
    ):
        list(pool.map(partial(upload, api), range(PICTURES)))


def upload(api: httpx.Client, number: int) -> None:
    files = {"file": (f"{number}.jpg", make_scene(number), "image/jpeg")}
    response = api.post("/images/upload", files=files, data={"visibility": "public"})
    await_end(api, response.raise_for_status().json()["id"], user=USER)


def main(rounds: int, *, is_http2: bool) -> None:
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        service = stack.enter_context(
            run_stack(find_free_port(), find_free_port(), folder / "state", quiet=True)
        )
        front = stack.enter_context(run_front(service, folder / "front", is_http2=is_http2))
        context = stack.enter_context(run_browser(f"{folder}/browser", front.browser_argument))
        upload_all(service.api_url)
        for window in WINDOWS:
            compare(context, front.url, folder / "front", window, rounds)
        print(f"\n== scrolling through {LONG_LISTING} pictures")
        for window in WINDOWS:
            measure_scrolling(context, front.url, window)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--http1", action="store_true", help="as a browser speaks with `make start`")
    arguments = parser.parse_args()
    main(arguments.rounds, is_http2=not arguments.http1)
