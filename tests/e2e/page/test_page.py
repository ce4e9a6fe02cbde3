"""The web page in Chromium, as a person uses it: upload, look, find, change and share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support import npm
from tests.support.client import await_value
from tests.support.page import add_image, await_state, choose, make_file, say_name
from tests.support.page_types import PINS
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from local.stack import Stack

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 800)}
LARGE_BYTES = 6_000_000
BROKEN = b"This is a text."


def test_stranger_sees_what_is_public_and_no_button_that_fails(
    page: Page, api: httpx.Client, user: str
) -> None:
    name = f"{user}.jpg"
    add_image(api, user, name, visibility="public")
    listings: list[str] = []
    page.on("request", lambda request: listings.append(request.url) if "/images?" in request.url else None)
    page.reload()
    page.get_by_role("link", name=f"Open {name}").wait_for()
    assert page.get_by_role("button", name="Upload").count() == 0
    assert page.get_by_role("checkbox").count() == 0
    page.wait_for_load_state("networkidle")
    assert len(listings) == 1


def test_tools_that_did_not_come_are_loaded_when_they_are_asked_for(
    page: Page, api: httpx.Client, user: str
) -> None:
    name = f"{user}.jpg"
    add_image(api, user, name, visibility="public")
    page.route("**/workbench.js", lambda route: route.abort())
    page.reload()
    page.get_by_role("link", name=f"Open {name}").wait_for()
    expect(page.get_by_text("The connection failed.")).to_be_visible()
    page.unroute("**/workbench.js")
    page.get_by_role("link", name=f"Open {name}").click()
    expect(page.get_by_role("dialog", name=name)).to_be_visible()


def test_files_are_uploaded_shown_and_refused_with_the_sentence_of_the_api(
    named: Page, api: httpx.Client
) -> None:
    large = make_photo(2) + b"\0" * LARGE_BYTES
    choose(
        named,
        make_file("a.jpg", make_photo(1)),
        make_file("b.jpg", make_picture(width=900)),
        make_file("large.jpg", large),
        make_file("text.jpg", BROKEN),
    )
    await_state(named, "ready", 3)
    await_state(named, "refused")
    problem = api.post("/images/upload", files={"file": ("text.jpg", BROKEN, "image/jpeg")}).json()
    expect(named.locator(".upload[data-state=refused] .state")).to_contain_text(problem["detail"])
    images = api.get("/images", params={"userId": "me"}).json()["images"]
    assert {image["filename"]: image["size"] for image in images} == {
        "a.jpg": len(make_photo(1)),
        "b.jpg": len(make_picture(width=900)),
        "large.jpg": len(large),
    }
    named.get_by_role("button", name="Mine").click()
    expect(named.locator(".tile img.loaded")).to_have_count(3)


def test_same_file_is_not_sent_twice_unless_it_is_wanted(named: Page, api: httpx.Client) -> None:
    choose(named, make_file("a.jpg", make_photo(1)))
    await_state(named, "ready")
    named.locator("upload-panel input[type=file]").first.set_input_files([make_file("b.jpg", make_photo(1))])
    await_state(named, "duplicate")
    assert len(api.get("/images", params={"userId": "me"}).json()["images"]) == 1
    named.get_by_role("button", name="Upload anyway").click()
    await_state(named, "ready", 2)
    assert len(api.get("/images", params={"userId": "me"}).json()["images"]) == 2


def test_uploads_wait_for_the_network_and_arrive_once(named: Page, api: httpx.Client) -> None:
    choose(named, make_file("first.jpg", make_picture(width=300)))
    await_state(named, "ready")
    named.context.set_offline(True)
    files = [make_file(f"{number}.jpg", make_picture(width=301 + number)) for number in range(5)]
    named.locator("upload-panel input[type=file]").first.set_input_files(files)
    expect(named.locator(".upload[data-state=offline]").first).to_be_visible()
    named.context.set_offline(False)
    await_state(named, "ready", 6)
    images = api.get("/images", params={"userId": "me"}).json()["images"]
    assert sorted(image["filename"] for image in images) == sorted(
        ["first.jpg", *(f"{number}.jpg" for number in range(5))]
    )


def test_address_holds_what_is_shown(named: Page, api: httpx.Client, user: str) -> None:
    add_image(api, user, "beach.jpg", tags=["beach", "sea"])
    add_image(api, user, "town.jpg", tags=["town"])
    named.get_by_role("button", name="Mine").click()
    expect(named.locator(".tile")).to_have_count(2)
    named.get_by_role("button", name="Filter", exact=True).click()
    named.get_by_label("With tags").first.fill("Sea, town")
    named.get_by_role("combobox", name="How many of the tags").select_option("any")
    named.get_by_role("button", name="Apply").click()
    expect(named).to_have_url(re.compile(r"#show=mine&tag=Sea&tag=town&match=any$"))
    expect(named.locator(".tile")).to_have_count(2)
    named.get_by_role("combobox", name="How many of the tags").select_option("all")
    named.get_by_role("button", name="Apply").click()
    expect(named.get_by_text("No picture matches this filter.")).to_be_visible()
    named.go_back()
    expect(named.locator(".tile")).to_have_count(2)
    named.reload()
    expect(named.locator(".tile")).to_have_count(2)


def test_listing_that_fails_is_asked_for_again(named: Page, api: httpx.Client, user: str) -> None:
    add_image(api, user, tags=["beach"])
    named.route("**/images?**", lambda route: route.fulfill(status=500, body="{}"))
    named.get_by_role("button", name="Mine").click()
    expect(named.get_by_text("The pictures could not be loaded.")).to_be_visible(timeout=20_000)
    named.unroute("**/images?**")
    named.get_by_role("button", name="Try again").click()
    expect(named.locator(".tile")).to_have_count(1)


@pytest.mark.parametrize(
    ("broken", "few"), [("**/content/**", 6), ("**/images/**", 12)], ids=["pictures", "pictures and images"]
)
def test_pictures_that_did_not_come_are_asked_for_until_they_do(
    named: Page, api: httpx.Client, user: str, broken: str, few: int
) -> None:
    for _ in range(2):
        add_image(api, user)
    tries: list[str] = []
    named.on("requestfailed", lambda request: tries.append(request.url))
    named.route(broken, lambda route: route.abort())
    named.get_by_role("button", name="Mine").click()
    expect(named.locator(".tile")).to_have_count(2)
    await_value(lambda: True if len(tries) > few else named.wait_for_timeout(50))
    named.unroute(broken)
    expect(named.locator(".tile img.loaded")).to_have_count(2)


def test_fields_of_tags_suggest_what_begins_as_it_is_typed(named: Page, api: httpx.Client, user: str) -> None:
    for tags in (["Beach", "birds"], ["beach"]):
        add_image(api, user, tags=tags)
    await_value(lambda: "2" in api.get("/tags?userId=me", headers={"X-User-Id": user}).text or None)
    named.get_by_role("button", name="Filter", exact=True).click()
    field, options = named.get_by_label("With tags").first, named.locator("#known-tags option")
    field.focus()
    expect(options).to_have_count(2)
    assert [option.get_attribute("label") for option in options.all()] == ["beach (2)", "birds (1)"]
    field.fill("sea, BI")
    expect(options).to_have_count(1)
    expect(options).to_have_attribute("value", "sea, birds")


def test_keyboard_moves_selects_opens_and_closes(named: Page, api: httpx.Client, user: str) -> None:
    for number in range(3):
        add_image(api, user, f"{number}.jpg")
    named.get_by_role("button", name="Mine").click()
    named.get_by_role("link", name="Open 2.jpg").focus()
    named.keyboard.press("ArrowRight")
    named.keyboard.press("Space")
    named.keyboard.press("Shift+ArrowRight")
    expect(named.get_by_text("2 selected")).to_be_visible()
    named.keyboard.press("Enter")
    expect(named.get_by_role("dialog", name="0.jpg")).to_be_visible()
    named.keyboard.press("ArrowLeft")
    expect(named.get_by_role("dialog", name="1.jpg")).to_be_visible()
    named.keyboard.press("Escape")
    expect(named.get_by_role("link", name="Open 1.jpg")).to_be_focused()


def test_conflict_is_shown_and_nothing_is_lost(named: Page, api: httpx.Client, user: str) -> None:
    image_id = add_image(api, user)
    named.goto(f"{named.url.partition('#')[0]}#image={image_id}")
    named.get_by_role("button", name="Details").click()
    named.get_by_label("Description").fill("Mine")
    api.patch(f"/images/{image_id}", json={"description": "Theirs", "tags": ["new"]}).raise_for_status()
    named.get_by_role("button", name="Save").click()
    expect(named.get_by_text("It is now: Theirs")).to_be_visible()
    assert named.get_by_label("Description").input_value() == "Mine"
    assert api.get(f"/images/{image_id}").json()["description"] == "Theirs"
    named.get_by_role("button", name="Save mine").click()
    expect(named.get_by_text("Saved.")).to_be_visible()
    image = api.get(f"/images/{image_id}").json()
    assert (image["description"], image["tags"]) == ("Mine", ["new"])


def test_link_works_until_it_is_revoked(named: Page, api: httpx.Client, user: str) -> None:
    image_id = add_image(api, user)
    named.goto(f"{named.url.partition('#')[0]}#image={image_id}")
    named.get_by_role("button", name="Details").click()
    named.get_by_role("button", name="Make a link").click()
    url = named.get_by_role("textbox", name="URL").input_value()
    assert httpx.get(url).headers["Content-Type"] == "image/webp"
    named.get_by_role("button", name="Revoke all links").click()
    expect(named.get_by_text("No link to this picture works any more.")).to_be_visible()
    assert httpx.get(url).status_code == 404


def test_original_is_downloaded_and_replaced(named: Page, api: httpx.Client, user: str) -> None:
    image_id = add_image(api, user)
    named.goto(f"{named.url.partition('#')[0]}#image={image_id}")
    named.get_by_role("button", name="Details").click()
    with named.expect_download() as download:
        named.get_by_role("button", name="Download").click()
    assert download.value.path().read_bytes() == make_photo(1)
    named.locator("light-box input[type=file]").set_input_files(
        [make_file("new.jpg", make_picture(width=777))]
    )
    expect(named.get_by_text("777 × ")).to_be_visible()  # noqa: RUF001 - the sign between sides
    assert api.get(f"/images/{image_id}").json()["revision"] == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_view_is_hard_to_use(named: Page, api: httpx.Client, user: str, size: str, scheme: str) -> None:
    if obstacle := npm.find_obstacle():
        pytest.skip(f"axe needs npm: {obstacle}")
    script = (npm.provide_packages(PINS) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    for number in range(3):
        add_image(api, user, f"{number} {'long name ' * 12}.jpg")
    width, height = SIZES[size]
    named.set_viewport_size({"width": width, "height": height})
    named.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    named.reload()
    named.get_by_role("link", name="Open 1 long").wait_for()
    require_no_violation(named, script)
    choose(named, make_file("text.jpg", BROKEN))
    await_state(named, "refused")
    named.get_by_role("button", name="Filter", exact=True).click()
    named.get_by_role("link", name="Open 1 long").press("Space")
    require_no_violation(named, script)
    named.get_by_role("link", name="Open 1 long").press("Enter")
    named.get_by_role("button", name="Details").click()
    named.get_by_role("button", name="Save").wait_for()
    require_no_violation(named, script)


def require_no_violation(page: Page, script: str) -> None:
    """axe finds nothing, and nobody has to scroll sideways."""
    page.evaluate(script)
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    violations = [
        (violation["id"], [node["target"] for node in violation["nodes"]])
        for violation in found["violations"]
    ]
    assert violations == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_name_may_have_letters_of_any_language(page: Page, stack: Stack) -> None:
    say_name(page, "Zoë 山")
    choose(page, make_file("a.jpg", make_photo(1)))
    await_state(page, "ready")
    headers = {b"X-User-Id": "Zoë 山".encode()}
    images = httpx.get(f"{stack.api_url}/images?userId=me", headers=headers).json()["images"]
    assert [image["userId"] for image in images] == ["Zoë 山"]
