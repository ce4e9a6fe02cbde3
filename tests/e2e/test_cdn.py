"""The CDN as it is deployed: what reaches the API through it, and what goes around it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.conftest import run_new_stack
from tests.support.cdn import Cdn, add_cdn
from tests.support.client import await_end, await_value, upload_form, upload_json
from tests.support.pictures import make_photo, make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

PHOTO = make_photo(6)
OWNER = {"X-User-Id": "owner"}
HSTS = "max-age=31536000"

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="the emulated CDN runs its function in Node")


@pytest.fixture(scope="module")
def cdn() -> Iterator[Cdn]:
    with run_new_stack("open") as stack, add_cdn(stack) as cdn:
        yield cdn


@pytest.fixture
def image(cdn: Cdn) -> Any:  # noqa: ANN401 - JSON
    """A public image that is ready."""
    image_id = upload_form(cdn.web, PHOTO, user="owner", visibility="public")["id"]
    return await_end(cdn.web, image_id, user="owner")


def locate(cdn: Cdn, url: str) -> str:
    """Return the path and the query of a URL, which has to be one of the CDN."""
    assert url.startswith(f"{cdn.url}/")
    return url.removeprefix(cdn.url)


def test_image_lives_its_life_through_the_cdn(cdn: Cdn) -> None:
    for image_id in (
        upload_form(cdn.web, PHOTO, user="owner", visibility="public", tags="sea")["id"],
        upload_json(cdn.web, make_picture(), user="owner", visibility="public", tags=["sea"])["id"],
    ):
        image = await_end(cdn.web, image_id, user="owner")
        shown = cdn.web.get(locate(cdn, image["renditions"]["small"]["url"]))
        assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
        assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable, s-maxage=60"
        listed = cdn.web.get("/images", params={"tags": "sea"}, headers=OWNER).json()["images"]
        assert image_id in {found["id"] for found in listed}
        changed = cdn.web.patch(f"/images/{image_id}", json={"description": "A."}, headers=OWNER)
        assert (changed.status_code, changed.json()["description"]) == (200, "A.")
        assert cdn.web.delete(f"/images/{image_id}", headers=OWNER).status_code == 204
        assert cdn.web.get(f"/images/{image_id}", headers=OWNER).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{}, OWNER, {"X-Origin-Secret": ""}, {"X-Origin-Secret": "x" * 64}, {"X-Viewer-Address": "203.0.113.7"}],
    ids=["nobody", "owner", "empty", "guessed", "address"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health"), ("GET", "/images"), ("GET", "/nothing"), ("OPTIONS", "/images"), ("POST", "/items")],
)
def test_api_answers_nobody_who_goes_around_the_cdn(
    cdn: Cdn, method: str, path: str, headers: dict[str, str]
) -> None:
    response = cdn.direct.request(method, path, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_secret_of_a_client_does_not_replace_that_of_the_cdn(cdn: Cdn) -> None:
    assert cdn.web.get("/limits", headers={"X-Origin-Secret": "x"}).status_code == 200


def test_private_image_is_for_its_owner_and_for_links(cdn: Cdn) -> None:
    image_id = upload_form(cdn.web, PHOTO, user="owner")["id"]
    image = await_end(cdn.web, image_id, user="owner")
    path = f"/images/{image_id}/content/small"
    assert [cdn.web.get(path, headers=headers).status_code for headers in ({}, {"X-User-Id": "other"})] == [
        404,
        404,
    ]
    assert cdn.web.get(path, headers=OWNER).headers["Cache-Control"] == "private, max-age=60"
    signed = locate(cdn, image["renditions"]["small"]["url"])
    opened = cdn.web.get(signed)
    assert (opened.status_code, opened.headers["Cache-Control"][:8]) == (200, "private,")
    assert cdn.web.get(signed[:-1]).status_code == 404
    link = cdn.web.post(f"/images/{image_id}/links", json={"rendition": "large"}, headers=OWNER).json()
    assert cdn.web.get(locate(cdn, link["url"])).status_code == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/html,image/avif,image/webp,image/apng,*/*;q=0.8", "image/avif"),
        ("image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "image/webp"),
        ("image/jpeg, image/png", "image/jpeg"),
    ],
)
def test_variant_has_the_best_format_of_the_viewer(
    cdn: Cdn,
    image: Any,  # noqa: ANN401 - JSON
    accept: str,
    content_type: str,
) -> None:
    response = cdn.web.get(f"/images/{image['id']}/content?width=64&v=1", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, content_type)
    assert "Accept" in response.headers["Vary"]


def test_query_in_any_order_is_the_same_request(cdn: Cdn, image: Any) -> None:  # noqa: ANN401 - JSON
    image_id = image["id"]
    link = cdn.web.post(f"/images/{image_id}/links", json={"rendition": "small"}, headers=OWNER).json()
    path, _, query = locate(cdn, link["url"]).partition("?")
    turned = "&".join(reversed(query.split("&")))
    assert turned != query
    assert cdn.web.get(f"{path}?{turned}").status_code == 200


def test_every_response_has_the_headers_of_security(cdn: Cdn, image: Any) -> None:  # noqa: ANN401 - JSON
    for path, status in (("/limits", 200), (f"/images/{image['id']}/content/small", 200), ("/images/x", 404)):
        response = cdn.web.get(path)
        assert response.status_code == status
        assert response.headers["Strict-Transport-Security"] == HSTS
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"]


def test_page_keeps_its_own_stricter_policy(cdn: Cdn) -> None:
    page = cdn.web.get("/docs")
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_log_has_the_network_of_the_viewer_whom_the_cdn_saw(cdn: Cdn) -> None:
    assert cdn.web.get("/me", headers=OWNER | {"X-Viewer-Address": "203.0.113.7"}).status_code == 200

    def find_networks() -> set[str] | None:
        lines = [json.loads(line) for line in cdn.stack.read_logs("api") if line.startswith("{")]
        return {line["network"] for line in lines if line.get("route") == "/me" and "network" in line} or None

    assert await_value(find_networks) <= {"127.0.0.0/24", "::/48"}


@pytest.mark.parametrize("change", ["hide", "trash", "replace", "delete"])
def test_cdn_forgets_an_image_that_everyone_saw(cdn: Cdn, image: Any, change: str) -> None:  # noqa: ANN401 - JSON
    path = f"/images/{image['id']}"
    files = {"file": ("b.jpg", make_photo(7), "image/jpeg")}
    responses = {
        "hide": lambda: cdn.web.patch(path, json={"visibility": "private"}, headers=OWNER),
        "trash": lambda: cdn.web.post(f"{path}/trash", headers=OWNER),
        "replace": lambda: cdn.web.put(f"{path}/content", files=files, headers=OWNER),
        "delete": lambda: cdn.web.delete(path, headers=OWNER),
    }
    assert responses[change]().is_success
    cloudfront, name = cdn.stack.client("cloudfront"), cdn.stack.outputs["DistributionId"]

    def find_path() -> bool | None:
        made = cloudfront.list_invalidations(DistributionId=name)["InvalidationList"].get("Items", [])
        batches = [
            cloudfront.get_invalidation(DistributionId=name, Id=each["Id"])["Invalidation"] for each in made
        ]
        paths = {path for batch in batches for path in batch["InvalidationBatch"]["Paths"]["Items"]}
        return True if f"{path}/*" in paths else None

    assert await_value(find_path)


def test_original_leaves_the_cdn_for_the_bucket(cdn: Cdn, image: Any) -> None:  # noqa: ANN401 - JSON
    link = cdn.web.post(f"/images/{image['id']}/links", json={"rendition": "original"}, headers=OWNER).json()
    response = cdn.web.get(locate(cdn, link["url"]))
    assert (response.status_code, response.headers["Cache-Control"]) == (302, "private, no-store")
    assert httpx.get(response.headers["Location"]).content == PHOTO
