"""Variants on demand, through the deployed API: made in its decoder's process, kept in the bucket."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from shared.keys import make_variants_prefix
from tests.support.client import await_end, await_value, find_objects, upload_form, upload_json
from tests.support.pictures import BLUE, GREEN, RED, WHITE, draw_quadrants, encode

if TYPE_CHECKING:
    import httpx

    from local.stack import Stack

WIDTH, HEIGHT = 1600, 800
EVE = {"X-User-Id": "eve"}
FORMATS = {
    "image/avif,image/webp,image/png,*/*;q=0.8": "AVIF",
    "image/webp,*/*": "WEBP",
    "*/*": "WEBP",
    "image/png,image/jpeg": "JPEG",
}


def make_photo(*, is_transparent: bool = False) -> bytes:
    """Red, green, blue and white. With transparency its left half cannot be seen."""
    image = draw_quadrants(WIDTH, HEIGHT)
    if is_transparent:
        mask = Image.new("L", image.size, 255)
        mask.paste(0, (0, 0, WIDTH // 2, HEIGHT))
        image.putalpha(mask)
    return encode(image)


@pytest.fixture(scope="module")
def url(api: httpx.Client) -> str:
    """The path of the bytes of a public image."""
    return upload_ready(api, make_photo())


@pytest.fixture(scope="module")
def transparent_url(api: httpx.Client) -> str:
    return upload_ready(api, make_photo(is_transparent=True))


def upload_ready(api: httpx.Client, photo: bytes, visibility: str = "public") -> str:
    image_id = upload_json(api, photo, user="eve", visibility=visibility)["id"]
    assert await_end(api, image_id, user="eve")["status"] == "ready"
    return f"/images/{image_id}/content"


def make_link(api: httpx.Client, url: str, **body: Any) -> str:  # noqa: ANN401 - JSON
    """Return the path of a link, with its query."""
    response = api.post(url.replace("/content", "/links"), json=body, headers=EVE)
    assert response.status_code == 201, response.text
    link: str = urlsplit(response.json()["url"])._replace(scheme="", netloc="").geturl()
    return link


def open_picture(api: httpx.Client, url: str, **headers: str) -> Image.Image:
    response = api.get(url, headers=headers)
    assert response.status_code == 200, response.text
    image = Image.open(BytesIO(response.content))
    assert response.headers["Content-Type"] == Image.MIME[str(image.format)]
    return image


def read_pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the colour at a place, given in percent."""
    pixel = image.convert("RGBA").getpixel((image.width * x // 100, image.height * y // 100))
    assert isinstance(pixel, tuple)
    return pixel


def is_near(pixel: tuple[int, ...], color: tuple[int, ...]) -> bool:
    return all(abs(one - other) < 25 for one, other in zip(pixel, color, strict=False))


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("width=320", (320, 160)),
        ("height=320", (640, 320)),
        ("width=640&height=480", (640, 320)),
        ("width=640&height=480&fit=cover", (640, 480)),
        ("width=1200&height=630&fit=cover", (1200, 630)),
        ("width=64&height=64&fit=cover", (64, 64)),
        ("width=2000", (1600, 800)),
        ("format=jpeg", (1600, 800)),
    ],
)
def test_variant_has_the_size_that_was_asked_for(
    api: httpx.Client, url: str, query: str, size: tuple[int, int]
) -> None:
    image = open_picture(api, f"{url}?{query}")
    assert image.size == size
    corners = [read_pixel(image, x, y) for y in (25, 75) for x in (25, 75)]
    assert all(map(is_near, corners, (RED, GREEN, BLUE, WHITE)))


@pytest.mark.parametrize(("accept", "name"), FORMATS.items())
def test_format_follows_accept(api: httpx.Client, url: str, accept: str, name: str) -> None:
    response = api.get(f"{url}?width=320", headers={"Accept": accept})
    assert Image.open(BytesIO(response.content)).format == name
    assert "Accept" in [part.strip() for part in response.headers["Vary"].split(",")]


