"""Upload widgets in Chromium, on a page of another origin, with the options that the guide shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.browser import run_browser
from tests.support.client import await_end
from tests.support.examples import find_obstacle, run_examples
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from local.stack import Stack

OBSTACLE = find_obstacle()
USER = "alice"  # of the pages
PHOTO = make_photo(1, width=800, height=600)
TEXT = b"This is no picture."
PATIENCE_MS = 60_000
PUBLIC = {"visibility": "public", "tags": []}
TAGGED = {"visibility": "public", "tags": ["beach", "vacation"]}

pytestmark = pytest.mark.skipif(OBSTACLE is not None, reason=OBSTACLE or "")


def choose(page: Page, selector: str, content: bytes) -> None:
    page.locator(selector).set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": content})


def drive_uppy(page: Page, content: bytes) -> None:
    choose(page, ".uppy-Dashboard-input >> nth=0", content)
    page.locator(".uppy-StatusBar-actionBtn--upload").click()


def drive_dropzone(page: Page, content: bytes) -> None:
    choose(page, ".dz-hidden-input", content)


def drive_filepond(page: Page, content: bytes) -> None:
    choose(page, ".filepond--browser", content)


def drive_input(page: Page, content: bytes) -> None:
    choose(page, "#picture", content)


WIDGETS: dict[str, tuple[Callable[[Page, bytes], None], dict[str, Any]]] = {
    "uppy": (drive_uppy, TAGGED),
    "uppy-s3": (drive_uppy, PUBLIC),
    "dropzone": (drive_dropzone, TAGGED),
    "filepond": (drive_filepond, PUBLIC),
    "fetch": (drive_input, TAGGED),
    "progress": (drive_input, {"visibility": "private", "tags": []}),
}


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[str]:
    with run_examples(stack.api_url) as url:
        yield url


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, headers={"X-User-Id": USER}, timeout=60) as client:
        yield client


@pytest.fixture
def complaints() -> list[str]:
    """Errors in the console of the page, and those that nobody has caught."""
    return []


@pytest.fixture
def page(tmp_path: Path, complaints: list[str]) -> Iterator[Page]:
    with run_browser(str(tmp_path)) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page


def await_status(page: Page, words: str) -> str:
    """Wait until the page says something that begins with these words, and return the last one of it."""
    status = page.locator("#status").filter(has_text=re.compile(f"^{words}"))
    status.wait_for()
    return status.inner_text().split()[-1]


def select_own(complaints: list[str]) -> list[str]:
    """Leave out what Chromium says of every page without an icon, and of every response with an error."""
    return [text for text in complaints if "Failed to load resource" not in text]


@pytest.mark.parametrize("name", WIDGETS)
def test_widget_uploads_from_another_origin(
    site: str, api: httpx.Client, page: Page, complaints: list[str], name: str
) -> None:
    drive, expected = WIDGETS[name]
    page.goto(f"{site}/{name}.html")
    drive(page, PHOTO)
    image = await_end(api, await_status(page, "Uploaded photo.jpg as "), user=USER)
    assert image["status"] == "ready"
    assert (image["filename"], image["size"], image["userId"]) == ("photo.jpg", len(PHOTO), USER)
    assert {field: image[field] for field in expected} == expected
    assert select_own(complaints) == []


@pytest.mark.parametrize("name", sorted(WIDGETS.keys() - {"uppy-s3"}))
def test_widget_shows_why_an_upload_was_refused(
    site: str, page: Page, complaints: list[str], name: str
) -> None:
    drive, _ = WIDGETS[name]
    page.goto(f"{site}/{name}.html")
    drive(page, TEXT)
    await_status(page, "The file is not an image")
    assert [text for text in select_own(complaints) if not text.startswith("[Uppy]")] == []


def test_progress_ends_at_the_whole(site: str, page: Page) -> None:
    page.goto(f"{site}/progress.html")
    assert page.locator("#progress").evaluate("bar => bar.value") == 0
    drive_input(page, PHOTO)
    await_status(page, "Uploaded ")
    assert page.locator("#progress").evaluate("bar => bar.value") == 1


def test_filepond_reverts_what_it_has_uploaded(site: str, api: httpx.Client, page: Page) -> None:
    page.goto(f"{site}/filepond.html")
    drive_filepond(page, PHOTO)
    image_id = await_status(page, "Uploaded photo.jpg as ")
    assert api.get(f"/images/{image_id}").status_code == 200
    page.locator(".filepond--action-revert-item-processing").click()
    await_status(page, "Deleted photo.jpg")
    assert api.get(f"/images/{image_id}").status_code == 404


@pytest.mark.parametrize("is_public", [True, False])
def test_form_ends_on_a_page_whose_link_opens_the_picture(site: str, page: Page, *, is_public: bool) -> None:
    page.goto(f"{site}/form.html")
    choose(page, "[name=file]", PHOTO)
    page.get_by_label("Description").fill("The sea, <at> last")
    page.get_by_label("Everyone may see it").set_checked(is_public)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("heading", name="Your picture is uploaded").wait_for()
    text = page.locator("main").inner_text()
    assert "The sea, <at> last" in text
    assert ("public" in text) == is_public
    url = page.get_by_role("link", name="Open the picture").get_attribute("href")
    page.get_by_role("link", name="Open the picture").click()
    for _ in range(60):
        if page.locator("img").count():
            break
        page.wait_for_timeout(1000)
        page.goto(str(url))
    assert page.locator("img").evaluate("image => image.naturalWidth") == 800


def test_form_that_is_refused_ends_on_a_page_that_says_why(
    site: str, page: Page, complaints: list[str]
) -> None:
    page.goto(f"{site}/form.html")
    choose(page, "[name=file]", TEXT)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("heading", name="This did not work").wait_for()
    assert "The file is not an image" in page.locator("main").inner_text()
    assert select_own(complaints) == []
