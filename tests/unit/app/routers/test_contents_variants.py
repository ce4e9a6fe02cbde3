from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_make_variant
from app.main import create_app
from app.parameters import get_variant_mode
from shared.variants import VariantMode
from tests.support.api import BASE_URL
from tests.support.faults import break_calls
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.support.api import Api

PICTURE = make_picture()
SIGNED, DISABLED = VariantMode.SIGNED, VariantMode.DISABLED
EVERY_PARAMETER = "width=64&height=64&fit=cover&format=png"


@pytest.fixture(autouse=True)
def _stand_ins(api: Api) -> None:
    """Variants are texts here that tell how they were made."""
    del api  # its overrides come first
    overrides = create_app().dependency_overrides
    overrides[get_make_variant] = lambda: lambda data, variant: data + f" as {variant.name}".encode()


def set_mode(mode: VariantMode) -> None:
    create_app().dependency_overrides[get_variant_mode] = lambda: mode


def make_link(api: Api, image_id: str, **body: Any) -> str:  # noqa: ANN401 - JSON
    """Return the path of a link, with its query."""
    response = api.post(f"/images/{image_id}/links", user="ann", json=body)
    assert response.status == 201, response.body
    url: str = response.json["url"]
    return url.removeprefix(BASE_URL)


@pytest.mark.parametrize("user", [None, "ben", "ann"])
def test_everyone_gets_a_variant_of_a_public_image(api: Api, user: str | None) -> None:
    image = api.upload_ready(PICTURE, visibility="public")
    response = api.get(f"/images/{image['id']}/content?width=64&format=png&v=1", user=user)
    assert (response.status, response.headers["Content-Type"]) == (200, "image/png")
    assert b" as 64x32" in response.body
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable, s-maxage=60"
    assert response.headers["Vary"] == "Authorization, X-User-Id"


@pytest.mark.parametrize("query", ["width=64", "width=64&format=auto", "format=auto"])
def test_response_varies_by_accept_exactly_where_accept_chose(api: Api, query: str) -> None:
    image = api.upload_ready(PICTURE, visibility="public")
    url = f"/images/{image['id']}/content"
    for accept, content_type in (("image/avif,*/*", "image/avif"), ("*/*", "image/webp")):
        sent = {"Accept": accept}
        response = api.get(f"{url}?{query}", headers=sent)
        assert (response.status, response.headers["Content-Type"]) == (200, content_type)
        again = api.get(f"{url}?{query}", headers=sent | {"If-None-Match": response.headers["ETag"]})
        for found in (response, again):
            assert found.headers["Vary"] == "Accept, Authorization, X-User-Id"
        for other in (f"{url}?width=64&format=webp", f"{url}/small", url):
            assert "Accept" not in api.get(other, headers=sent).headers["Vary"]


@pytest.mark.parametrize(
    ("query", "field", "allowed"),
    [
        ("width=65", "width", "64, 320, 640"),
        ("width=64&height=63", "height", "36, 43, 48, 64, 85, 96, 114"),
        ("height=63", "height", "64, 320, 640"),
        ("width=x", "width", "integer"),
        ("width=64&width=64", "width", "integer"),
        ("fit=fill&width=64", "fit", "'inside' or 'cover'"),
        ("fit=cover", "fit", "a width or a height"),
        ("fit=inside&format=png", "fit", "a width or a height"),
        ("format=gif", "format", "auto|avif|webp|jpeg|png"),
        ("format=", "format", "auto|avif|webp|jpeg|png"),
        ("quality=5", "quality", "not a known field"),
    ],
)
def test_what_is_outside_the_closed_set_is_named(api: Api, query: str, field: str, allowed: str) -> None:
    image = api.upload_ready(PICTURE, visibility="public")
    for user in (None, "ann"):
        response = api.get(f"/images/{image['id']}/content?{query}", user=user)
        assert response.problem == (422, "invalid_fields", [field])
        assert allowed in response.json["errors"][0]["message"]


@pytest.mark.parametrize("parameter", EVERY_PARAMETER.split("&"))
def test_rendition_takes_no_parameter_of_a_variant(api: Api, parameter: str) -> None:
    image = api.upload_ready(PICTURE, visibility="public")
    response = api.get(f"/images/{image['id']}/content/small?{parameter}")
    assert response.problem == (422, "invalid_fields", [parameter.partition("=")[0]])


def test_link_opens_the_variant_that_it_was_made_for_and_no_other(api: Api) -> None:
    image = api.upload_ready(PICTURE, visibility="private")
    path = make_link(api, image["id"], width=65, height=40, fit="cover", format="jpeg")
    response = api.get(path)
    assert (response.status, response.headers["Cache-Control"]) == (200, "private, max-age=60")
    assert b" as 65x40-cover" in response.body
    changes = [("65", "66"), ("=40", "=41"), ("cover", "inside"), ("jpeg", "png"), ("fit=cover&", "")]
    for other in (*(path.replace(*change) for change in changes), f"{path}&download=1", f"{path}&v=1"):
        assert api.get(other).status == 404


