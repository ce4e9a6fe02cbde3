"""Attempts of a stranger to read, change or forge something on the deployed stack."""

from __future__ import annotations

import gzip
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from app.access.links import LinkSigner, Target
from shared.renditions import RenditionName
from tests.support.client import await_end, find_objects, upload_form
from tests.support.images import make_image
from tests.support.pictures import draw_quadrants, encode, make_exif, make_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

PHOTO = make_photo(6)
MISSING = str(uuid.UUID(int=0, version=4))
EVIL = "evil.example.org"
SPOOFED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "6666",
    "X-Original-Host": EVIL,
    "Forwarded": f"host={EVIL};proto=gopher",
}
COMPRESSED = {"Accept-Encoding": "gzip"}
MAX_PAGE_BYTES = 2_000
MAX_DOCUMENT_BYTES = 30_000
MAX_ASSET_BYTES = 600_000


class Victim(NamedTuple):
    """A user with one private thing of each kind."""

    user: str
    image_id: str
    item_id: str
    file_id: str


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def victim(api: httpx.Client) -> Victim:
    user = f"victim-{uuid.uuid4()}"
    headers = {"X-User-Id": user}
    image_id = upload_form(api, PHOTO, user=user)["id"]
    item = api.post("/items", json={"name": "Diary"}, headers=headers).json()
    file = api.post("/upload", files={"file": ("a.txt", b"text")}, headers=headers).json()["file"]
    await_end(api, image_id, user=user)
    return Victim(user, image_id, item["id"], file["id"])


READS = [
    ("/images/{image_id}", 404),
    ("/images/{image_id}/content", 422),
    ("/images/{image_id}/content/small", 422),
    ("/items/{item_id}", 404),
    ("/files/{file_id}", 404),
    ("/items", 403),
    ("/files", 403),
    ("/limits", 403),
]
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "/images/{image_id}", {"json": {"visibility": "public"}}),
    ("PUT", "/images/{image_id}", {"json": {"visibility": "public"}}),
    ("DELETE", "/images/{image_id}", {}),
    ("POST", "/images/{image_id}/reprocess", {}),
    ("POST", "/images/{image_id}/links", {"json": {}}),
    ("DELETE", "/images/{image_id}/links", {}),
    ("PUT", "/items/{item_id}", {"json": {"name": "Mine"}}),
    ("DELETE", "/items/{item_id}", {}),
    ("DELETE", "/files/{file_id}", {}),
]
CALLERS: list[dict[str, str]] = [{}, {"X-User-Id": "mallory"}]


@pytest.mark.parametrize("headers", CALLERS, ids=["nobody", "mallory"])
@pytest.mark.parametrize(("path", "status"), READS)
def test_query_that_names_the_victim_reads_nothing(
    api: httpx.Client, victim: Victim, path: str, status: int, headers: dict[str, str]
) -> None:
    """Before: in `open` mode, `?userId=victim` made its sender the victim."""
    url = path.format(**victim._asdict())
    assert api.get(url, params={"userId": victim.user}, headers=headers).status_code == status
    listed = api.get("/images", params={"userId": victim.user, "visibility": "private"}, headers=headers)
    assert listed.json()["images"] == []


@pytest.mark.parametrize("headers", CALLERS, ids=["nobody", "mallory"])
@pytest.mark.parametrize(("method", "path", "options"), WRITES)
def test_query_that_names_the_victim_changes_nothing(  # noqa: PLR0913, PLR0917 - a row of the table
    stack: Stack,
    api: httpx.Client,
    victim: Victim,
    method: str,
    path: str,
    options: dict[str, Any],
    headers: dict[str, str],
) -> None:
    """Before: `DELETE /images/{id}?userId=victim` deleted a private image.

    The response does not tell if the thing exists. Without the query it is 404.
    """
    own = {"X-User-Id": victim.user}
    url, missing = (
        path.format(**victim._asdict()),
        path.format(image_id=MISSING, item_id=MISSING, file_id=MISSING),
    )
    reads = [f"/images/{victim.image_id}", f"/items/{victim.item_id}"]
    before = [api.get(read, headers=own).json()["version"] for read in reads]
    query = {"userId": victim.user}
    for target in (url, missing):
        assert api.request(method, target, params=query, headers=headers, **options).status_code == 403
        assert api.request(method, target, headers=headers, **options).status_code == 404
    assert [api.get(read, headers=own).json()["version"] for read in reads] == before
    assert api.get(f"/files/{victim.file_id}", headers=own).status_code == 200
    assert len(find_objects(stack)[victim.image_id]) == 5


@pytest.mark.parametrize("headers", [SPOOFED, SPOOFED | {"Host": EVIL}], ids=["forwarded", "host"])
def test_no_url_in_a_response_comes_from_a_header(
    stack: Stack, api: httpx.Client, headers: dict[str, str]
) -> None:
    """Before: `Host` and `X-Forwarded-Host` of a client went into Location and into the URLs of images."""
    sent = headers | {"X-User-Id": f"u-{uuid.uuid4()}"}
    made = api.post("/images/upload", files={"file": ("a.jpg", PHOTO)}, headers=sent)
    image_id = made.json()["id"]
    await_end(api, image_id, user=sent["X-User-Id"])
    link = api.post(f"/images/{image_id}/links", json={}, headers=sent)
    responses = [
        made,
        link,
        api.post("/items", json={"name": "Lamp"}, headers=sent),
        api.post("/upload", files={"file": ("a.txt", b"text")}, headers=sent),
        api.post("/images/uploads", json={"contentType": "image/jpeg", "size": 1}, headers=sent),
        api.get(f"/images/{image_id}", headers=sent),
        api.get(f"/images/{image_id}/content", headers=sent),
        api.get("/images", headers=sent),
        api.get("/openapi.json", headers=sent),
        api.get("/docs", headers=sent),
        api.get("/nowhere", headers=sent),
    ]
    for response in responses:
        told = f"{response.headers} {response.text}"
        assert EVIL not in told
        assert "gopher" not in told
        assert "6666" not in told
    assert made.headers["Location"].startswith(f"{stack.api_url}/")
    assert link.json()["url"].startswith(f"{stack.api_url}/")


