"""The web page in a browser, and the API beside it, for a user of each test's own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from operations.tokens import make_password
from tests.support.browser import find_browser
from tests.support.page import Person, add_image, run_page, say_name, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from local.stack import Stack


@pytest.fixture(autouse=True, scope="session")
def browser() -> None:
    if find_browser() is None:
        pytest.skip("no Chromium is installed")


@pytest.fixture
def user() -> str:
    return f"zoe-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def api(stack: Stack, user: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, headers={"X-User-Id": user}, timeout=60) as client:
        yield client


@pytest.fixture
def page(stack: Stack, tmp_path: Path) -> Iterator[Page]:
    with run_page(stack.api_url, str(tmp_path)) as page:
        yield page


@pytest.fixture
def named(page: Page, user: str) -> Page:
    """The page of a person who has said who they are."""
    say_name(page, user)
    return page


@pytest.fixture
def gallery(named: Page, api: httpx.Client, user: str) -> Page:
    """The page of a person with two pictures. The newer one is 1.jpg."""
    for number in range(2):
        add_image(api, user, f"{number}.jpg")
    named.get_by_role("button", name="Mine").click()
    named.get_by_role("link", name="Open 0.jpg").wait_for()
    return named


@pytest.fixture
def person(jwt_stack: Stack, user: str) -> Person:
    return Person(user, make_password(jwt_stack.client, jwt_stack.outputs, user))


@pytest.fixture
def jwt_page(jwt_stack: Stack, tmp_path: Path) -> Iterator[Page]:
    """The page of a stack whose people sign in at an issuer."""
    with run_page(jwt_stack.api_url, str(tmp_path)) as page:
        yield page


@pytest.fixture
def signed_in(jwt_page: Page, person: Person) -> Page:
    sign_in(jwt_page, person)
    return jwt_page
