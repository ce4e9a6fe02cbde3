"""The requests of clients, against the deployed API: on the embedded stack, and in `sam local`."""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from shared.renditions import STILLS, Fit
from tests.support.client import await_end, upload_form, upload_json
from tests.support.pictures import BLUE, GREEN, RED, WHITE, draw_quadrants, make_photo

if TYPE_CHECKING:
    from collections.abc import Callable

PHOTO = make_photo(6, width=2400, height=1200)
SIZES = {name: (name.width, name.width // 2 if name.fit is Fit.INSIDE else name.height) for name in STILLS}


def fetch(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, follow_redirects=True)


def read_corners(image: Image.Image) -> list[tuple[int, ...]]:
    width, height = image.size
    places = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    pixels = image.convert("RGB")
    return [tuple(round(value / 32) for value in pixels.getpixel(place)) for place in places]  # type: ignore[union-attr] # RGB


@pytest.mark.parametrize("upload", [upload_form, upload_json])
def test_photo_becomes_ready_with_upright_renditions(api: httpx.Client, upload: Callable[..., Any]) -> None:
    image = upload(api, PHOTO, visibility="public", tags=["sea", "sun"])
    assert (image["width"], image["height"], image["tags"]) == (2400, 1200, ["sea", "sun"])
    ready = await_end(api, image["id"])
    assert (ready["status"], ready["statusReason"]) == ("ready", None)
    assert ready["placeholder"]["dominantColor"].startswith("#")
    expected = [tuple(round(value / 32) for value in color) for color in (RED, GREEN, BLUE, WHITE)]
    for name, size in SIZES.items():
        response = fetch(ready["renditions"][name]["url"])
        assert response.headers["Content-Type"] == "image/webp"
        rendition = Image.open(BytesIO(response.content))
        assert (rendition.format, rendition.size) == ("WEBP", size)
        assert not rendition.getexif()
        assert read_corners(rendition) == expected
        assert len(response.content) == ready["renditions"][name]["size"]


def test_original_is_for_its_owner_byte_by_byte(api: httpx.Client) -> None:
    image = upload_form(api, PHOTO, visibility="public")
    await_end(api, image["id"])
    assert fetch(image["url"], **{"X-User-Id": "ann"}).content == PHOTO
    assert fetch(image["url"]).headers["Content-Type"] == "image/webp"


def test_private_image_is_shown_to_its_owner_only(api: httpx.Client) -> None:
    image = upload_json(api, PHOTO, user="eve")
    await_end(api, image["id"], user="eve")
    for path, status in (("", 200), ("/content", 302), ("/content/small", 200)):
        assert api.get(f"/images/{image['id']}{path}").status_code == 404
        assert api.get(f"/images/{image['id']}{path}", headers={"X-User-Id": "ann"}).status_code == 404
        claimed = api.get(f"/images/{image['id']}{path}", params={"userId": "eve"})
        response = api.get(f"/images/{image['id']}{path}", headers={"X-User-Id": "eve"})
        assert (claimed.status_code, response.status_code) == (422 if path else 404, status)
    for query in ("", "userId=eve&visibility=private"):
        listed = api.get(f"/images?{query}", headers={"X-User-Id": "ann"}).json()["images"]
        assert image["id"] not in {found["id"] for found in listed}


def test_signed_url_works_only_as_it_was_signed(api: httpx.Client) -> None:
    image = upload_json(api, PHOTO)
    location = api.get(f"/images/{image['id']}/content", headers={"X-User-Id": "ann"}).headers["Location"]
    bare, _, _ = location.partition("?")
    assert httpx.get(location).content == PHOTO
    assert httpx.get(bare).status_code == 403
    assert httpx.get(location.replace("X-Amz-Expires=60", "X-Amz-Expires=9000")).status_code == 403
    assert httpx.get(location.replace(image["id"], "other")).status_code == 403
    assert httpx.delete(location).status_code == 403


def test_damaged_image_is_rejected_with_a_reason(api: httpx.Client) -> None:
    image = upload_form(api, PHOTO[: len(PHOTO) // 2])
    rejected = await_end(api, image["id"])
    assert rejected["status"] == "rejected"
    assert rejected["statusReason"]
    assert rejected["renditions"] == {}


def test_image_is_changed_and_deleted(api: httpx.Client) -> None:
    ann = {"X-User-Id": "ann"}
    image = upload_json(api, PHOTO, tags=["old"])
    await_end(api, image["id"])
    url = f"/images/{image['id']}"
    changed = api.patch(url, json={"description": "Sea.", "tags": ["new"]}, headers=ann)
    assert changed.status_code == 200
    assert api.put(url, json={"visibility": "public"}, headers=ann).json()["description"] == "Sea."
    stale = {**ann, "If-Match": changed.headers["ETag"]}
    assert api.delete(url, headers=stale).status_code == 412
    etag = api.get(url, headers=ann).headers["ETag"]
    assert api.get(url, headers={**ann, "If-None-Match": etag}).status_code == 304
    assert api.delete(url, headers={**ann, "If-Match": etag}).status_code == 204
    assert api.get(url, headers=ann).status_code == 404


def test_pages_of_a_tag_hold_every_image_once(api: httpx.Client) -> None:
    user = f"pat-{uuid.uuid4()}"
    small = make_photo(1)
    ids = [upload_json(api, small, user=user, tags=["a", "b"])["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"userId": user, "tags": "a,b", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = api.get("/images", params=query, headers={"X-User-Id": user}).json()
        seen += [image["id"] for image in page["images"]]
        cursor = page["nextCursor"]
    assert seen == ids[::-1]


def test_own_upload_is_in_the_next_listing(api: httpx.Client) -> None:
    user = f"pat-{uuid.uuid4()}"
    small = make_photo(1)
    for number in range(20):
        visibility = ("public", "private")[number % 2]
        image_id = upload_json(api, small, user=user, visibility=visibility)["id"]
        for query in ({"limit": "1"}, {"limit": "1", "userId": user, "visibility": visibility}):
            page = api.get("/images", params=query, headers={"X-User-Id": user}).json()
            assert [image["id"] for image in page["images"]] == [image_id]


def test_item_lives_and_ends(api: httpx.Client) -> None:
    created = api.post("/items", json={"name": "Lamp", "attributes": {"watts": 7.5}})
    assert created.status_code == 201
    url = created.headers["Location"]
    assert httpx.get(url).json() == created.json()
    assert httpx.put(url, json={"name": "Lantern"}).json()["name"] == "Lantern"
    assert created.json()["id"] in {item["id"] for item in api.get("/items").json()["items"]}
    assert httpx.delete(url).status_code == 204
    assert httpx.get(url).status_code == 404


def test_legacy_upload_comes_back_as_a_download(api: httpx.Client) -> None:
    page = b"<script>alert(1)</script>"
    response = api.post("/upload", files={"file": ("page.html", page, "text/html")})
    assert response.status_code == 201
    assert response.headers["Deprecation"]
    download = httpx.get(response.json()["file"]["url"])
    assert download.content == page
    assert download.headers["Content-Type"] == "application/octet-stream"
    assert download.headers["Content-Disposition"] == "attachment; filename*=UTF-8''page.html"


@pytest.mark.parametrize(
    ("method", "url", "options", "status", "code"),
    [
        ("GET", "/nope", {}, 404, "not_found"),
        ("DELETE", "/images", {}, 405, "method_not_allowed"),
        ("GET", "/images?limit=0", {}, 422, "invalid_fields"),
        (
            "POST",
            "/items",
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            400,
            "malformed_request",
        ),
        (
            "POST",
            "/images/upload",
            {"files": {"file": b"<svg/>"}, "data": {"userId": "ann"}},
            415,
            "unsupported_image",
        ),
        (
            "POST",
            "/images/upload",
            {"content": b"x", "headers": {"Content-Type": "text/plain"}},
            415,
            "unsupported_media_type",
        ),
        (
            "POST",
            "/images/upload",
            {"files": {"file": bytes(4_400_001)}, "data": {"userId": "ann"}},
            413,
            "too_large",
        ),
    ],
)
def test_error_is_a_problem(  # noqa: PLR0913, PLR0917 - a row of the table
    api: httpx.Client, method: str, url: str, options: dict[str, Any], status: int, code: str
) -> None:
    response = api.request(method, url, **options)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_largest_inline_image_fits_in_both_formats(api: httpx.Client) -> None:
    image = BytesIO()
    draw_quadrants(64, 64).save(image, "JPEG")
    for upload, size in ((upload_form, 4_400_000), (upload_json, 3_300_000)):
        content = image.getvalue() + bytes(size - len(image.getvalue()))
        assert upload(api, content)["size"] == size


def test_documentation_leaves_the_gateway_compressed_for_those_who_ask(api: httpx.Client) -> None:
    for path in ("/docs", "/openapi.json"):
        plain = api.get(path, headers={"Accept-Encoding": "identity"})
        packed = api.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.content == plain.content


def test_service_describes_itself(api: httpx.Client) -> None:
    assert api.get("/health").json()["status"] == "ok"
    assert api.get("/limits").json()["maxInlineBytes"] == 4_400_000
    assert api.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert "swagger-ui" in api.get("/docs").text


def test_head_and_preflight_get_a_response(api: httpx.Client) -> None:
    head = api.head("/health")
    assert (head.status_code, head.content) == (200, b"")
    preflight = api.options("/images", headers={"Origin": "https://example.org"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
