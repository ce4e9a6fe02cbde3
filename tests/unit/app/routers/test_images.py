from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.models import Exif, Location
from tests.support.api import BASE_URL
from tests.support.faults import break_calls
from tests.support.images import finish
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()
MISSING = "00000000-0000-4000-8000-000000000000"


EXIF = Exif(camera="Canon", location=Location(latitude=48.1, longitude=11.5))


class TestRead:
    def test_private_image_of_another_user_is_404_as_one_that_does_not_exist(self, api: Api) -> None:
        image = api.upload(PICTURE)
        responses = [api.get(f"/images/{image_id}", user="ben") for image_id in (image["id"], MISSING)]
        assert [response.problem for response in responses] == [(404, "not_found", [])] * 2
        assert responses[0].body == responses[1].body

    @pytest.mark.parametrize(
        "image_id", ["x", "IMAGE", "ABCDEFAB-0000-4000-8000-000000000000", "%20", "x" * 5000, "..", "é"]
    )
    def test_odd_id_is_404_without_a_call(self, api: Api, dynamodb: DynamoDBClient, image_id: str) -> None:
        reading = break_calls(dynamodb, "GetItem")
        assert api.get(f"/images/{image_id}").status == 404
        assert reading.tries == 0

    def test_stranger_sees_renditions_of_a_public_image_and_no_original(
        self, api: Api, images: ImageRepository
    ) -> None:
        image = api.upload(PICTURE, visibility="public")
        finish(images, image["id"], exif=EXIF)
        seen = api.get(f"/images/{image['id']}").json
        assert seen["url"] is None
        assert seen["status"] == "ready"
        assert seen["renditions"]["small"]["url"] == f"{BASE_URL}/images/{image['id']}/content/small?v=1"

    @pytest.mark.parametrize("user", [None, "ben"])
    def test_facts_of_the_original_are_for_the_owner_alone(
        self, api: Api, images: ImageRepository, user: str | None
    ) -> None:
        image = api.upload(PICTURE, visibility="public")
        finish(images, image["id"], exif=EXIF)
        url = f"/images/{image['id']}"
        assert api.get(url, user="ann").json["exif"]["location"]["latitude"] == 48.1
        for seen in (api.get(url, user=user).json, api.get("/images", user=user).json["images"][0]):
            assert (seen["exif"], seen["sha256"], seen["size"]) == (None, None, None)

    def test_owner_sees_the_original(self, api: Api) -> None:
        image = api.upload(PICTURE)
        seen = api.get(f"/images/{image['id']}", user="ann").json
        assert seen == image
        assert seen["url"] == f"{BASE_URL}/images/{image['id']}/content"

    def test_view_of_the_owner_is_never_taken_for_the_public_one(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public")
        url = f"/images/{image['id']}"
        own, public = api.get(url, user="ann"), api.get(url)
        assert own.headers["ETag"] != public.headers["ETag"]
        assert api.get(url, headers={"If-None-Match": own.headers["ETag"]}).status == 200
        for response in (own, public, api.get(f"{url}/content", user="ann"), api.get("/images/x")):
            assert response.headers["Vary"].endswith("Origin, Authorization, X-User-Id")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert api.get(f"{url}/content", user="ann").headers["Cache-Control"] == "private, no-store"
        assert own.headers["Cache-Control"] == "private, no-cache"
        assert public.headers["Cache-Control"] == "public, no-cache"
        assert api.get("/images/x").headers["Cache-Control"] == "no-store"

    def test_unchanged_image_is_304(self, api: Api) -> None:
        image = api.upload(PICTURE)
        url = f"/images/{image['id']}"
        etag = api.get(url, user="ann").headers["ETag"]
        response = api.get(url, user="ann", headers={"If-None-Match": f'"x", W/{etag}'})
        assert (response.status, response.body, response.headers["ETag"]) == (304, b"", etag)
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert api.get(url, user="ann", headers={"If-None-Match": '"0"'}).status == 200
        assert api.get(url, user="ann", headers={"If-None-Match": "*"}).status == 304


class TestUpdate:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    @pytest.mark.parametrize(
        ("update", "expected"),
        [
            ({}, {}),
            ({"description": "New."}, {"description": "New."}),
            ({"description": None}, {"description": None}),
            ({"tags": ["z"]}, {"tags": ["z"]}),
            ({"tags": None}, {"tags": []}),
            ({"visibility": "private"}, {"visibility": "private"}),
            ({"visibility": None}, {"visibility": "private"}),
            ({"filename": "a/b.png"}, {"filename": "b.png"}),
            ({"filename": None}, {"filename": "image.jpeg"}),
        ],
    )
    def test_named_fields_change_and_others_stay(
        self, api: Api, method: str, update: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        before = api.upload(PICTURE, visibility="public", description="Old.", tags=["x"])
        response = api.request(method, f"/images/{before['id']}", user="ann", json=update)
        changed = {"updatedAt": response.json["updatedAt"], "version": 2, **expected}
        assert response.status == 200
        assert response.headers["ETag"] == '"2"'
        assert response.json == before | changed
        assert api.get(f"/images/{before['id']}", user="ann").json == response.json

    @pytest.mark.parametrize("visibility", ["public", "private"])
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_stranger_changes_nothing(self, api: Api, method: str, visibility: str) -> None:
        image = api.upload_ready(PICTURE, visibility=visibility)
        url = f"/images/{image['id']}"
        for user in ("ben", None):
            response = api.request(method, url, user=user, json=None if method == "DELETE" else {})
            assert response.status == (403 if visibility == "public" else 404)
        assert api.get(url, user="ann").json == image

    @pytest.mark.parametrize(
        ("method", "path", "words"),
        [
            ("PATCH", "", "change"),
            ("PUT", "", "change"),
            ("DELETE", "", "delete"),
            ("POST", "/reprocess", "reprocess"),
            ("POST", "/links", "make or revoke links of"),
            ("DELETE", "/links", "make or revoke links of"),
        ],
    )
    def test_stranger_is_told_what_they_may_not_do(
        self, api: Api, method: str, path: str, words: str
    ) -> None:
        url = f"/images/{api.upload_ready(PICTURE, visibility='public')['id']}{path}"
        response = api.request(method, url, user="ben", json={} if method in {"PATCH", "PUT"} else None)
        assert response.problem == (403, "forbidden", [])
        assert response.json["detail"] == f"You may not {words} this."

    def test_naming_another_user_in_a_write_is_403(self, api: Api) -> None:
        image = api.upload(PICTURE)
        assert api.request("DELETE", f"/images/{image['id']}?userId=ben", user="ann").status == 403

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_if_match_of_an_older_version_is_412(self, api: Api, method: str) -> None:
        image = api.upload(PICTURE)
        url = f"/images/{image['id']}"
        json = None if method == "DELETE" else {"description": "x"}

        def send(etag: str) -> ApiResponse:
            return api.request(method, url, user="ann", json=json, headers={"If-Match": etag})

        assert send('"7"').problem == (412, "precondition_failed", [])
        assert send('W/"1"').status == 412
        assert send('"7", "1"').status in {200, 204}

    def test_if_match_of_any_version_matches(self, api: Api) -> None:
        image = api.upload(PICTURE)
        options: dict[str, Any] = {"user": "ann", "json": {}, "headers": {"If-Match": "*"}}
        assert api.request("PATCH", f"/images/{image['id']}", **options).status == 200

    @pytest.mark.parametrize(
        ("update", "fields"),
        [
            ({"status": "ready"}, ["status"]),
            ({"userId": "ben"}, ["userId"]),
            ({"visibility": "x", "tags": "x"}, ["visibility", "tags"]),
            ([], ["body"]),
            ({"filename": ".."}, ["filename"]),
        ],
    )
    def test_wrong_update_is_named(self, api: Api, update: Any, fields: list[str]) -> None:  # noqa: ANN401
        image = api.upload(PICTURE)
        response = api.request("PATCH", f"/images/{image['id']}", user="ann", json=update)
        assert response.problem == (422, "invalid_fields", fields)

    def test_merge_patch_is_json_too(self, api: Api) -> None:
        image = api.upload(PICTURE)
        response = api.request(
            "PATCH",
            f"/images/{image['id']}",
            user="ann",
            json={"description": "x"},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert response.json["description"] == "x"


class TestDelete:
    def test_deleted_image_is_gone_from_everywhere(self, api: Api) -> None:
        image = api.upload_ready(PICTURE, visibility="public", tags=["x"])
        assert api.request("DELETE", f"/images/{image['id']}", user="ann").status == 204
        assert api.get(f"/images/{image['id']}", user="ann").status == 404
        for query in ("", "?tags=x", "?userId=ann", "?userId=ann&tags=x"):
            assert api.get(f"/images{query}").json == {"images": [], "nextCursor": None}
        assert api.request("DELETE", f"/images/{image['id']}", user="ann").status == 404
