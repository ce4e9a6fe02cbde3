"""URLs and forms are signed by a role of their own, whose session outlives them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.support.client import await_end, begin_upload, post_form, upload_form
from tests.support.pictures import make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(6)
ANN = {"X-User-Id": "ann"}
REFUSED = {400, 403}
"""S3's statuses for a wrong token and for a missing one."""


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


def test_form_is_signed_by_a_session_and_works(api: httpx.Client) -> None:
    begun = begin_upload(api, PHOTO)
    fields = begun["upload"]["fields"]
    assert fields["x-amz-security-token"]
    assert fields["x-amz-credential"].startswith("ASIA")
    assert post_form(begun["upload"], PHOTO, **{"x-amz-security-token": ""}).status_code in REFUSED
    assert post_form(begun["upload"], PHOTO).status_code == 204
    assert await_end(api, begun["id"])["status"] == "ready"


@pytest.mark.parametrize("path", ["", "/original"])
def test_url_is_signed_by_a_session_and_works(api: httpx.Client, path: str) -> None:
    image_id = upload_form(api, PHOTO)["id"]
    await_end(api, image_id)
    location = api.get(f"/images/{image_id}/content{path}", headers=ANN).headers["Location"]
    query = parse_qs(urlsplit(location).query)
    assert query["X-Amz-Credential"][0].startswith("ASIA")
    [token] = query["X-Amz-Security-Token"]
    assert httpx.get(location).status_code == 200
    assert httpx.get(location.replace(quote(token, safe=""), "other")).status_code in REFUSED


def test_download_is_signed_by_a_session_and_works(api: httpx.Client) -> None:
    url = api.post("/upload", files={"file": ("a.txt", b"text", "text/plain")}).json()["file"]["url"]
    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"]
    assert httpx.get(url).content == b"text"
