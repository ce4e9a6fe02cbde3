from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import BASE_URL
from tests.support.images import make_pending
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from tests.support.api import Api

PICTURE = make_picture()


class TestContent:
    def test_owner_is_redirected_to_the_original(self, api: Api) -> None:
        image = api.upload(PICTURE)
        response = api.get(f"/images/{image['id']}/content", user="ann")
        assert (response.status, response.headers["Cache-Control"]) == (302, "private, no-store")
        assert f"/originals/{image['id']}/1?" in response.headers["Location"]

    def test_everyone_else_is_redirected_to_the_large_rendition(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        response = api.get(f"/images/{image['id']}/content")
        assert f"/renditions/{image['id']}/1/large.webp?" in response.headers["Location"]
        assert response.headers["Cache-Control"] == "public, max-age=60, must-revalidate"

    @pytest.mark.parametrize("name", ["huge", "../originals", "LARGE", "original"])
    def test_unknown_rendition_is_404(self, api: Api, name: str) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        assert api.get(f"/images/{image['id']}/content/{name}").problem[0] == 404

    def test_image_that_is_not_ready_has_no_rendition(self, api: Api) -> None:
        image = api.upload(PICTURE, visibility="public")
        assert api.get(f"/images/{image['id']}/content/large").status == 404
        problem = api.get(f"/images/{image['id']}/content/large", user="ann")
        assert (problem.status, "It is processing" in problem.json["detail"]) == (404, True)

    @pytest.mark.parametrize("path", ["content", "content/small"])
    def test_private_content_of_another_user_is_404(self, api: Api, path: str) -> None:
        image = api.upload_ready(PICTURE)
        assert api.get(f"/images/{image['id']}/{path}", user="ben").status == 404
        assert api.get(f"/images/{image['id']}/{path}", user="ann").status == 302

    @pytest.mark.parametrize(
        ("visibility", "user", "cache_control"),
        [
            ("public", None, "public, max-age=60, must-revalidate"),
            ("public", "ann", "public, max-age=60, must-revalidate"),
            ("private", "ann", "private, no-store"),
        ],
    )
    def test_redirect_to_a_rendition_is_shared_only_if_everyone_may_see_it(
        self, api: Api, visibility: str, user: str | None, cache_control: str
    ) -> None:
        image = api.upload_ready(PICTURE, visibility=visibility)
        response = api.get(f"/images/{image['id']}/content/small", user=user)
        assert (response.status, response.body) == (302, b"")
        assert response.headers["Cache-Control"] == cache_control
        location = response.headers["Location"]
        assert f"/renditions/{image['id']}/1/small.webp?" in location
        assert "response-cache-control=private" in location

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
            assert (response.status, response.headers["Cache-Control"]) == (302, "private, no-store")
            assert "/small.webp?" in response.headers["Location"]
        query = path.partition("?")[2]
        for other in (f"{url}?{query}", f"{url}/content?{query}", f"{url}/content/large?{query}"):
            assert api.get(other).status == 404

    @pytest.mark.parametrize("user", [None, "ben", "ann"])
    def test_wrong_signature_opens_nothing_and_does_not_stop_the_owner(
        self, api: Api, url: str, user: str | None
    ) -> None:
        link = api.post(f"{url}/links", user="ann").json["url"].removeprefix(BASE_URL)
        for query in (link[:-1] + ("A" if link[-1] != "A" else "B"), f"{url}/content/large?expires=x"):
            assert api.get(query, user=user).status == (302 if user == "ann" else 404)

    def test_links_end_when_they_are_revoked(self, api: Api, url: str) -> None:
        link = api.post(f"{url}/links", user="ann").json["url"].removeprefix(BASE_URL)
        assert api.get(link).status == 302
        response = api.request("DELETE", f"{url}/links", user="ann")
        assert (response.status, response.body) == (204, b"")
        assert api.get(link).status == 404
        again = api.post(f"{url}/links", user="ann").json["url"].removeprefix(BASE_URL)
        assert api.get(again).status == 302

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    @pytest.mark.parametrize(("visibility", "status"), [("public", 403), ("private", 404)])
    def test_only_the_owner_makes_and_revokes_links(
        self, api: Api, method: str, visibility: str, status: int
    ) -> None:
        url = f"/images/{api.upload_ready(PICTURE, visibility=visibility)['id']}/links"
        assert api.request(method, url, user="ben").status == status
        stale = {"If-Match": '"9"'}
        assert api.request(method, url, user="ann", headers=stale).problem[0] == 412
