"""Many pictures at once on the web page: dropped, selected, tagged, hidden, trashed and deleted."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import add_image, await_state
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import CDPSession, Route

PHOTOS = int(os.environ.get("PAGE_PHOTOS", "30"))
"""More of them take longer. 300 were tried."""
SINGLE_IMAGE = re.compile(r"/images/[0-9a-f-]{36}$")
DROP = """(photos) => {
    const transfer = new DataTransfer();
    for (const [name, bytes] of photos) {
        transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
    }
    for (const type of ["dragover", "drop"]) {
        const event = new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.dispatchEvent(event);
    }
}"""


@pytest.fixture
def page(named: Page) -> Page:
    named.get_by_role("button", name="Mine").click()
    return named


@pytest.fixture
def three(page: Page, api: httpx.Client, user: str) -> Page:
    """The page with three pictures. The newer two are selected, and the newest has a tag."""
    for number in range(3):
        add_image(api, user, f"{number}.jpg", tags="old" if number == 2 else "")
    page.reload()
    page.get_by_role("link", name="Open 2.jpg").press("Space")
    page.get_by_role("link", name="Open 2.jpg").press("Shift+ArrowRight")
    expect(page.get_by_text("2 selected")).to_be_visible()
    return page


def list_images(api: httpx.Client, **query: str) -> list[Any]:
    images: list[Any] = api.get("/images", params={"userId": "me", "limit": 100, **query}).json()["images"]
    return images


def list_tags(api: httpx.Client) -> list[list[str]]:
    return [sorted(image["tags"]) for image in list_images(api, order="asc")]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_tags_are_added_and_the_undo_leaves_what_was_there(three: Page, api: httpx.Client) -> None:
    three.get_by_role("region", name="Selection").get_by_label("Tags").fill("new, OLD")
    press(three, "Add tags")
    expect(three.get_by_text("2 pictures: done.")).to_be_visible()
    assert list_tags(api) == [[], ["OLD", "new"], ["new", "old"]]
    press(three, "Undo")
    expect(three.get_by_text("Undone.")).to_be_visible()
    assert list_tags(api) == [[], [], ["old"]]


def test_pictures_are_published_and_hidden_again(three: Page, api: httpx.Client) -> None:
    press(three, "Show to everyone")
    expect(three.get_by_text("2 pictures: done.")).to_be_visible()
    assert [image["visibility"] for image in list_images(api)] == ["public", "public", "private"]
    press(three, "Undo")
    expect(three.get_by_text("Undone.")).to_be_visible()
    assert {image["visibility"] for image in list_images(api)} == {"private"}


def test_trash_says_how_long_it_keeps_and_gives_back(three: Page, api: httpx.Client) -> None:
    press(three, "Move to trash")
    expect(three.locator(".tile")).to_have_count(1)
    press(three, "Trash")
    expect(three.locator(".tile")).to_have_count(2)
    expect(three.get_by_text("30 days left")).to_have_count(2)
    three.get_by_role("link", name="Open 2.jpg").press("Space")
    press(three, "Restore")
    expect(three.locator(".tile")).to_have_count(1)
    assert [image["filename"] for image in list_images(api)] == ["2.jpg", "0.jpg"]


def test_pictures_are_deleted_for_good_after_a_question(three: Page, api: httpx.Client) -> None:
    press(three, "Move to trash")
    press(three, "Trash")
    expect(three.locator(".tile")).to_have_count(2)
    three.get_by_role("link", name="Open 2.jpg").press("Control+a")
    three.once("dialog", lambda dialog: dialog.accept())
    press(three, "Delete for good")
    expect(three.get_by_text("The trash is empty.")).to_be_visible()
    assert list_images(api, trashed="true") == []
    assert [image["filename"] for image in list_images(api)] == ["0.jpg"]


def test_answers_that_come_after_a_change_of_the_list_leave_the_list_that_is_shown(three: Page) -> None:
    held: list[Route] = []
    three.route(SINGLE_IMAGE, lambda route: held.append(route))  # noqa: PLW0108 - a route wants a function of Python
    press(three, "Show to everyone")
    expect(three.get_by_text("2 pictures: done.")).to_be_visible()
    press(three, "Trash")
    expect(three.get_by_text("The trash is empty.")).to_be_visible()
    for index in range(2):
        while len(held) == index:
            three.wait_for_timeout(20)
        with three.expect_response(SINGLE_IMAGE):
            held[index].continue_()
    three.wait_for_timeout(200)
    expect(three.locator(".tile")).to_have_count(0)


def test_pictures_leave_the_list_without_being_read_again(three: Page) -> None:
    asked: list[str] = []
    three.on("request", lambda request: asked.append(request.url))
    press(three, "Move to trash")
    expect(three.locator(".tile")).to_have_count(1)
    assert not any(SINGLE_IMAGE.search(url) for url in asked)


def test_pictures_return_to_their_places_and_go_where_they_do_not_belong(three: Page) -> None:
    expect(three.get_by_role("link", name="Open ")).to_have_count(3)
    press(three, "Move to trash")
    press(three, "Undo")
    expect(three.get_by_text("Undone.")).to_be_visible()
    expect(three.locator(".tile")).to_have_count(3)
    names = [f"Open {number}.jpg" for number in (2, 1, 0)]
    places = [three.get_by_role("link", name=name).bounding_box() for name in names]
    assert [place["x"] for place in places if place] == sorted(place["x"] for place in places if place)
    three.get_by_role("link", name="Open 2.jpg").press("Space")
    three.get_by_role("button", name="Filter", exact=True).click()
    three.get_by_label("With tags").first.fill("old")
    press(three, "Apply")
    expect(three.locator(".tile")).to_have_count(1)
    three.get_by_role("link", name="Open 2.jpg").press("Space")
    three.get_by_role("region", name="Selection").get_by_label("Tags").fill("old")
    press(three, "Remove tags")
    expect(three.get_by_text("No picture matches this filter.")).to_be_visible()


def test_report_has_each_picture_even_if_the_line_breaks(three: Page, api: httpx.Client) -> None:
    three.route("**/images/batch", lambda route: route.abort())
    press(three, "Hide")
    expect(three.get_by_text("2 pictures: not done.")).to_be_visible()
    expect(three.get_by_text("1.jpg: The connection failed.")).to_be_visible()
    expect(three.get_by_text("2 selected")).to_be_visible()
    three.unroute("**/images/batch")
    press(three, "Move to trash")
    expect(three.get_by_text("2 pictures: done.")).to_be_visible()
    api.delete(f"/images/{list_images(api, trashed='true')[0]['id']}").raise_for_status()
    press(three, "Undo")
    expect(three.get_by_text("1 picture: not done.")).to_be_visible()


def test_all_that_are_loaded_are_selected_with_one_button(three: Page, api: httpx.Client) -> None:
    press(three, "Select all that are loaded")
    expect(three.get_by_text("3 selected")).to_be_visible()
    press(three, "Hide")
    expect(three.get_by_text("3 pictures: done.")).to_be_visible()
    assert len(list_images(api, visibility="private")) == 3


def test_one_that_is_gone_is_reported_and_holds_up_no_other(three: Page, api: httpx.Client) -> None:
    api.delete(f"/images/{list_images(api)[0]['id']}").raise_for_status()
    press(three, "Show to everyone")
    expect(three.get_by_text("1 picture: done.")).to_be_visible()
    expect(three.get_by_text("1 picture: not done.")).to_be_visible()
    expect(three.get_by_text("2.jpg: ")).to_be_visible()
    assert [image["visibility"] for image in list_images(api)] == ["public", "private"]


def test_finger_selects_by_a_long_press_and_goes_on_by_taps(three: Page) -> None:
    press(three, "Clear the selection")
    session = three.context.new_cdp_session(three)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    touch(three, session, "2.jpg", milliseconds=700)
    expect(three.get_by_text("1 selected")).to_be_visible()
    touch(three, session, "0.jpg", milliseconds=50)
    expect(three.get_by_text("2 selected")).to_be_visible()
    expect(three.get_by_role("dialog")).to_have_count(0)
    press(three, "Clear the selection")
    touch(three, session, "0.jpg", milliseconds=50)
    expect(three.get_by_role("dialog", name="0.jpg")).to_be_visible()


def touch(page: Page, session: CDPSession, name: str, milliseconds: int) -> None:
    box = page.get_by_role("link", name=f"Open {name}").bounding_box()
    assert box
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    page.wait_for_timeout(milliseconds)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_photos_dropped_at_once_arrive_once_each_over_a_broken_line(page: Page, api: httpx.Client) -> None:
    photos = [
        (f"{number}.png", make_picture("PNG", width=40 + number % 100, height=20 + number // 100))
        for number in range(PHOTOS)
    ]
    page.evaluate(DROP, [(name, [*content]) for name, content in photos])
    for share in (PHOTOS // 5, PHOTOS // 2):
        expect(page.locator(".upload[data-state=ready]").nth(share)).to_be_attached(timeout=120_000)
        page.context.set_offline(True)
        page.wait_for_timeout(1500)
        page.context.set_offline(False)
    await_state(page, "ready", PHOTOS, seconds=200)
    images: list[Any] = []
    query: dict[str, Any] = {"userId": "me", "limit": 100}
    while not images or query["cursor"]:
        listed = api.get("/images", params=query).json()
        images += listed["images"]
        query["cursor"] = listed["nextCursor"]
    assert sorted((image["filename"], image["size"]) for image in images) == sorted(
        (name, len(content)) for name, content in photos
    )
