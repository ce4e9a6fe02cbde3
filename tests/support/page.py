"""The web page as a person uses it: steps that several tests take."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from playwright.sync_api import expect

from tests.support.browser import run_browser
from tests.support.client import await_end
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from playwright.sync_api import Dialog, FilePayload, Page, Request

    from local.stack import Stack

PATIENCE_MS = 30_000


@dataclass(frozen=True)
class Person:
    """A user of the pool with a password."""

    name: str
    password: str


@contextmanager
def run_page(url: str, folder: str) -> Iterator[Page]:
    """Open the page. In the end nothing may be in its console that it said itself."""
    complaints: list[str] = []
    with run_browser(folder) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto(url)
        yield page
    assert [text for text in complaints if "Failed to load resource" not in text] == []


def say_name(page: Page, name: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("button", name="Go on").click()
    page.get_by_text(name).wait_for()


def sign_in(page: Page, person: Person) -> None:
    """Sign in on the page that the emulated Cognito serves."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.wait_for_load_state("networkidle")


def watch_token_requests(page: Page, stack: Stack) -> list[str]:
    """Return a list that gets the kind of each request for tokens."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url == f"{stack.aws_url}/oauth2/token":
            asked.extend(parse_qs(request.post_data or "")["grant_type"])

    page.on("request", note)
    return asked


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_role("button", name="Upload", exact=True).click()
    page.locator("upload-panel input[type=file]").first.set_input_files([*files])


def make_file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def await_state(page: Page, state: str, count: int = 1, *, seconds: int = 30) -> None:
    uploads = page.locator(f".upload[data-state={state}]")
    expect(uploads).to_have_count(count, timeout=1000 * seconds)


def add_image(api: httpx.Client, user: str, name: str = "photo.jpg", **fields: object) -> str:
    response = api.post("/images/upload", files={"file": (name, make_photo(1), "image/jpeg")}, data=fields)
    image_id: str = response.json()["id"]
    await_end(api, image_id, user=user)
    return image_id


def asks_before_it_closes(page: Page) -> bool:
    """Close the page as a person does, and stay if it asks."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    return asked == ["beforeunload"]
