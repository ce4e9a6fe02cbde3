"""The documentation in Chromium: people upload and look at pictures with "Try it out"."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from operations.tokens import make_token
from shared.renditions import RenditionName
from tests.support.browser import find_browser, run_browser
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from local.stack import Stack

PHOTO = make_photo(1, width=800, height=600)
USER = "Jürgen Müller"
MAX_WIRE_BYTES = 600_000
PATIENCE_MS = 30_000

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")


@pytest.fixture(params=["open", "jwt"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """The documentation of a stack, for a user who has given their name or their token."""
    is_open = request.param == "open"
    stack: Stack = request.getfixturevalue("stack" if is_open else "jwt_stack")
    with run_browser(str(tmp_path)) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{stack.api_url}/docs")
        page.wait_for_selector(".opblock")
        if not is_open:
            authorize(page, make_token(stack.client, stack.outputs, "dora"))
        yield page


def authorize(page: Page, token: str) -> None:
    page.locator(".scheme-container .authorize").click()
    dialog = page.locator(".dialog-ux")
    dialog.locator("input").fill(token)
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").click()


def open_operation(page: Page, name: str) -> Locator:
    """Unfold an operation to try it out, as its caller."""
    operation = page.locator(f"#operations-images-{name}")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    user = operation.get_by_placeholder("X-User-Id")
    if user.count():
        user.fill(USER)
    return operation


def execute(operation: Locator) -> Any:  # noqa: ANN401 - JSON
    """Send the request, and return what the service has responded."""
    page = operation.page
    with page.expect_response(lambda response: response.request.method != "OPTIONS") as caught:
        operation.get_by_role("button", name="Execute").click()
    operation.locator(".live-responses-table tbody .response-col_status").first.wait_for()
    return caught.value


def upload(page: Page) -> Any:  # noqa: ANN401 - JSON
    operation = open_operation(page, "uploadImage")
    operation.locator("input[type=file]").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": PHOTO}
    )
    response = execute(operation)
    assert response.status == 201, response.text()
    return response.json()


def test_form_uploads_a_file_at_the_first_try(page: Page) -> None:
    image = upload(page)
    found = {name: image[name] for name in ("filename", "description", "visibility", "tags", "size")}
    assert found == {
        "filename": "photo.jpg",
        "description": None,
        "visibility": "private",
        "tags": [],
        "size": len(PHOTO),
    }


def test_form_is_filled_with_nothing(page: Page) -> None:
    operation = open_operation(page, "uploadImage")
    fields = operation.locator(".opblock-section-request-body table").locator(
        "input:not([type=file], [type=checkbox]), select, textarea"
    )
    assert fields.count() >= 3
    assert {field.input_value() for field in fields.all()} == {""}
    assert operation.get_by_placeholder("Idempotency-Key").input_value() == ""


def test_query_is_filled_with_nothing(page: Page) -> None:
    operation = open_operation(page, "listImages")
    response = execute(operation)
    assert (response.status, response.url.partition("?")[2]) == (200, "")


def test_json_is_filled_with_an_example_that_works(page: Page) -> None:
    operation = open_operation(page, "uploadImageAsJson")
    response = execute(operation)
    assert (response.status, response.json()["filename"]) == (201, "dot.png")


def test_rendition_is_shown_as_a_picture(page: Page) -> None:
    image = upload(page)
    operation = open_operation(page, "getRendition")
    operation.get_by_placeholder("image_id").fill(image["id"])
    operation.locator("tr[data-param-name=rendition] select").select_option("small")
    while execute(operation).status == 404:
        time.sleep(0.3)
    picture = operation.locator(".live-responses-table img")
    picture.wait_for()
    width = picture.evaluate("async picture => { await picture.decode(); return picture.naturalWidth; }")
    assert width == RenditionName.SMALL.width


def test_page_has_the_title_and_the_icon_of_the_service(page: Page) -> None:
    assert page.title() == "Image upload service"
    assert page.locator(".info .title").inner_text().startswith("Image upload service")
    width = page.locator("link[rel=icon]").evaluate(
        """async link => {
          const icon = new Image();
          icon.src = link.href;
          await icon.decode();
          return icon.width;
        }"""
    )
    assert width > 0


def test_page_has_at_most_600_kilobytes_on_the_wire(stack: Stack, tmp_path: Path) -> None:
    with run_browser(str(tmp_path)) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        received: list[float] = []
        session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        session.send("Network.enable")
        page.goto(f"{stack.api_url}/docs")
        page.wait_for_selector(".opblock")
        page.wait_for_load_state("networkidle")
    assert len(received) >= 5
    assert 100_000 < sum(received) <= MAX_WIRE_BYTES
