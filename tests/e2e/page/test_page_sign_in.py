"""Signing in on the web page, as a person does it: on the page that the emulated Cognito serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from operations.tokens import make_token
from tests.support.client import await_end
from tests.support.page import Person, sign_in, watch_token_requests
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from local.stack import Stack

HOUR_SECONDS = 3600
NAME_REVOCATION = """
    const parse = JSON.parse;
    JSON.parse = (text) => {
        const value = parse(text);
        if (value?.signIn) value.signIn.revocationUrl = "%s";
        return value;
    };
"""
"""Changes the settings of the page, as if the issuer had named an address."""


@pytest.fixture
def page(jwt_page: Page) -> Page:
    return jwt_page


def list_mine(page: Page) -> None:
    """Make the page call the API."""
    page.get_by_role("button", name="Mine").click()
    expect(page.get_by_role("button", name="Mine")).to_have_attribute("aria-current", "page")


def leave_for_the_issuer(page: Page) -> dict[str, str]:
    """Return what the page has asked the issuer for."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").wait_for()
    return {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}


def test_person_signs_in_and_uploads_and_finds_it_after_a_reload(page: Page, person: Person) -> None:
    sign_in(page, person)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "sign-in.jpg", "mimeType": "image/jpeg", "buffer": make_picture("JPEG")}
    )
    expect(page.get_by_text("1 of 1 uploaded")).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_hidden()
    sign_in(page, person)
    list_mine(page)
    expect(page.get_by_role("link", name="Open sign-in.jpg")).to_have_count(1)


def test_person_is_shown_by_name_and_signs_out_at_the_issuer_too(
    jwt_stack: Stack, page: Page, person: Person
) -> None:
    sign_in(page, person)
    expect(page.locator("top-bar .name")).to_have_text(person.name)
    with page.expect_request(f"{jwt_stack.aws_url}/logout?*") as left:
        page.get_by_role("button", name="Sign out").click()
    query = parse_qs(urlsplit(left.value.url).query)
    assert query["logout_uri"] == query["post_logout_redirect_uri"] == [f"{jwt_stack.api_url}/"]
    assert query["id_token_hint"][0].count(".") == 2
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.url == f"{jwt_stack.api_url}/"


def test_refresh_token_ends_with_the_sign_out(jwt_stack: Stack, page: Page, person: Person) -> None:
    """The emulated Cognito names no address for that, as the real one does."""
    revocation_url = f"{jwt_stack.aws_url}/oauth2/revoke"

    page.add_init_script(NAME_REVOCATION % revocation_url)
    page.route(revocation_url, lambda route: route.fulfill(status=200))
    page.goto(jwt_stack.api_url)
    with page.expect_response(f"{jwt_stack.aws_url}/oauth2/token") as answer:
        sign_in(page, person)
    refresh_token = answer.value.json()["refresh_token"]
    with page.expect_request(revocation_url) as asked, page.expect_request(f"{jwt_stack.aws_url}/logout?*"):
        page.get_by_role("button", name="Sign out").click()
    sent = {name: value for name, (value,) in parse_qs(asked.value.post_data or "").items()}
    client_id = sent.pop("client_id")
    assert client_id
    assert sent == {"token": refresh_token, "token_type_hint": "refresh_token"}
    assert "authorization" not in asked.value.headers


def test_stranger_sees_what_is_public_and_no_button_that_fails(jwt_stack: Stack, page: Page) -> None:
    token = make_token(jwt_stack.client, jwt_stack.outputs, "bob")
    with httpx.Client(base_url=jwt_stack.api_url, timeout=60) as api:
        api.headers["Authorization"] = f"Bearer {token}"
        for visibility in ("public", "private"):
            fields = {"visibility": visibility, "tags": '["strangers"]'}
            image = api.post("/images/upload", files={"file": ("a.jpg", make_picture())}, data=fields)
            await_end(api, image.json()["id"])
    page.goto(f"{jwt_stack.api_url}/#tag=strangers")
    page.reload()
    expect(page.get_by_role("main").locator("img")).to_have_count(1)
    for name in ("Upload", "Mine", "Trash", "Sign out"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_hidden()


def test_address_is_as_before_and_nothing_of_the_tokens_is_stored(
    jwt_stack: Stack, page: Page, person: Person
) -> None:
    address = f"{jwt_stack.api_url}/#show=mine&tag=sea&tag=sun"
    page.goto(address)
    page.reload()
    expect(page.get_by_text("No picture matches this filter.")).to_be_visible()
    sign_in(page, person)
    assert page.url == address
    expect(page.get_by_role("button", name="Mine")).to_have_attribute("aria-current", "page")
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert not any(word in stored for word in ("ey", "verifier", "token"))


def test_page_asks_for_a_code_with_a_challenge_and_a_new_state(page: Page, jwt_stack: Stack) -> None:
    asked = leave_for_the_issuer(page)
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{jwt_stack.api_url}/"
    assert asked["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[\w-]{43}", asked["code_challenge"])
    page.goto(jwt_stack.api_url)
    again = leave_for_the_issuer(page)
    assert all(again[name] != asked[name] for name in ("state", "code_challenge"))


def test_error_of_the_issuer_is_shown_in_its_words(page: Page, jwt_stack: Stack) -> None:
    state = leave_for_the_issuer(page)["state"]
    answer = {"error": "access_denied", "error_description": "You are <b>blocked</b>.", "state": state}
    page.goto(f"{jwt_stack.api_url}/?{urlencode(answer)}")
    expect(page.get_by_text("Signing in did not work: You are <b>blocked</b>.")).to_be_visible()
    assert page.url == f"{jwt_stack.api_url}/"


@pytest.mark.parametrize("answer", [{"code": "x", "state": "y"}, {"code": "x", "state": ""}, {"error": "x"}])
def test_answer_that_nobody_asked_for_is_refused(
    page: Page, jwt_stack: Stack, answer: dict[str, str]
) -> None:
    leave_for_the_issuer(page)
    asked = watch_token_requests(page, jwt_stack)
    page.goto(f"{jwt_stack.api_url}/?{urlencode(answer)}")
    expect(page.get_by_text("a sign-in that this tab does not know")).to_be_visible()
    assert (page.url, asked) == (f"{jwt_stack.api_url}/", [])


def test_tokens_are_renewed_before_they_end(page: Page, person: Person, jwt_stack: Stack) -> None:
    page.clock.install()
    asked = watch_token_requests(page, jwt_stack)
    sign_in(page, person)
    page.clock.fast_forward(HOUR_SECONDS * 1000 - 30_000)
    list_mine(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert asked == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("refusal", ["no refresh token", "ended refresh token"])
def test_session_that_ends_shows_it_and_offers_to_sign_in_again(
    page: Page, person: Person, jwt_stack: Stack, refusal: str
) -> None:
    def answer(route: Route) -> None:
        if "refresh_token" in (route.request.post_data or ""):
            route.fulfill(status=400, json={"error": "invalid_grant"})
        else:
            response = route.fetch()
            tokens = response.json()
            if refusal == "no refresh token":
                del tokens["refresh_token"]
            route.fulfill(response=response, json=tokens)

    page.clock.install()
    page.route(f"{jwt_stack.aws_url}/oauth2/token", answer)
    sign_in(page, person)
    page.clock.fast_forward((HOUR_SECONDS + 1) * 1000)
    page.get_by_role("button", name="Mine").click()
    expect(page.get_by_text("your session has ended")).to_be_visible()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_hidden()
    page.get_by_role("status").get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").wait_for()