@pytest.mark.parametrize("name", ["avif", "webp", "png"])
def test_transparency_is_kept(api: httpx.Client, transparent_url: str, name: str) -> None:
    image = open_picture(api, f"{transparent_url}?width=320&format={name}")
    assert (image.format, image.size) == (name.upper(), (320, 160))
    assert read_pixel(image, 25, 25)[3] < 10
    assert read_pixel(image, 75, 25)[3] > 245


def test_transparent_picture_lies_over_white_in_jpeg(api: httpx.Client, transparent_url: str) -> None:
    image = open_picture(api, f"{transparent_url}?width=320&format=jpeg")
    assert is_near(read_pixel(image, 25, 75), WHITE)
    assert is_near(read_pixel(image, 75, 25), GREEN)
    assert open_picture(api, f"{transparent_url}?width=320", Accept="image/jpeg,image/png").format == "PNG"


def test_link_opens_any_size_and_nothing_else(api: httpx.Client) -> None:
    url = upload_ready(api, make_photo(), "private")
    link = make_link(api, url, width=333, height=222, fit="cover", format="png")
    assert open_picture(api, link).size == (333, 222)
    query = urlsplit(link).query
    for change in (
        ("333", "334"),
        ("222", "223"),
        ("cover", "inside"),
        ("=png", "=jpeg"),
        ("fit=cover&", ""),
    ):
        assert api.get(link.replace(*change)).status_code == 404
    for other in (f"{link}&download=1", f"{link}&v=1", f"{url}/small?{query}", f"{url}?{query[:-1]}"):
        assert api.get(other).status_code == (422 if "small" in other else 404)
    assert api.delete(url.replace("/content", "/links"), headers=EVE).status_code == 204
    assert api.get(link).status_code == 404


def test_strangers_get_the_closed_set_alone(api: httpx.Client, url: str) -> None:
    for query, field in (("width=333", "width"), ("width=640&height=333", "height"), ("fit=cover", "fit")):
        response = api.get(f"{url}?{query}")
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


def test_private_image_of_another_has_no_variants(api: httpx.Client) -> None:
    url = upload_ready(api, make_photo(), "private") + "?width=320"
    assert [api.get(url, headers=headers).status_code for headers in (EVE, {"X-User-Id": "ann"}, {})] == [
        200,
        404,
        404,
    ]


def test_client_that_has_a_variant_gets_304(api: httpx.Client, url: str) -> None:
    shown = api.get(f"{url}?width=320&format=webp&v=1")
    assert shown.headers["Cache-Control"].startswith("public, max-age=31536000, immutable")
    again = api.get(f"{url}?width=320&format=webp&v=1", headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = api.head(f"{url}?width=320&format=webp&v=1")
    assert (head.status_code, head.headers["ETag"]) == (200, shown.headers["ETag"])
    assert api.get(f"{url}?width=320&format=webp&v=1").content == shown.content


def test_variants_are_kept_and_deleted_with_their_image(api: httpx.Client, stack: Stack) -> None:
    image_id = upload_form(api, make_photo(), user="eve", visibility="public")["id"]
    assert await_end(api, image_id, user="eve")["status"] == "ready"
    url = f"/images/{image_id}/content"

    def list_variants() -> list[str]:
        objects = find_objects(stack).get(image_id, [])
        return [key for key, *_ in objects if key.startswith(make_variants_prefix(image_id))]

    open_picture(api, f"{url}?width=640")  # is a rendition already
    open_picture(api, make_link(api, url, width=333))
    assert list_variants() == []
    for name in ("avif", "webp", "jpeg", "png"):
        open_picture(api, f"{url}?width=320&format={name}")
    assert sorted(key.rpartition(".")[2] for key in list_variants()) == ["avif", "jpeg", "png", "webp"]
    assert api.delete(f"/images/{image_id}", headers=EVE).status_code == 204
    await_value(lambda: None if find_objects(stack).get(image_id) else True)
    assert api.get(f"{url}?width=320&format=png").status_code == 404