def test_link_that_ends_later_than_in_a_week_opens_nothing_even_with_the_key(
    stack: Stack, api: httpx.Client, victim: Victim
) -> None:
    """Before: who had read the key once could sign a link for ever."""
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["LinkSecretArn"])
    signer = LinkSigner(lambda: [secret["SecretString"].encode()])
    image, now = make_image(id=victim.image_id), datetime.now(UTC)

    def open_for(lifetime: timedelta) -> int:
        return api.get(
            signer.sign("", image, Target(image.id, RenditionName.SMALL), now + lifetime)
        ).status_code

    assert open_for(timedelta(days=6, hours=23)) == 200
    assert open_for(timedelta(days=7, minutes=1)) == 404
    assert open_for(timedelta(days=36500)) == 404
    assert open_for(timedelta(seconds=-1)) == 404


def test_tags_that_look_the_same_are_the_same(api: httpx.Client) -> None:
    """Before: invisible and bidirectional controls made tags that look alike and do not match."""
    user = f"u-{uuid.uuid4()}"
    headers = {"X-User-Id": user}
    tags = ["ca\u200bt", "\u202etac\u202c", "cafe\u0301", "CAT"]
    image = upload_form(api, PHOTO, user=user, tags=",".join(tags), description="x")
    assert image["tags"] == ["cat", "tac", "caf\u00e9"]
    for tag in ("cat", "Cat", "c\u2060at", "CAFE\u0301"):
        listed = api.get("/images", params={"userId": user, "tags": tag}, headers=headers).json()["images"]
        assert [found["id"] for found in listed] == [image["id"]]
    renamed = {"filename": "photo\u202egpj.exe"}
    changed = api.patch(f"/images/{image['id']}", json=renamed, headers=headers)
    assert changed.json()["filename"] == "photogpj.exe"
    unseen = api.patch(f"/images/{image['id']}", json={"tags": ["\u200b\u2066"]}, headers=headers)
    assert (unseen.status_code, unseen.json()["errors"][0]["field"]) == (422, "tags[0]")


def fetch_raw(api: httpx.Client, path: str, headers: dict[str, str]) -> tuple[bytes, httpx.Headers]:
    """Fetch the bytes as they are on the wire."""
    with api.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        return b"".join(response.iter_raw()), response.headers


def test_documents_are_small_stay_the_same_and_are_kept_by_clients(api: httpx.Client) -> None:
    """Before: `/docs` answered 1.75 MB, anonymous and `no-store`, and took up to 0.3 s each time."""
    page = api.get("/docs").text
    assets = [f"/{part.split('"')[0]}" for part in page.split("docs/")[1:]]
    limits = {"/docs": MAX_PAGE_BYTES, "/openapi.json": MAX_DOCUMENT_BYTES}
    limits |= {f"/docs{asset}": MAX_ASSET_BYTES for asset in assets}
    assert len(limits) == 6
    for path, limit in limits.items():
        body, headers = fetch_raw(api, path, COMPRESSED)
        assert headers["Content-Encoding"] == "gzip"
        assert len(body) < limit
        assert fetch_raw(api, path, COMPRESSED)[0] == body
        plain, plain_headers = fetch_raw(api, path, {"Accept-Encoding": "identity"})
        assert plain == gzip.decompress(body)
        assert plain_headers["ETag"] != headers["ETag"]
        assert headers["Cache-Control"].startswith("public, max-age=")
        kept = api.get(path, headers=COMPRESSED | {"If-None-Match": headers["ETag"]})
        assert (kept.status_code, kept.content) == (304, b"")


def test_page_runs_no_script_of_others_and_no_site_frames_it(api: httpx.Client) -> None:
    """Before: `/docs` had no policy."""
    headers = api.get("/docs").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_stranger_learns_nothing_of_the_original(api: httpx.Client) -> None:
    """Before: size, SHA-256 and EXIF of the original were public with the image."""
    exif = make_exif({0x010F: "Leica", 0x0110: "Q3"}, {0x9003: "2026:01:02 03:04:05"})
    photo = encode(draw_quadrants(), "JPEG", exif=exif)
    user = f"u-{uuid.uuid4()}"
    image_id = upload_form(api, photo, user=user, visibility="public")["id"]
    own = await_end(api, image_id, user=user)
    assert own["exif"]["camera"]
    assert own["size"] == len(photo)
    assert own["sha256"]
    listed = api.get("/images", params={"userId": user}).json()["images"]
    for shown in (api.get(f"/images/{image_id}").json(), *listed):
        assert shown["id"] == image_id
        assert {shown[name] for name in ("exif", "size", "sha256", "url", "statusReason")} == {None}
        assert shown["renditions"]
    for other in ({}, {"X-User-Id": "mallory"}):
        bytes_seen = api.get(f"/images/{image_id}/content", headers=other, follow_redirects=True).content
        assert bytes_seen != photo
        assert b"Leica" not in bytes_seen
