"""Takes the picture of the web page that the README shows. Every photo in it is made by the code.

PYTHONPATH=src:. python -m tests.support.page_picture
"""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import expect

from local.layout import ROOT
from local.loopback import find_free_port
from local.stack import run_stack
from tests.support.browser import run_browser
from tests.support.client import await_end
from tests.support.scenery import make_scene

TARGET = ROOT / "docs" / "page.webp"
USER = "ann"
SCENES = (27, 4, 11, 23, 1, 16, 2, 9, 21, 19, 12, 25, 8, 15, 6, 3, 10, 0, 13, 5, 20, 7, 14, 22)
WIDTH_PX, HEIGHT_PX = 1280, 760
SHOWN = 12
QUALITY = 80


def upload_scenes(url: str) -> None:
    with httpx.Client(base_url=url, headers={"X-User-Id": USER}, timeout=60) as api:
        for number in SCENES:
            files = {"file": (f"scene {number}.jpg", make_scene(number), "image/jpeg")}
            response = api.post("/images/upload", files=files, data={"visibility": "public"})
            await_end(api, response.raise_for_status().json()["id"], user=USER)


def take_picture(url: str, folder: str) -> bytes:
    """Return a PNG of the gallery, with two pictures selected."""
    with run_browser(folder) as context:
        page = context.new_page()
        page.set_viewport_size({"width": WIDTH_PX, "height": HEIGHT_PX})
        page.add_init_script(f"localStorage.setItem('userName', '{USER}')")
        page.goto(url)
        expect(page.locator(".tile img.loaded").nth(SHOWN)).to_be_attached()
        page.wait_for_load_state("networkidle")
        for number in (1, 4):
            page.locator(".choice input").nth(number).check(force=True)
        page.mouse.move(0, HEIGHT_PX - 1)
        page.wait_for_timeout(500)  # pictures fade in
        return page.screenshot()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with run_stack(find_free_port(), find_free_port(), Path(folder) / "state", quiet=True) as stack:
            upload_scenes(stack.api_url)
            png = take_picture(stack.api_url, f"{folder}/browser")
        Image.open(BytesIO(png)).save(TARGET, quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
