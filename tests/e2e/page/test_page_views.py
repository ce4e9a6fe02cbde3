"""The web page in other directions of text, and what it shows while something takes long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.page import make_file
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from playwright.sync_api import Route


SWIPE_PX = 150


@pytest.fixture
def page(gallery: Page) -> Page:
    return gallery


def find_left(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box
    return box["x"]


def find_link(page: Page, number: int) -> Locator:
    return page.get_by_role("link", name=f"Open {number}.jpg")


def find_dialog(page: Page, number: int) -> Locator:
    return page.get_by_role("dialog", name=f"{number}.jpg")


def swipe(page: Page, distance: int) -> None:
    page.mouse.move(600, 400)
    page.mouse.down()
    page.mouse.move(600 + distance, 400)
    page.mouse.up()


@pytest.mark.parametrize(("direction", "along"), [("ltr", 1), ("rtl", -1)])
def test_first_picture_keys_and_swipes_follow_the_direction_of_text(
    page: Page, direction: str, along: int
) -> None:
    page.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
    forwards, backwards = ("ArrowRight", "ArrowLeft")[::along]
    assert (find_left(find_link(page, 0)) - find_left(find_link(page, 1))) * along > 0
    find_link(page, 1).press(forwards)
    expect(find_link(page, 0)).to_be_focused()
    find_link(page, 0).press(backwards)
    expect(find_link(page, 1)).to_be_focused()
    find_link(page, 1).press("Enter")
    expect(find_dialog(page, 1)).to_be_visible()
    page.keyboard.press(forwards)
    expect(find_dialog(page, 0)).to_be_visible()
    page.keyboard.press(backwards)
    expect(find_dialog(page, 1)).to_be_visible()
    swipe(page, -SWIPE_PX * along)
    expect(find_dialog(page, 0)).to_be_visible()
    swipe(page, SWIPE_PX * along)
    expect(find_dialog(page, 1)).to_be_visible()
    previous, following = (
        page.get_by_role("button", name=f"{name} picture") for name in ("Previous", "Next")
    )
    assert (find_left(following) - find_left(previous)) * along > 0
    page.get_by_role("button", name="Details").click()
    facts = page.get_by_role("complementary", name="Details")
    assert (find_left(facts) - find_left(page.get_by_role("dialog").locator("img"))) * along > 0
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_replacing_shows_how_far_it_is_and_can_be_cancelled(page: Page) -> None:
    held: list[Route] = []
    page.route("**/images/*/content", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    find_link(page, 1).click()
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("button", name="Replace")).to_be_visible()
    chooser = page.locator("light-box input[type=file]")
    chooser.set_input_files([make_file("new.jpg", make_picture(width=777))])
    expect(page.get_by_role("progressbar", name="new.jpg")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled")).to_be_visible()
    held[0].abort()  # otherwise it goes on when nothing holds it any more
    page.unroute("**/images/*/content")
    chooser.set_input_files([make_file("newer.jpg", make_picture(width=778))])
    expect(page.get_by_text("Replaced.")).to_be_visible()
    expect(page.get_by_text("778 × ")).to_be_visible()  # noqa: RUF001 - the sign between sides


def test_light_box_shows_the_picture_before_its_details_have_come(page: Page) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/images/[0-9a-f-]{36}$"), lambda route: held.append(route))  # noqa: PLW0108 - as above
    find_link(page, 1).click()
    page.get_by_role("button", name="Details").click()
    expect(find_dialog(page, 1).get_by_role("img", name="1.jpg")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
