"""Edits on the web page: what is written is saved, told or kept, whatever happens meanwhile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.client import await_end
from tests.support.page import (
    asks_before_it_closes,
    make_file,
)
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Route


@pytest.fixture
def page(gallery: Page) -> Page:
    return gallery


def find_description(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Description")


def open_details(page: Page, number: int) -> None:
    page.get_by_role("link", name=f"Open {number}.jpg").press("Enter")
    page.get_by_role("button", name="Details").click()
    find_description(page).wait_for()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def find_id(page: Page) -> str:
    found = re.search(r"image=([0-9a-f-]{36})", page.url)
    assert found
    return found[1]


def test_edit_that_is_left_is_told_and_is_there_again(page: Page, api: httpx.Client) -> None:
    open_details(page, 1)
    image_id = find_id(page)
    find_description(page).fill("The harbour")
    press(page, "Next picture")
    expect(page.get_by_role("dialog", name="0.jpg")).to_be_visible()
    expect(find_description(page)).to_have_value("")
    expect(page.get_by_text("Your changes of 1.jpg are not saved.")).to_be_visible()
    assert asks_before_it_closes(page)
    press(page, "Show them")
    expect(find_description(page)).to_have_value("The harbour")
    expect(page.get_by_text("This is not saved yet.")).to_be_visible()
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert api.get(f"/images/{image_id}").json()["description"] == "The harbour"
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("are not saved")).to_have_count(0)


def test_message_of_an_edit_goes_when_the_edit_is_there_again(page: Page) -> None:
    open_details(page, 1)
    find_description(page).fill("The harbour")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Your changes of 1.jpg are not saved.")).to_be_visible()
    page.get_by_role("link", name="Open 1.jpg").press("Enter")
    expect(find_description(page)).to_have_value("The harbour")
    expect(page.get_by_text("Your changes of 1.jpg are not saved.")).to_have_count(0)


def test_edit_that_is_left_by_going_back_is_told_too(page: Page) -> None:
    open_details(page, 1)
    find_description(page).fill("The harbour")
    page.go_back()
    press(page, "Show them")
    expect(find_description(page)).to_have_value("The harbour")


def test_changes_of_different_fields_in_two_windows_are_both_kept(page: Page, api: httpx.Client) -> None:
    open_details(page, 1)
    image_id = find_id(page)
    find_description(page).fill("Mine")
    api.patch(f"/images/{image_id}", json={"tags": ["theirs"]}).raise_for_status()
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_label("Tags")).to_have_value("theirs")
    image = api.get(f"/images/{image_id}").json()
    assert (image["description"], image["tags"]) == ("Mine", ["theirs"])


def test_light_box_follows_what_is_saved(page: Page) -> None:
    open_details(page, 1)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Only you can see this picture.")).to_be_visible()
    expect(dialog.get_by_role("heading", name="1.jpg")).to_be_in_viewport(ratio=0.9)
    find_description(page).fill("The harbour")
    dialog.get_by_label("Who may see them").select_option("public")
    press(page, "Save")
    expect(dialog.get_by_role("heading", name="The harbour")).to_be_visible()
    expect(dialog.get_by_role("img", name="The harbour")).to_be_visible()
    expect(dialog.get_by_role("button", name="Markdown")).to_be_visible()
    dialog.get_by_label("Who may see them").select_option("private")
    press(page, "Save")
    expect(dialog.get_by_text("Only you can see this picture.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Markdown")).to_have_count(0)


def test_edit_outlives_a_replacement_of_the_picture(page: Page, api: httpx.Client) -> None:
    open_details(page, 1)
    image_id = find_id(page)
    find_description(page).fill("The harbour")
    page.locator("light-box input[type=file]").set_input_files(
        [make_file("new.jpg", make_picture(width=777))]
    )
    expect(page.get_by_text("Replaced.")).to_be_visible()
    expect(find_description(page)).to_have_value("The harbour")
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()
    image = api.get(f"/images/{image_id}").json()
    assert (image["description"], image["width"]) == ("The harbour", 777)


def test_newer_picture_of_another_window_is_not_replaced_unseen(
    page: Page, api: httpx.Client, user: str
) -> None:
    open_details(page, 1)
    image_id = find_id(page)
    theirs = {"file": ("theirs.jpg", make_picture(width=555))}
    api.put(f"/images/{image_id}/content", files=theirs).raise_for_status()
    await_end(api, image_id, user=user)
    chooser = page.locator("light-box input[type=file]")
    chooser.set_input_files([make_file("mine.jpg", make_picture(width=777))])
    expect(page.get_by_text("Somebody has changed this picture meanwhile.")).to_be_visible()
    chooser.set_input_files([make_file("mine.jpg", make_picture(width=777))])
    expect(page.get_by_text("Replaced.")).to_be_visible()
    assert api.get(f"/images/{image_id}").json()["width"] == 777


def test_replacement_goes_on_when_another_picture_is_looked_at(page: Page) -> None:
    open_details(page, 1)
    held: list[Route] = []
    page.route("**/images/*/content", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    page.locator("light-box input[type=file]").set_input_files(
        [make_file("new.jpg", make_picture(width=777))]
    )
    expect(page.get_by_role("progressbar", name="new.jpg")).to_be_visible()
    press(page, "Next picture")
    expect(page.get_by_role("dialog", name="0.jpg")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert asks_before_it_closes(page)
    held[0].continue_()
    expect(page.get_by_role("dialog").get_by_text("Replaced.")).to_be_visible()
