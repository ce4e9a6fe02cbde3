from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.models import Exif, Location
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api

PICTURE = make_picture()
MISSING = "00000000-0000-4000-8000-000000000000"


EXIF = Exif(camera="Canon", location=Location(latitude=48.1, longitude=11.5))


class TestContent:
    def test_owner_is_led_to_the_original(self, api: Api) -> None:
        image = api.upload(PICTURE)
        response = api.get(f"/images/{image['id']}/content", user="ann")
        assert (response.status, response.headers["Cache-Control"]) == (302, "private, no-store")
        assert f"/originals/{image['id']}?" in response.headers["Location"]

    def test_everyone_else_is_led_to_the_large_rendition(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        response = api.get(f"/images/{image['id']}/content")
        assert f"/renditions/{image['id']}/large.webp?" in response.headers["Location"]
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
