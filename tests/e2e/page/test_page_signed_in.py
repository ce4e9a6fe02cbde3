"""The web page for people with tokens: all that they do with their pictures, and all that others may not."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from operations.tokens import make_token
from tests.support.client import await_end
from tests.support.page import await_state, choose, make_file, sign_in, watch_token_requests
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

    from local.stack import Stack
    from tests.support.page import Person

LARGE_BYTES = 6_000_000
FILES = 8
RENEWED_BEFORE_SECONDS = 60
OF_OWNERS = re.compile(
    "Upload|Mine|Trash|Select|Save|Delete|trash|Revoke|Make a link|Replace|Download|Sign out|tags$"
)
"""Buttons of those who are signed in."""
DROP = """async (bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(bytes)], "dropped.png", { type: "image/png" }));
    for (const type of ["dragover", "drop", "paste"]) {
        const options = { dataTransfer: transfer, clipboardData: transfer, bubbles: true, cancelable: true };
        const Kind = type === "paste" ? ClipboardEvent : DragEvent;
        document.dispatchEvent(new Kind(type, options));
    }
}"""


@pytest.fixture
def api(signed_in: Page, jwt_stack: Stack) -> Iterator[httpx.Client]:
    """The API with the token that the page has."""
    with signed_in.expect_request(re.compile(r"/images\?")) as asked:
        press(signed_in, "Mine")
    headers = {"Authorization": asked.value.headers["authorization"]}
    with httpx.Client(base_url=jwt_stack.api_url, headers=headers, timeout=60) as client:
        yield client


def list_images(api: httpx.Client, **query: str) -> list[Any]:
    images: list[Any] = api.get("/images", params={"userId": "me", **query}).json()["images"]
    return images


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def shorten_tokens(page: Page, stack: Stack, seconds: int) -> None:
    """Make every token one that the page has to renew after so many seconds."""

    def answer(route: Route) -> None:
        response = route.fetch()
        ends_in = {"expires_in": RENEWED_BEFORE_SECONDS + seconds}
        route.fulfill(response=response, json=response.json() | ends_in)

    page.route(f"{stack.aws_url}/oauth2/token", answer)


def test_pictures_of_any_size_are_uploaded_shown_and_downloaded(signed_in: Page, api: httpx.Client) -> None:
    large = make_photo(2) + b"\0" * LARGE_BYTES
    choose(signed_in, make_file("small.jpg", make_photo(1)), make_file("large.jpg", large))
    await_state(signed_in, "ready", 2)
    assert {image["filename"]: image["size"] for image in list_images(api)} == {
        "small.jpg": len(make_photo(1)),
        "large.jpg": len(large),
    }
    expect(signed_in.locator(".tile img.loaded")).to_have_count(2)
    signed_in.get_by_role("link", name="Open large.jpg").press("Enter")
    press(signed_in, "Details")
    with signed_in.expect_download() as download:
        press(signed_in, "Download")
    assert download.value.path().read_bytes() == large


def test_picture_is_described_published_and_put_into_the_trash(signed_in: Page, api: httpx.Client) -> None:
    choose(signed_in, make_file("a.jpg", make_photo(1)))
    await_state(signed_in, "ready")
    signed_in.get_by_role("link", name="Open a.jpg").press("Enter")
    press(signed_in, "Details")
    signed_in.get_by_label("Description").fill("The harbour")
    press(signed_in, "Save")
    expect(signed_in.get_by_text("Saved.")).to_be_visible()
    assert [image["description"] for image in list_images(api)] == ["The harbour"]
    signed_in.get_by_role("dialog").get_by_role("button", name="Move to trash").click()
    expect(signed_in.get_by_text("There are no pictures here yet.")).to_be_visible()
    assert len(list_images(api, trashed="true")) == 1
    press(signed_in, "Trash")
    signed_in.get_by_role("link", name="Open The harbour").press("Space")
    press(signed_in, "Restore")
    expect(signed_in.get_by_text("The trash is empty.")).to_be_visible()
    assert len(list_images(api)) == 1


def test_many_are_tagged_at_once(signed_in: Page, api: httpx.Client) -> None:
    choose(signed_in, *(make_file(f"{number}.jpg", make_picture(width=50 + number)) for number in range(3)))
    await_state(signed_in, "ready", 3)
    signed_in.get_by_role("link", name="Open 2.jpg").press("Control+a")
    signed_in.get_by_role("region", name="Selection").get_by_label("Tags").fill("sea")
    press(signed_in, "Add tags")
    expect(signed_in.get_by_text("3 pictures: done.")).to_be_visible()
    assert [image["tags"] for image in list_images(api)] == [["sea"]] * 3


def test_who_may_only_look_gets_no_button_and_sends_nothing(jwt_page: Page, jwt_stack: Stack) -> None:
    tag = f"t{uuid.uuid4().hex}"
    token = make_token(jwt_stack.client, jwt_stack.outputs, "bob")
    with httpx.Client(base_url=jwt_stack.api_url, headers={"Authorization": f"Bearer {token}"}) as bob:
        fields = {"visibility": "public", "tags": tag}
        files = {"file": ("a.png", make_picture())}
        await_end(bob, bob.post("/images/upload", files=files, data=fields).json()["id"])
    sent: list[str] = []
    jwt_page.on("request", lambda request: sent.append(request.method))
    jwt_page.goto(f"{jwt_stack.api_url}/#tag={tag}")
    jwt_page.reload()
    picture = jwt_page.get_by_role("link", name="Open a.png")
    picture.press("Space")
    picture.press("Control+a")
    jwt_page.evaluate(DROP, [*make_picture("PNG")])
    expect(jwt_page.get_by_role("button", name=OF_OWNERS)).to_have_count(0)
    expect(jwt_page.locator(".upload")).to_have_count(0)
    picture.press("Enter")
    press(jwt_page, "Details")
    expect(jwt_page.get_by_role("button", name="Close")).to_be_visible()
    expect(jwt_page.get_by_role("button", name=OF_OWNERS)).to_have_count(0)
    expect(jwt_page.get_by_role("textbox", name="Description")).to_have_count(0)
    jwt_page.keyboard.press("Delete")
    assert {*sent} == {"GET"}


def test_picture_of_somebody_else_has_no_button_that_fails(signed_in: Page, jwt_stack: Stack) -> None:
    token = make_token(jwt_stack.client, jwt_stack.outputs, "bob")
    with httpx.Client(base_url=jwt_stack.api_url, headers={"Authorization": f"Bearer {token}"}) as bob:
        files = {"file": ("bob.png", make_picture())}
        image = bob.post("/images/upload", files=files, data={"visibility": "public"}).json()
        await_end(bob, image["id"])
    signed_in.goto(f"{jwt_stack.api_url}/#image={image['id']}")
    press(signed_in, "Details")
    dialog = signed_in.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=OF_OWNERS)).to_have_count(0)
    expect(dialog.get_by_role("textbox", name="Description")).to_have_count(0)


def test_tokens_are_renewed_in_the_middle_of_an_upload(
    jwt_page: Page, jwt_stack: Stack, person: Person
) -> None:
    shorten_tokens(jwt_page, jwt_stack, 1)
    asked = watch_token_requests(jwt_page, jwt_stack)
    tokens: list[str] = []

    def send_slowly(route: Route) -> None:
        tokens.append(route.request.headers["authorization"])
        jwt_page.wait_for_timeout(700)
        route.continue_()

    sign_in(jwt_page, person)
    jwt_page.route("**/images/upload*", send_slowly)
    contents = [make_picture(width=60 + number) for number in range(FILES)]
    large = make_photo(3) + b"\0" * LARGE_BYTES
    files = [make_file(f"{number}.jpg", content) for number, content in enumerate([*contents, large])]
    choose(jwt_page, *files)
    await_state(jwt_page, "ready", len(files), seconds=60)
    assert asked.count("refresh_token") >= 2
    assert len({*tokens}) >= 2
    with httpx.Client(base_url=jwt_stack.api_url, headers={"Authorization": tokens[-1]}) as api:
        assert sorted(image["size"] for image in list_images(api)) == sorted(map(len, [*contents, large]))


def test_upload_ends_with_a_word_if_the_session_does(
    jwt_page: Page, jwt_stack: Stack, person: Person
) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=400, json={"error": "invalid_grant"})

    shorten_tokens(jwt_page, jwt_stack, 0)
    sign_in(jwt_page, person)
    jwt_page.get_by_role("button", name="Upload", exact=True).click()
    jwt_page.route(f"{jwt_stack.aws_url}/oauth2/token", refuse)
    jwt_page.locator("upload-panel input[type=file]").first.set_input_files(
        [make_file("a.jpg", make_photo(1))]
    )
    expect(jwt_page.get_by_text("your session has ended")).to_be_visible()


def test_session_that_ends_loses_no_file_and_no_edit(
    jwt_page: Page, jwt_stack: Stack, person: Person
) -> None:
    """Signing in again happens in a window of its own, and the page goes on."""

    def refuse(route: Route) -> None:
        route.fulfill(status=400, json={"error": "invalid_grant"})

    sign_in(jwt_page, person)
    choose(jwt_page, make_file("a.jpg", make_photo(1)))
    await_state(jwt_page, "ready")
    shorten_tokens(jwt_page, jwt_stack, 0)
    jwt_page.reload()
    sign_in(jwt_page, person)
    press(jwt_page, "Mine")
    jwt_page.get_by_role("link", name="Open a.jpg").press("Enter")
    press(jwt_page, "Details")
    jwt_page.get_by_label("Description").fill("The harbour")
    jwt_page.unroute(f"{jwt_stack.aws_url}/oauth2/token")
    jwt_page.route(f"{jwt_stack.aws_url}/oauth2/token", refuse)
    press(jwt_page, "Save")
    dialog = jwt_page.get_by_role("dialog")
    expect(dialog.get_by_text("your session has ended")).to_be_visible()
    jwt_page.unroute(f"{jwt_stack.aws_url}/oauth2/token")
    with jwt_page.expect_popup() as opened:
        dialog.get_by_role("status").get_by_role("button", name="Sign in").click()
    beside = opened.value
    beside.get_by_label("Username").fill(person.name)
    beside.get_by_label("Password").fill(person.password)
    with beside.expect_event("close"):
        beside.get_by_role("button", name="Sign in").click()
    expect(jwt_page.get_by_label("Description")).to_have_value("The harbour")
    press(jwt_page, "Save")
    expect(jwt_page.get_by_text("Saved.")).to_be_visible()
