from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app import VERSION
from app.webpage import get_assets, get_version

if TYPE_CHECKING:
    from tests.support.api import Api, ApiResponse

AS_A_PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MAX_PAGE_BYTES = 60_000


def read_policy(page: ApiResponse) -> dict[str, list[str]]:
    parts = (part.split() for part in page.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


def list_files(page: ApiResponse) -> set[str]:
    return set(re.findall(r'(?:src|href)="([^"]*/page/[^"]*)"', page.body.decode()))


def read_settings(page: ApiResponse) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="settings">(.*?)</script>', page.body.decode())
    assert found
    settings: dict[str, Any] = json.loads(found[1])
    return settings


def test_program_gets_a_description_with_links(api: Api) -> None:
    response = api.get("/")
    assert response.headers["Content-Type"] == "application/json"
    assert (response.json["name"], response.json["version"]) == ("Image upload service", VERSION)
    assert {*response.json["links"]} >= {"images", "limits", "openapi", "docs"}
    for url in response.json["links"].values():
        assert api.get(url.removeprefix("http://localhost:3000"), user="ann").status == 200


def test_person_gets_the_page_under_a_strict_policy(api: Api) -> None:
    page = api.get("/", headers=AS_A_PERSON)
    assert page.headers["Content-Type"].startswith("text/html")
    policy = read_policy(page)
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert policy["default-src"] == ["'none'"]
    for name in ("script-src", "style-src", "worker-src"):
        assert policy[name] == ["'self'"]
    for name in ("base-uri", "form-action", "frame-ancestors"):
        assert policy[name] == ["'none'"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script>|<style|style=|\son\w+=", page.body.decode())


def test_forms_of_direct_uploads_may_lead_to_the_bucket(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_PUBLIC_URL", "https://s3.eu-west-1.amazonaws.com")
    sources = read_policy(api.get("/", headers=AS_A_PERSON))["connect-src"]
    host = "s3.eu-west-1.amazonaws.com"
    assert sources[2:] == [f"https://{host}", f"https://bucket.{host}"]


def test_page_depends_on_who_asks_and_is_asked_for_again(api: Api) -> None:
    page = api.get("/", headers=AS_A_PERSON)
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Vary"].split(", ")[0] == "Accept"
    assert api.get("/").headers["Vary"].split(", ")[0] == "Accept"
    again = api.get("/", headers=AS_A_PERSON | {"If-None-Match": page.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_page_and_all_its_files_are_small(api: Api) -> None:
    packed = {"Accept-Encoding": "gzip"}
    page = api.get("/", headers=AS_A_PERSON | packed)
    files = [api.get(f"/page/{get_version()}/{name}", headers=packed) for name in get_assets()]
    assert {file.status for file in files} == {200}
    assert {file.headers["Content-Encoding"] for file in files} == {"gzip"}
    assert sum(len(each.body) for each in (page, *files)) <= MAX_PAGE_BYTES


def test_first_visit_waits_for_one_script_and_one_style(api: Api) -> None:
    names = {path.rpartition("/")[2] for path in list_files(api.get("/", headers=AS_A_PERSON))}
    assert names == {"main.js", "page.css", "icon.svg"}


def test_every_file_is_named_and_kept_for_good(api: Api) -> None:
    texts = [api.get("/", headers=AS_A_PERSON).body.decode(), *(each.text for each in get_assets().values())]
    named = set(re.findall(r'[/"]([\w-]+\.(?:js|css|svg))"(?!\)\.[A-Z])', "".join(texts)))  # no types
    assert named == {*get_assets()}
    for name in named:
        file = api.get(f"/page/{get_version()}/{name}")
        assert (file.status, file.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")


@pytest.mark.parametrize(
    "path", ["/page/0000000000000000/main.js", f"/page/{get_version()}/x.js", "/page/main.js"]
)
def test_other_file_of_the_page_is_404(api: Api, path: str) -> None:
    assert api.get(path).problem == (404, "not_found", [])


def test_parameter_switches_the_page_off(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PAGE", "disabled")
    assert api.get("/", headers=AS_A_PERSON).json["version"] == VERSION
    assert api.get(f"/page/{get_version()}/main.js").problem == (404, "not_found", [])


def test_settings_in_the_page_are_data_and_no_markup(api: Api) -> None:
    settings = read_settings(api.get("/", headers=AS_A_PERSON))
    assert settings == {"authMode": "open", "signIn": None}