def test_link_may_save_a_variant_as_a_file(api: Api) -> None:
    image = api.upload_ready(PICTURE, visibility="private", filename="cat.jpg")
    path = make_link(api, image["id"], width=65, format="png", download=True)
    assert api.get(path).headers["Content-Disposition"] == "attachment; filename*=UTF-8''cat.png"


def test_download_is_the_same_variant(api: Api) -> None:
    image = api.upload_ready(PICTURE, visibility="public", filename="cat.jpg")
    url = f"/images/{image['id']}/content?width=64&format=avif"
    shown, saved = api.get(url), api.get(f"{url}&download=1")
    assert shown.headers["Content-Disposition"] == "inline; filename*=UTF-8''cat.avif"
    assert saved.headers["Content-Disposition"] == "attachment; filename*=UTF-8''cat.avif"
    assert (saved.body, saved.headers["ETag"]) == (shown.body, shown.headers["ETag"])


def test_variant_of_a_private_image_is_for_its_owner(api: Api) -> None:
    image = api.upload_ready(PICTURE, visibility="private")
    url = f"/images/{image['id']}/content?width=64&format=webp&v=1"
    assert [api.get(url, user=user).status for user in ("ann", "ben", None)] == [200, 404, 404]
    assert api.get(url, user="ann").headers["Cache-Control"] == "private, max-age=60"


def test_client_that_has_a_variant_gets_304_without_a_call_of_s3(api: Api, s3: S3Client) -> None:
    image = api.upload_ready(PICTURE, visibility="public")
    url = f"/images/{image['id']}/content?width=64&v=1"
    etag = api.get(url).headers["ETag"]
    reading = break_calls(s3, "GetObject")
    known = api.get(url, headers={"If-None-Match": etag})
    assert (known.status, known.body, known.headers["ETag"], reading.tries) == (304, b"", etag, 0)


@pytest.mark.parametrize("path", ["content?width=64&v=1", "content/small?v=1"])
def test_head_has_the_headers_and_a_range_gets_the_whole(api: Api, path: str) -> None:
    image = api.upload_ready(PICTURE, visibility="public")
    url = f"/images/{image['id']}/{path}"
    whole = api.get(url)
    head = api.request("HEAD", url)
    assert (head.status, head.body, head.headers) == (200, b"", whole.headers)
    part = api.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (200, whole.body)


class TestModes:
    @pytest.mark.parametrize("mode", VariantMode)
    def test_request_without_parameters_shows_the_rendition(self, api: Api, mode: VariantMode) -> None:
        set_mode(mode)
        image = api.upload_ready(PICTURE, visibility="public")
        url = f"/images/{image['id']}/content"
        for path, name in ((url, "large"), (f"{url}?v=1&download=1", "large"), (f"{url}/small", "small")):
            response = api.get(path)
            assert (response.status, response.body) == (
                200,
                f"renditions/{image['id']}/1/{name}.webp".encode(),
            )
        assert api.get(url, user="ann").status == 302

    @pytest.mark.parametrize("parameter", [*EVERY_PARAMETER.split("&"), "format=auto", EVERY_PARAMETER])
    @pytest.mark.parametrize(("mode", "allowed"), [(SIGNED, "signed link"), (DISABLED, "a rendition")])
    def test_every_parameter_is_refused(
        self, api: Api, mode: VariantMode, allowed: str, parameter: str
    ) -> None:
        set_mode(mode)
        image = api.upload_ready(PICTURE, visibility="public")
        sent = [part.partition("=")[0] for part in parameter.split("&")]
        for user in (None, "ben", "ann"):
            response = api.get(f"/images/{image['id']}/content?{parameter}", user=user)
            assert response.problem == (422, "invalid_fields", sent)
            assert all(allowed in error["message"] for error in response.json["errors"])

    def test_signed_links_open_variants_where_they_are_for_links_alone(self, api: Api) -> None:
        set_mode(SIGNED)
        image = api.upload_ready(PICTURE, visibility="public")
        response = api.get(make_link(api, image["id"], width=65, format="png"))
        assert (response.status, response.headers["Content-Type"]) == (200, "image/png")

    def test_no_link_to_a_variant_is_made_or_opened_where_there_are_none(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        links = f"/images/{image['id']}/links"
        before = make_link(api, image["id"], width=65)
        set_mode(DISABLED)
        assert api.get(before).problem == (422, "invalid_fields", ["width"])
        for body in ({"width": 65, "fit": "cover"}, {"format": "auto"}):
            response = api.post(links, user="ann", json=body)
            assert response.problem == (422, "invalid_fields", [*body])
            assert "no variants" in response.json["errors"][0]["message"]
            assert api.post(links, user="ben", json=body).status == 403
        assert api.get(make_link(api, image["id"], rendition="small")).status == 200

    def test_link_to_a_fit_without_a_size_is_not_made(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        response = api.post(f"/images/{image['id']}/links", user="ann", json={"fit": "cover"})
        assert response.problem == (422, "invalid_fields", ["fit"])
