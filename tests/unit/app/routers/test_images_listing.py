from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.records import RecordPage
from tests.support.api import BASE_URL
from tests.support.images import make_ready
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from shared.models import Image
    from tests.support.api import Api

PICTURE = make_picture()


class TestList:
    def test_caller_sees_what_is_public_and_what_is_their_own(self, api: Api) -> None:
        ids = {
            (user, visibility): api.upload_ready(PICTURE, user=user, visibility=visibility)["id"]
            for user in ("ann", "ben")
            for visibility in ("public", "private")
        }

        def list_ids(query: str, user: str | None) -> set[tuple[str, str]]:
            listed = {image["id"] for image in api.get(f"/images{query}", user=user).json["images"]}
            return {name for name, image_id in ids.items() if image_id in listed}

        public = {("ann", "public"), ("ben", "public")}
        assert list_ids("", None) == public
        assert list_ids("", "ann") == public | {("ann", "private")}
        assert list_ids("?userId=ann", "ann") == {("ann", "public"), ("ann", "private")}
        assert list_ids("?userId=ann", "ben") == {("ann", "public")}
        assert list_ids("?userId=ann&visibility=private", "ben") == set()
        assert list_ids("?visibility=private", "ann") == {("ann", "private")}
        assert list_ids("?visibility=private", None) == set()
        assert list_ids("?visibility=public", "ann") == public
        assert list_ids("?userId=ann", None) == {("ann", "public")}

    def test_tags_match_all_or_any(self, api: Api) -> None:
        both, sun, sea, _ = (
            api.upload_ready(PICTURE, visibility="public", tags=tags)["id"]
            for tags in (["sun", "sea"], ["sun"], ["sea"], [])
        )

        def list_ids(query: str) -> list[str]:
            return [image["id"] for image in api.get(f"/images?{query}").json["images"]]

        assert list_ids("tags=sun,sea") == [both]
        assert list_ids("tags=sun&tags=sea&match=all") == [both]
        assert list_ids("tags=sun&tags=sea&match=any") == [sea, sun, both]
        assert list_ids("tags=sun") == [sun, both]
        assert list_ids("tags=moon,sun") == []
        assert list_ids("order=asc&match=any&tags=sun,sea") == [both, sun, sea]

    def test_created_after_and_before(self, api: Api) -> None:
        times = [api.upload_ready(PICTURE, visibility="public")["createdAt"] for _ in range(3)]
        query = f"createdAfter={times[0]}&createdBefore={times[2]}"
        assert [image["createdAt"] for image in api.get(f"/images?{query}").json["images"]] == [times[1]]
        swapped = f"createdAfter={times[2]}&createdBefore={times[0]}"
        assert api.get(f"/images?{swapped}").json == {"images": [], "nextCursor": None}

    @pytest.mark.parametrize("limit", [1, 3, 7])
    def test_walking_all_pages_gives_every_image_once(
        self, api: Api, images: ImageRepository, limit: int
    ) -> None:
        ids = [images.add(make_ready()).id for _ in range(7)]
        pages = api.walk(f"/images?limit={limit}")
        seen = [image["id"] for page in pages for image in page["images"]]
        assert seen == ids[::-1]

    def test_cursor_is_bound_to_query_and_caller(self, api: Api, images: ImageRepository) -> None:
        for _ in range(2):
            images.add(make_ready())
        cursor = api.get("/images?limit=1").json["nextCursor"]
        assert api.get(f"/images?limit=2&cursor={cursor}").status == 200
        for url, user in (
            (f"/images?cursor={cursor}&order=asc", None),
            (f"/images?cursor={cursor}", "ann"),
            ("/images?cursor=AAAA", None),
        ):
            assert api.get(url, user=user).problem == (422, "invalid_fields", ["cursor"])

    def test_parameter_given_twice_is_named(self, api: Api) -> None:
        names = ["order", "limit", "cursor", "userId", "match", "visibility", "createdAfter", "createdBefore"]
        names.append("sha256")
        for name in names:
            for value in ("asc", "2026-01-01T00:00:00Z", ""):
                response = api.get(f"/images?{name}={value}&{name}={value}")
                assert response.problem == (422, "invalid_fields", [name])

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("limit=0", ["limit"]),
            ("limit=101&order=up", ["limit", "order"]),
            ("limit=x", ["limit"]),
            ("limit=1&limit=2", ["limit"]),
            ("createdAfter=yesterday", ["createdAfter"]),
            ("createdAfter=-5", ["createdAfter"]),
            ("createdAfter=2026-01-01T00:00:00", ["createdAfter"]),
            ("createdBefore=0001-01-01T00:00:00%2B14:00", ["createdBefore"]),
            ("visibility=all", ["visibility"]),
            ("match=some", ["match"]),
            ("page=2&sort=name", ["page", "sort"]),
            ("tags=" + "x" * 51, ["tags[0]"]),
            ("tags=" + ",".join("abcdefghijk"), ["tags"]),
            ("userId=a%20", ["userId"]),
            ("sha256=" + "0" * 63, ["sha256"]),
            ("sha256=" + "g" * 64, ["sha256"]),
            ("sha256=" + "0" * 64, ["sha256"]),
        ],
    )
    def test_wrong_parameter_is_named(self, api: Api, query: str, fields: list[str]) -> None:
        assert api.get(f"/images?{query}").problem == (422, "invalid_fields", fields)

    def test_owner_sees_their_originals_in_a_listing_and_nobody_else(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        (own,) = api.get("/images", user="ann").json["images"]
        assert own == image
        assert own["url"] == f"{BASE_URL}/images/{image['id']}/content"
        for user in (None, "ben"):
            (seen,) = api.get("/images", user=user).json["images"]
            assert seen == image | dict.fromkeys(("url", "size", "sha256", "exif"))

    def test_page_has_20_images_unless_it_is_asked_for_more(
        self, api: Api, images: ImageRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limits: list[int] = []

        def note(*_: object, limit: int) -> RecordPage[Image]:
            limits.append(limit)
            return RecordPage([], None)

        monkeypatch.setattr(images, "list_visible", note)
        for query in ("", "?limit=1", "?limit=100"):
            assert api.get(f"/images{query}").status == 200
        assert limits == [20, 1, 100]

    def test_cursor_of_one_users_images_is_refused_for_another(
        self, api: Api, images: ImageRepository
    ) -> None:
        for _ in range(2):
            images.add(make_ready())
        cursor = api.get("/images?userId=ann&limit=1").json["nextCursor"]
        assert len(api.get(f"/images?userId=ann&limit=1&cursor={cursor}").json["images"]) == 1
        response = api.get(f"/images?userId=ben&limit=1&cursor={cursor}")
        assert response.problem == (422, "invalid_fields", ["cursor"])
