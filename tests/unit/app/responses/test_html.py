"""Pages for people whose browser sends a form or follows a link."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from app.responses.formats import is_for_people
from app.responses.html import STYLE, make_problem_page
from app.responses.outputs import Problem, ProblemField
from tests.support.api import BASE_URL, make_form, make_upload
from tests.support.images import finish, store_renditions
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()
CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
HOSTILE = "</dl><script>alert(1)</script>\"'&\u202e"


class Page(HTMLParser):
    """The parts of a page that a browser acts on."""

    def __init__(self, response: ApiResponse | str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.tags: list[str] = []
        self.language: str | None = None
        self.feed(response if isinstance(response, str) else response.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [found["href"] or ""] if tag == "a" else []
        self.language = found.get("lang") or self.language

    def handle_data(self, data: str) -> None:
        self.text += data


def submit(
    api: Api, *fields: tuple[str, str], accept: str = CHROMIUM, file: bytes | None = PICTURE
) -> ApiResponse:
    form = make_form(("userId", "ann"), *fields, ("submit", "Upload"), file=file, filename="sea & sun.jpg")
    return api.post("/images/upload", **form | {"headers": {**form["headers"], "Accept": accept}})


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("accept", "methods"),
    [
        (CHROMIUM, {"GET", "POST"}),
        (FIREFOX, {"GET", "POST"}),
        ("text/html", {"POST"}),
        ("text/html, */*;q=0.1", {"POST"}),
        (JAVA, set()),
        (None, set()),
        ("*/*", set()),
        ("application/json", set()),
        ("application/json, text/plain, */*", set()),
        ("text/html;q=0, application/xhtml+xml, */*", set()),
        ("text/*", set()),
        ("image/avif,image/webp,*/*;q=0.8", set()),
    ],
)
def test_browsers_that_navigate_get_pages_and_programs_do_not(
    method: str, accept: str | None, methods: set[str]
) -> None:
    assert is_for_people(method, accept) == (method in methods)


@pytest.mark.parametrize("accept", [CHROMIUM, FIREFOX, "text/html"])
def test_form_of_a_browser_ends_on_a_page(api: Api, accept: str) -> None:
    response = submit(api, ("visibility", "public"), ("tags", "sea"), accept=accept)
    assert response.status == 201
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Location"].startswith(f"{BASE_URL}/images/")
    assert "Accept," in response.headers["Vary"]
    page = Page(response)
    for text in (
        "sea & sun.jpg",
        "image/jpeg",
        f"{len(PICTURE)} bytes",
        "public",
        "sea",
        "Everyone may see it.",
    ):
        assert text in page.text


@pytest.mark.parametrize("accept", [JAVA, "*/*", "application/json"])
def test_form_of_a_program_ends_on_json(api: Api, accept: str) -> None:
    assert submit(api, accept=accept).json["filename"] == "sea & sun.jpg"
    assert submit(api, accept=accept, file=None).problem == (422, "invalid_fields", ["file"])


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_link_of_the_page_opens_the_picture_without_credentials(api: Api, visibility: str) -> None:
    response = submit(api, ("visibility", visibility))
    (link,) = Page(response).links
    path = link.removeprefix(BASE_URL)
    early = api.get(path, headers={"Accept": FIREFOX})
    assert (early.status, early.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert early.headers["Retry-After"] == "2"
    assert api.images
    assert api.storage
    store_renditions(api.storage, finish(api.images, urlsplit(response.headers["Location"]).path[8:]))
    assert api.get(path).status == 200


def test_texts_of_the_client_are_shown_as_texts(api: Api) -> None:
    response = submit(api, ("description", HOSTILE), ("tags", '["<b>", "c"]'))
    page = Page(response)
    assert {"script", "b"}.isdisjoint(page.tags)
    assert HOSTILE in page.text
    assert "<b>, c" in page.text


@pytest.mark.parametrize(
    ("fields", "file", "status", "texts"),
    [
        ([("visibility", "<i>")], PICTURE, 422, ["visibility: "]),
        ([("<u>", "x"), ("tag", "x")], PICTURE, 422, ["<u>: is not a known field", "tag: ", "use `tags`"]),
        ([], None, 422, ["file: is required"]),
        ([], b"text", 415, ["The file is not an image"]),
        ([], bytes(4_400_001), 413, ["POST /images/uploads"]),
    ],
)
def test_error_of_a_form_is_a_page_with_every_reason(
    api: Api, fields: list[tuple[str, str]], file: bytes | None, status: int, texts: list[str]
) -> None:
    response = submit(api, *fields, file=file)
    assert response.status == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(response)
    assert {"i", "u"}.isdisjoint(page.tags)
    for text in texts:
        assert text in page.text


def test_link_to_nothing_is_a_page_for_people_with_the_same_status(api: Api) -> None:
    for path, status in (("/images/x", 404), ("/nope", 404), ("/upload", 405), ("/images?limit=0", 422)):
        response = api.get(path, headers={"Accept": CHROMIUM})
        assert (response.status, "html" in Page(response).tags) == (status, True)
        assert response.headers["Cache-Control"] == "no-store"


def test_browser_that_reads_an_image_still_gets_json(api: Api) -> None:
    image = api.upload(PICTURE)
    response = api.get(f"/images/{image['id']}", user="ann", headers={"Accept": CHROMIUM})
    assert response.json["id"] == image["id"]


def test_keyed_upload_of_a_browser_happens_once(api: Api) -> None:
    key = {"Accept": CHROMIUM, "Idempotency-Key": "k"}
    responses = [api.post("/images/upload", user="ann", json=make_upload(PICTURE), headers=key) for _ in "12"]
    assert [response.status for response in responses] == [201, 201]
    assert len({response.headers["Location"] for response in responses}) == 1


@pytest.mark.parametrize("file", [PICTURE, None])
def test_page_runs_nothing_and_loads_nothing(api: Api, file: bytes | None) -> None:
    response = submit(api, file=file)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert f"<style>{STYLE}</style>" in response.body.decode()
    assert response.headers["Referrer-Policy"] == "no-referrer"
    page = Page(response)
    assert {"script", "img", "link", "iframe"}.isdisjoint(page.tags)


@pytest.mark.parametrize("file", [PICTURE, None])
def test_page_has_what_screen_readers_need(api: Api, file: bytes | None) -> None:
    page = Page(submit(api, file=file))
    assert page.language == "en"
    for tag in ("title", "main", "h1"):
        assert page.tags.count(tag) == 1


def test_error_without_fields_shows_its_detail() -> None:
    problem = Problem(
        title="T<",
        status=413,
        detail="D<",
        code="too_large",
        request_id="1",
        errors=(ProblemField(field="f", message="m"),),
    )
    page = Page(make_problem_page(problem))
    assert "T<" in page.text
    assert "D<" in page.text
