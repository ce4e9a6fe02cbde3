from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.responses.cors import EXPOSED_HEADERS
from shared.models import Rendition
from shared.renditions import RenditionName
from tests.support.api import BASE_URL
from tests.support.faults import break_calls
from tests.support.images import RENDITIONS, make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from tests.support.api import Api

PICTURE = make_picture()
MOVING = {RenditionName.ANIMATION: Rendition(width=80, height=40, size=10)}


class TestContent:
    def test_owner_is_redirected_to_the_original(self, api: Api) -> None:
        image = api.upload(PICTURE)
        for path in ("content", "content/original"):
            response = api.get(f"/images/{image['id']}/{path}", user="ann")
            assert (response.status, response.headers["Cache-Control"]) == (302, "private, no-store")
            assert f"/originals/{image['id']}/1?" in response.headers["Location"]
            saved = api.get(f"/images/{image['id']}/{path}?download=1", user="ann")
            assert "response-content-disposition=attachment" in saved.headers["Location"]

    @pytest.mark.parametrize(("visibility", "status"), [("public", 403), ("private", 404)])
    def test_original_is_for_its_owner_alone(self, api: Api, visibility: str, status: int) -> None:
        image = api.upload_ready(PICTURE, visibility=visibility)
        for user in (None, "ben"):
            assert api.get(f"/images/{image['id']}/content/original", user=user).status == status

    def test_everyone_else_gets_the_large_rendition(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        response = api.get(f"/images/{image['id']}/content")
        assert (response.status, response.body) == (200, f"renditions/{image['id']}/1/large.webp".encode())
        assert response.headers["ETag"] == '"1-large"'

    def test_still_image_has_no_animation(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        problem = api.get(f"/images/{image['id']}/content/animation").json
        assert (problem["status"], problem["code"]) == (404, "not_found")

    @pytest.mark.parametrize("name", RenditionName)
    def test_rendition_is_its_bytes(self, api: Api, name: RenditionName) -> None:
        facts = {"renditions": RENDITIONS | MOVING, "animated": True}
        image = api.upload_ready(PICTURE, facts=facts, visibility="public", filename="Été.jpg")
        response = api.get(f"/images/{image['id']}/content/{name}?v=1")
        assert (response.status, response.body) == (200, f"renditions/{image['id']}/1/{name}.webp".encode())
        assert dict(response.headers) == {
            "Content-Type": "image/webp",
            "Content-Disposition": "inline; filename*=UTF-8''%C3%89t%C3%A9.webp",
            "ETag": f'"1-{name}"',
            "Cache-Control": "public, max-age=31536000, immutable, s-maxage=60",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": ",".join(EXPOSED_HEADERS),
            "Vary": "Authorization, X-User-Id",
            "X-Content-Type-Options": "nosniff",
        }

    def test_download_is_saved_under_the_name_of_the_image(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public", filename="cat.v2.jpg")
        response = api.get(f"/images/{image['id']}/content/small?download=1")
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''cat.v2.webp"

    def test_head_has_the_headers_and_no_bytes(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        url = f"/images/{image['id']}/content/small?v=1"
        response = api.request("HEAD", url)
        assert (response.status, response.body) == (200, b"")
        assert response.headers == api.get(url).headers

    @pytest.mark.parametrize("known", ['"1-small"', 'W/"1-small"', '"x", "1-small"', "*"])
    def test_client_that_has_the_bytes_gets_304_without_a_call_of_s3(
        self, api: Api, s3: S3Client, known: str
    ) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        url = f"/images/{image['id']}/content/small?v=1"
        fresh = api.get(url)
        reading = break_calls(s3, "GetObject")
        response = api.get(url, headers={"If-None-Match": known})
        assert (response.status, response.body, reading.tries) == (304, b"", 0)
        dropped = {"Content-Type", "Content-Disposition"}
        assert {**fresh.headers} == {**response.headers} | {name: fresh.headers[name] for name in dropped}

    def test_etag_of_another_rendition_is_not_known(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        url = f"/images/{image['id']}/content/small"
        for known in ('"1-large"', '"2-small"', "x"):
            assert api.get(url, headers={"If-None-Match": known}).status == 200

    @pytest.mark.parametrize(
        ("visibility", "user", "query", "cache_control"),
        [
            ("public", None, "?v=1", "public, max-age=31536000, immutable, s-maxage=60"),
            ("public", "ann", "?v=1", "public, max-age=31536000, immutable, s-maxage=60"),
            ("public", None, "", "public, max-age=60, s-maxage=60"),
            ("public", None, "?v=2", "public, max-age=60, s-maxage=60"),
            ("public", None, "?v=x", "public, max-age=60, s-maxage=60"),
            ("private", "ann", "?v=1", "private, max-age=60"),
            ("private", "ann", "", "private, max-age=60"),
        ],
    )
    def test_only_what_everyone_may_see_is_for_shared_caches(
        self, api: Api, visibility: str, user: str | None, query: str, cache_control: str
    ) -> None:
        image = api.upload_ready(PICTURE, visibility=visibility)
        response = api.get(f"/images/{image['id']}/content/small{query}", user=user)
        assert (response.status, response.headers["Cache-Control"]) == (200, cache_control)

    def test_signed_url_of_a_response_is_kept_until_it_ends(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="private")
        url = urlsplit(image["renditions"]["small"]["url"])
        response = api.get(f"{url.path}?{url.query}")
        left = int(dict(parse_qsl(url.query))["expires"]) - datetime.now(UTC).timestamp()
        seconds = int(response.headers["Cache-Control"].removeprefix("private, max-age="))
        assert 0 <= left - seconds < 10
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"

    def test_pages_of_other_origins_cannot_embed_what_a_token_opened(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="private")
        response = api.get(f"/images/{image['id']}/content/small", user="ann")
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.headers["Vary"] == "Origin, Authorization, X-User-Id"
        assert "Access-Control-Allow-Origin" not in response.headers

    def test_image_that_became_private_is_gone_for_the_next_request(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        url = f"/images/{image['id']}/content/small?v=1"
        known = {"If-None-Match": api.get(url).headers["ETag"]}
        api.request("PATCH", f"/images/{image['id']}", user="ann", json={"visibility": "private"})
        assert api.get(url, headers=known).status == 404

    @pytest.mark.parametrize("name", ["huge", "../originals", "LARGE"])
    def test_unknown_rendition_is_404(self, api: Api, name: str) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        assert api.get(f"/images/{image['id']}/content/{name}").problem[0] == 404

    @pytest.mark.parametrize("path", ["content/small", "content/original"])
    @pytest.mark.parametrize(
        ("query", "field"),
        [("width=200", "width"), ("download=yes", "download"), ("v=1&v=2", "v"), ("userId=ann", "userId")],
    )
    def test_unknown_parameter_or_value_is_422(self, api: Api, path: str, query: str, field: str) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        response = api.get(f"/images/{image['id']}/{path}?{query}", user="ann")
        assert response.problem == (422, "invalid_fields", [field])

    def test_image_that_is_not_ready_has_no_rendition(self, api: Api) -> None:
        image = api.upload(PICTURE, visibility="public")
        assert api.get(f"/images/{image['id']}/content/large").status == 404
        problem = api.get(f"/images/{image['id']}/content/large", user="ann")
        assert problem.problem == (404, "not_ready", [])
        assert (problem.headers["Retry-After"], "It is processing" in problem.json["detail"]) == ("2", True)

    @pytest.mark.parametrize(("path", "status"), [("content", 302), ("content/small", 200)])
    def test_private_content_of_another_user_is_404(self, api: Api, path: str, status: int) -> None:
        image = api.upload_ready(PICTURE)
        assert api.get(f"/images/{image['id']}/{path}", user="ben").status == 404
        assert api.get(f"/images/{image['id']}/{path}", user="ann").status == status

    def test_original_of_an_image_without_one_is_404_and_says_why(
        self, api: Api, images: ImageRepository
    ) -> None:
        image = images.add(make_pending(visibility="private"))
        response = api.get(f"/images/{image.id}/content", user="ann")
        assert response.problem == (404, "not_found", [])
        assert response.json["detail"] == "This image has no original, because it is pending."


class TestLinks:
    @pytest.fixture
    def url(self, api: Api) -> str:
        """The path of a private image that is ready."""
        return f"/images/{api.upload_ready(PICTURE, visibility='private')['id']}"

    @pytest.mark.parametrize(
        ("body", "rendition", "seconds"),
        [
            (None, "large", 3600),
            ({}, "large", 3600),
            ({"rendition": "small"}, "small", 3600),
            ({"expiresIn": 1}, "large", 1),
            ({"expiresIn": 604_800}, "large", 604_800),
            ({"rendition": "original"}, "original", 300),
            ({"rendition": "original", "expiresIn": 5}, "original", 5),
        ],
    )
    def test_link_shows_its_rendition_until_it_ends(
        self,
        api: Api,
        url: str,
        body: dict[str, Any] | None,
        rendition: str,
        seconds: int,
    ) -> None:
        response = api.post(f"{url}/links", user="ann", json=body)
        assert response.status == 201
        link, expires_at = response.json["url"], datetime.fromisoformat(response.json["expiresAt"])
        assert link.startswith(f"{BASE_URL}{url}/content/{rendition}?expires={int(expires_at.timestamp())}&")
        assert expires_at.microsecond == 0
        left = expires_at - datetime.now(UTC)
        assert timedelta(seconds=seconds - 30) < left <= timedelta(seconds=seconds)

    def test_link_opens_its_rendition_for_everyone_and_nothing_else(self, api: Api, url: str) -> None:
        link = api.post(f"{url}/links", user="ann", json={"rendition": "small"}).json["url"]
        path = link.removeprefix(BASE_URL)
        for user in (None, "ben"):
            response = api.get(path, user=user)
            assert (response.status, response.headers["Cache-Control"]) == (200, "private, max-age=60")
            assert response.headers["ETag"] == '"1-small"'
        query = path.partition("?")[2]
        for other in (
            f"{url}?{query}",
            f"{url}/content?{query}",
            f"{url}/content/large?{query}",
            f"{url}/content/original?{query}",
            f"{path}&download=1",
            f"{path}&v=1",
        ):
            assert api.get(other).status == 404

    def test_link_may_be_for_a_download(self, api: Api, url: str) -> None:
        link = api.post(f"{url}/links", user="ann", json={"download": True}).json["url"]
        path = link.removeprefix(BASE_URL)
        assert api.get(path).headers["Content-Disposition"].startswith("attachment")
        assert api.get(path.replace("download=1&", "")).status == 404

    def test_link_to_the_original_needs_no_token(self, api: Api, url: str) -> None:
        """A client that carries a token along a redirect gets 400 from S3."""
        link = api.post(f"{url}/links", user="ann", json={"rendition": "original"}).json["url"]
        response = api.get(link.removeprefix(BASE_URL))
        assert response.status == 302
        assert "/originals/" in response.headers["Location"]
        assert "X-Amz-Expires=60" in response.headers["Location"]
        api.request("DELETE", f"{url}/links", user="ann")
        assert api.get(link.removeprefix(BASE_URL)).status == 404

    def test_link_to_the_original_ends_within_five_minutes(self, api: Api, url: str) -> None:
        body = {"rendition": "original", "expiresIn": 301}
        response = api.post(f"{url}/links", user="ann", json=body)
        assert response.problem == (422, "invalid_fields", ["expiresIn"])

    @pytest.mark.parametrize("user", [None, "ben", "ann"])
    def test_wrong_signature_opens_nothing_and_does_not_stop_the_owner(
        self, api: Api, url: str, user: str | None
    ) -> None:
        link = api.post(f"{url}/links", user="ann").json["url"].removeprefix(BASE_URL)
        for query in (link[:-1] + ("A" if link[-1] != "A" else "B"), f"{url}/content/large?expires=x"):
            assert api.get(query, user=user).status == (200 if user == "ann" else 404)

    def test_links_end_when_they_are_revoked(self, api: Api, url: str) -> None:
        link = api.post(f"{url}/links", user="ann").json["url"].removeprefix(BASE_URL)
        assert api.get(link).status == 200
        response = api.request("DELETE", f"{url}/links", user="ann")
        assert (response.status, response.body) == (204, b"")
        assert api.get(link).status == 404
        again = api.post(f"{url}/links", user="ann").json["url"].removeprefix(BASE_URL)
        assert api.get(again).status == 200

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    @pytest.mark.parametrize(("visibility", "status"), [("public", 403), ("private", 404)])
    def test_only_the_owner_makes_and_revokes_links(
        self, api: Api, method: str, visibility: str, status: int
    ) -> None:
        url = f"/images/{api.upload_ready(PICTURE, visibility=visibility)['id']}/links"
        assert api.request(method, url, user="ben").status == status
        stale = {"If-Match": '"9"'}
        assert api.request(method, url, user="ann", headers=stale).problem[0] == 412
