"""The web page keeps what people have begun: files on their way, and the place where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import (
    asks_before_it_closes,
    await_state,
    choose,
    make_file,
    run_page,
)
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from playwright.sync_api import Route

    from local.stack import Stack

DROP_IS_TAKEN = """() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["x"], "x.png", { type: "image/png" }));
    const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
    document.dispatchEvent(event);
    return event.defaultPrevented;
}"""
DROP_UNREADABLE = """() => {
    const makeEntry = (name, file) => ({ name, isFile: true, file });
    const entries = [
        makeEntry("good.txt", (resolve) => resolve(new File(["x"], "good.txt"))),
        makeEntry("bad.jpg", (_, reject) => reject(new DOMException("gone"))),
    ];
    const items = entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
    const event = new Event("drop", { bubbles: true, cancelable: true });
    event.dataTransfer = { types: ["Files"], items };
    document.dispatchEvent(event);
}"""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def page(gallery: Page) -> Page:
    return gallery


def test_close_of_the_light_box_leaves_no_way_back_into_it(page: Page) -> None:
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    expect(page.get_by_role("dialog", name="1.jpg")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("#show=mine$"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("show=mine"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_name_is_taken_only_if_the_person_goes_on(page: Page, user: str) -> None:
    press(page, "Change")
    page.get_by_role("textbox", name="Your name").fill("somebody")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("top-bar .name")).to_have_text(user)


def test_name_that_the_service_does_not_take_is_forgotten(page: Page) -> None:
    press(page, "Change")
    page.get_by_role("textbox", name="Your name").fill("山" * 100)
    press(page, "Go on")
    expect(page.get_by_text("has more than 128 characters or 256 bytes")).to_be_visible()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_files_do_not_end_up_with_another_person(page: Page, api: httpx.Client, user: str) -> None:
    held: list[Route] = []
    page.route("**/images/upload", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    choose(page, *(make_file(f"new-{number}.jpg", make_picture(width=90 + number)) for number in range(5)))
    await_state(page, "uploading", 3)
    press(page, "Change")
    page.get_by_role("textbox", name="Your name").fill(f"{user}-other")
    press(page, "Go on")
    await_state(page, "paused", 5)
    expect(page.get_by_text("Paused: The sign-in has changed meanwhile.")).to_have_count(5)
    assert asks_before_it_closes(page)
    page.unroute("**/images/upload")
    press(page, "Change")
    page.get_by_role("textbox", name="Your name").fill(user)
    press(page, "Go on")
    press(page, "Resume all")
    await_state(page, "ready", 5)
    images = api.get("/images", params={"userId": "me"}).json()["images"]
    assert len(images) == 7
    other = api.get("/images", params={"userId": "me"}, headers={"X-User-Id": f"{user}-other"})
    assert other.json()["images"] == []


def test_file_that_waits_says_why_in_the_words_of_the_service(page: Page) -> None:
    body = '{"detail": "Too many writes in a minute."}'
    page.route("**/images/upload", lambda route: route.fulfill(status=429, body=body))
    choose(page, make_file("new.jpg", make_picture(width=91)))
    await_state(page, "delayed")
    expect(page.get_by_text("Waiting to try again: Too many writes in a minute.")).to_be_visible()
    page.unroute("**/images/upload")
    await_state(page, "ready")


def test_file_that_is_gone_is_not_called_a_broken_line(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "gone.jpg"
    path.write_bytes(make_photo(5))
    held: list[Route] = []
    page.route("**/limits", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    press(page, "Upload")
    page.locator("upload-panel input[type=file]").first.set_input_files([path])
    expect(page.locator(".upload")).to_have_count(1)
    path.unlink()
    page.unroute("**/limits")
    for route in held:
        route.continue_()
    expect(page.get_by_text("Not uploaded: The file cannot be read.")).to_be_visible()


def test_dropped_file_that_cannot_be_read_holds_up_no_other(page: Page) -> None:
    page.evaluate(DROP_UNREADABLE)
    expect(page.get_by_text("bad.jpg: The file cannot be read.")).to_be_visible()
    await_state(page, "refused")


def test_drop_of_a_stranger_does_not_leave_the_page(stack: Stack, tmp_path: Path) -> None:
    with run_page(stack.api_url, str(tmp_path)) as page:
        page.get_by_role("button", name="Sign in").wait_for()
        assert page.evaluate(DROP_IS_TAKEN)
        expect(page.locator(".upload")).to_have_count(0)


def test_message_is_shown_in_front_of_the_light_box(page: Page) -> None:
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    expect(page.get_by_role("dialog", name="1.jpg")).to_be_visible()
    page.context.set_offline(True)
    notice = page.get_by_role("dialog").get_by_text("There is no connection.")
    expect(notice).to_be_visible()
    page.context.set_offline(False)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Connected again.")).to_be_visible()


def test_picture_of_the_light_box_is_asked_for_until_it_comes(page: Page) -> None:
    page.route("**/content/**", lambda route: route.abort())
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    dialog = page.get_by_role("dialog", name="1.jpg")
    expect(dialog.get_by_text("The connection failed.")).to_be_visible()
    page.unroute("**/content/**")
    expect(dialog.locator("img.shown")).to_be_visible()
    expect(dialog.get_by_text("The connection failed.")).to_be_hidden()


def test_light_box_leads_beyond_the_pictures_that_are_loaded(page: Page) -> None:
    def shorten(route: Route) -> None:
        route.continue_(url=route.request.url.replace("limit=100", "limit=1"))

    page.set_viewport_size({"width": 1280, "height": 100})
    page.route("**/images?**", shorten)
    page.goto(f"{page.url.partition('#')[0]}#show=all")
    press(page, "Mine")
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    expect(page.get_by_role("dialog", name="1.jpg")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="0.jpg")).to_be_visible()


def test_picture_appears_in_the_light_box_when_it_is_ready(page: Page) -> None:
    def pretend(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"status": "processing", "renditions": {}})

    single = re.compile(r"/images/[0-9a-f-]{36}$")
    page.route(single, pretend)
    page.goto(page.url)
    page.reload()
    page.route("**/images?**", lambda route: route.continue_())
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    expect(page.get_by_role("dialog").get_by_text("Being prepared")).to_be_visible()
    page.unroute(single)
    expect(page.get_by_role("dialog").get_by_role("img", name="1.jpg")).to_be_visible()


def test_address_with_nonsense_shows_the_pictures(page: Page) -> None:
    page.goto(f"{page.url.partition('#')[0]}#show=mine&after=yesterday&tag=&before=2026-99-99")
    page.reload()
    expect(page.locator(".tile")).to_have_count(2)


def test_summary_counts_the_files_that_a_person_has_to_decide_about(page: Page) -> None:
    files = [make_file(f"new-{number}.jpg", make_picture(width=90 + number)) for number in range(2)]
    choose(page, *files, make_file("text.jpg", b"text"), make_file("again.jpg", make_photo(1)))
    expect(page.get_by_text("2 of 4 uploaded. 2 need your decision.")).to_be_visible()


def test_hidden_file_that_is_chosen_is_uploaded(page: Page) -> None:
    choose(page, make_file(".hidden.jpg", make_picture(width=90)))
    await_state(page, "ready")


def test_light_box_leads_nowhere_from_the_first_and_the_last_picture(page: Page) -> None:
    previous = page.get_by_role("button", name="Previous picture")
    following = page.get_by_role("button", name="Next picture")
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    expect(previous).to_be_disabled()
    expect(following).to_be_enabled()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="0.jpg")).to_be_visible()
    expect(previous).to_be_enabled()
    expect(following).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name="1.jpg")).to_be_visible()
