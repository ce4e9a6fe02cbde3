from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.models import Exif, Location, Placeholder, ProcessingResult, Rendition, Status
from shared.storage import make_original_key
from tests.api import BASE_URL, make_form, make_upload
from tests.faults import Outage
from tests.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from tests.api import Answer, Api

PICTURE = make_picture()
MISSING = "00000000-0000-4000-8000-000000000000"


def finish(images: ImageRepository, image_id: str) -> None:
    rendition = Rendition(width=80, height=40, size=10)
    images.set_result(
        image_id,
        ProcessingResult(
            status=Status.READY,
            renditions={"thumbnail": rendition, "small": rendition, "medium": rendition, "large": rendition},
            placeholder=Placeholder(thumbhash="AA==", dominant_color="#aabbcc"),
            exif=Exif(camera="Canon", location=Location(latitude=48.1, longitude=11.5)),
        ),
    )


class TestUpload:
    @pytest.mark.parametrize(
        "options",
        [
            {
                "json": make_upload(
                    PICTURE, userId="ann", description="A.", visibility="public", tags=["x", "y"]
                )
            },
            make_form(
                ("userId", "ann"),
                ("description", "A."),
                ("visibility", "public"),
                ("tags", '["x", "y"]'),
                file=PICTURE,
            ),
        ],
        ids=["json", "multipart"],
    )
    def test_both_formats_make_the_same_image(self, api: Api, options: dict[str, Any]) -> None:
        answer = api.post("/images/upload", **options)
        image = answer.json
        assert answer.status == 201
        assert answer.headers["Location"] == f"{BASE_URL}/images/{image['id']}"
        assert answer.headers["ETag"] == '"1"'
        named = {"filename", "contentType", "size", "width", "height", "description", "visibility", "tags"}
        assert {name: image[name] for name in named} == {
            "filename": "photo.jpg",
            "contentType": "image/jpeg",
            "size": len(PICTURE),
            "width": 80,
            "height": 40,
            "description": "A.",
            "visibility": "public",
            "tags": ["x", "y"],
        }
        assert image["status"] == "processing"
        assert image["userId"] == "ann"

    def test_stored_bytes_are_the_sent_bytes_under_their_true_type(self, api: Api, s3: S3Client) -> None:
        image = api.upload(make_picture("PNG"), filename="says.jpg")
        stored = s3.get_object(Bucket="bucket", Key=make_original_key(image["id"]))
        assert stored["Body"].read() == make_picture("PNG")
        assert stored["ContentType"] == image["contentType"] == "image/png"

    def test_defaults_are_private_and_without_tags(self, api: Api) -> None:
        image = api.upload(PICTURE)
        assert (image["visibility"], image["tags"], image["description"]) == ("private", [], None)

    def test_query_beside_fields_of_a_body_is_refused(self, api: Api) -> None:
        for options in ({"json": make_upload(PICTURE)}, make_form(file=PICTURE)):
            answer = api.post("/images/upload?visibility=public&x=1", user="ann", **options)
            assert answer.problem == (422, "invalid_fields", ["visibility", "x"])
            assert api.post("/images/upload?userId=ann", user="ann", **options).status == 201

    def test_spaces_around_a_tag_are_none_of_it(self, api: Api) -> None:
        assert api.upload(PICTURE, tags=[" sea ", "sea"])["tags"] == ["sea"]

    @pytest.mark.parametrize(
        "tags",
        [
            [("tags", '["sun", "sea"]')],
            [("tags", "sun, sea")],
            [("tags", "sun"), ("tags", "sea")],
            [("tags", '["sun"]'), ("tags", "sea,sun")],
        ],
    )
    def test_tags_of_a_form_come_in_three_ways(self, api: Api, tags: list[tuple[str, str]]) -> None:
        answer = api.post("/images/upload", user="ann", **make_form(*tags, file=PICTURE))
        assert answer.json["tags"] == ["sun", "sea"]

    def test_data_uri_is_content(self, api: Api) -> None:
        upload = make_upload(PICTURE)
        upload["image"]["content"] = f"data:image/png;base64,{upload['image']['content']}"
        assert api.post("/images/upload", user="ann", json=upload).status == 201

    def test_json_body_may_arrive_encoded(self, api: Api) -> None:
        assert api.post("/images/upload", user="ann", json=make_upload(PICTURE), encode=True).status == 201

    def test_user_of_the_request_is_the_caller_where_no_header_is(self, api: Api) -> None:
        answer = api.post("/images/upload", json=make_upload(PICTURE, userId="ben"))
        assert answer.json["userId"] == "ben"

    def test_upload_for_another_user_is_forbidden(self, api: Api) -> None:
        answer = api.post("/images/upload", user="ann", json=make_upload(PICTURE, userId="ben"))
        assert answer.problem == (403, "forbidden", [])

    def test_upload_without_any_user_names_the_field(self, api: Api) -> None:
        assert api.post("/images/upload", json=make_upload(PICTURE)).problem == (
            422,
            "invalid_fields",
            ["userId"],
        )

    @pytest.mark.parametrize(
        ("metadata", "fields"),
        [
            ({"visibility": "secret"}, ["metadata.visibility"]),
            ({"tags": ["ok", "x" * 51]}, ["metadata.tags[1]"]),
            ({"tags": ["ok", 5]}, ["metadata.tags[1]"]),
            ({"tags": ["a,b"]}, ["metadata.tags[0]"]),
            ({"tags": ["a\n"]}, ["metadata.tags[0]"]),
            ({"tags": [" "]}, ["metadata.tags[0]"]),
            ({"tags": [f"t{number}" for number in range(21)]}, ["metadata.tags"]),
            ({"description": "x" * 2001}, ["metadata.description"]),
            ({"userId": "a b"}, ["metadata.userId"]),
            ({"colour": "red", "tag": []}, ["metadata.colour", "metadata.tag"]),
            ({"tags": [1] * 100_000}, ["metadata.tags"]),
            ({f"f{number}": 1 for number in range(100_000)}, ["metadata"]),
            ({"x" * 1_000_000: 1}, ["metadata." + "x" * 191]),
        ],
    )
    def test_each_wrong_field_of_json_is_named(
        self, api: Api, metadata: dict[str, Any], fields: list[str]
    ) -> None:
        answer = api.post("/images/upload", user="ann", json=make_upload(PICTURE, **metadata))
        assert answer.problem == (422, "invalid_fields", fields)
        assert len(answer.body) < 5000

    @pytest.mark.parametrize(
        ("form", "fields"),
        [
            ([("visibility", "secret")], ["visibility"]),
            ([("visibility", "public"), ("visibility", "private")], ["visibility"]),
            ([("tags", "[1")], ["tags"]),
            ([("tags", '["ok", ""]')], ["tags[1]"]),
            ([("colour", "red")], ["colour"]),
        ],
    )
    def test_each_wrong_field_of_a_form_is_named(
        self, api: Api, form: list[tuple[str, str]], fields: list[str]
    ) -> None:
        answer = api.post("/images/upload", user="ann", **make_form(*form, file=PICTURE))
        assert answer.problem == (422, "invalid_fields", fields)

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"headers": {"Content-Type": "application/json"}, "body": b"{"}, (400, "malformed_request", [])),
            ({"headers": {"Content-Type": "application/json"}, "body": b""}, (400, "malformed_request", [])),
            (
                {"headers": {"Content-Type": "application/json"}, "body": b"[" * 100_000},
                (400, "malformed_request", []),
            ),
            (
                {"headers": {"Content-Type": "application/json"}, "body": b"\xff\xfe", "encode": True},
                (400, "malformed_request", []),
            ),
            (
                {"headers": {"Content-Type": "multipart/form-data"}, "body": b"x"},
                (400, "malformed_request", []),
            ),
            ({"headers": {"Content-Type": "text/plain"}, "body": b"x"}, (415, "unsupported_media_type", [])),
            ({"body": b"x"}, (415, "unsupported_media_type", [])),
            (make_form(("userId", "ann")), (422, "invalid_fields", ["file"])),
            (make_form(file=b""), (422, "invalid_fields", ["file"])),
            (make_form(file=b"<svg xmlns='http://www.w3.org/2000/svg'/>"), (415, "unsupported_image", [])),
            (make_form(file=b"\xff\xd8" + b"x" * 4_400_000), (413, "too_large", ["file"])),
        ],
        ids=[
            "json cut",
            "no body",
            "json deep",
            "not utf-8",
            "no boundary",
            "text",
            "no type",
            "no file",
            "empty file",
            "svg",
            "large",
        ],
    )
    def test_what_cannot_be_taken_is_refused_and_nothing_is_kept(
        self,
        api: Api,
        s3: S3Client,
        options: dict[str, Any],
        problem: tuple[int, str, list[str]],
    ) -> None:
        assert api.post("/images/upload", user="ann", **options).problem == problem
        assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0
        assert api.get("/images", user="ann").json["images"] == []

    def test_content_that_is_not_base64_is_named(self, api: Api) -> None:
        upload = make_upload(PICTURE)
        upload["image"]["content"] = "%%%"
        answer = api.post("/images/upload", user="ann", json=upload)
        assert answer.problem == (400, "malformed_request", ["image.content"])

    def test_path_in_a_filename_is_dropped(self, api: Api) -> None:
        assert api.upload(PICTURE, filename="../../etc/passwd.jpg")["filename"] == "passwd.jpg"


class TestRead:
    def test_private_image_of_another_user_is_404_as_one_that_does_not_exist(self, api: Api) -> None:
        image = api.upload(PICTURE)
        answers = [api.get(f"/images/{image_id}", user="ben") for image_id in (image["id"], MISSING)]
        assert [answer.problem for answer in answers] == [(404, "not_found", [])] * 2
        assert answers[0].body == answers[1].body

    @pytest.mark.parametrize(
        "image_id", ["x", "IMAGE", "ABCDEFAB-0000-4000-8000-000000000000", "%20", "x" * 5000, "..", "é"]
    )
    def test_odd_id_is_404_without_a_call(self, api: Api, dynamodb: DynamoDBClient, image_id: str) -> None:
        reading = Outage(dynamodb, "GetItem")
        assert api.get(f"/images/{image_id}").status == 404
        assert reading.calls == 0

    def test_stranger_sees_renditions_of_a_public_image_and_no_original(
        self, api: Api, images: ImageRepository
    ) -> None:
        image = api.upload(PICTURE, visibility="public")
        finish(images, image["id"])
        seen = api.get(f"/images/{image['id']}").json
        assert seen["url"] is None
        assert seen["status"] == "ready"
        assert seen["renditions"]["small"]["url"] == f"{BASE_URL}/images/{image['id']}/content/small"

    @pytest.mark.parametrize("user", [None, "ben"])
    def test_location_is_for_the_owner_alone(
        self, api: Api, images: ImageRepository, user: str | None
    ) -> None:
        image = api.upload(PICTURE, visibility="public")
        finish(images, image["id"])
        url = f"/images/{image['id']}"
        assert api.get(url, user="ann").json["exif"]["location"]["latitude"] == 48.1
        for seen in (api.get(url, user=user).json, api.get("/images", user=user).json["images"][0]):
            assert (seen["exif"]["camera"], seen["exif"]["location"]) == ("Canon", None)

    def test_owner_sees_the_original(self, api: Api) -> None:
        image = api.upload(PICTURE)
        seen = api.get(f"/images/{image['id']}", user="ann").json
        assert seen == image
        assert seen["url"] == f"{BASE_URL}/images/{image['id']}/content"

    def test_view_of_the_owner_is_never_taken_for_the_public_one(self, api: Api) -> None:
        image = api.upload(PICTURE, visibility="public")
        url = f"/images/{image['id']}"
        own, public = api.get(url, user="ann"), api.get(url)
        assert own.headers["ETag"] != public.headers["ETag"]
        assert api.get(url, headers={"If-None-Match": own.headers["ETag"]}).status == 200
        for answer in (own, public, api.get(f"{url}/content", user="ann"), api.get("/images/x")):
            assert answer.headers["Vary"] == "Origin, Authorization, X-User-Id"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert api.get(f"{url}/content", user="ann").headers["Cache-Control"] == "private, no-store"
        assert own.headers["Cache-Control"] == "private, no-cache"
        assert public.headers["Cache-Control"] == "public, no-cache"
        assert api.get("/images/x").headers["Cache-Control"] == "no-store"

    def test_unchanged_image_is_304(self, api: Api) -> None:
        image = api.upload(PICTURE)
        url = f"/images/{image['id']}"
        etag = api.get(url, user="ann").headers["ETag"]
        answer = api.get(url, user="ann", headers={"If-None-Match": f'"x", W/{etag}'})
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
        assert answer.headers["Cache-Control"] == "private, no-cache"
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
        answer = api.request(method, f"/images/{before['id']}", user="ann", json=update)
        changed = {"updatedAt": answer.json["updatedAt"], "version": 2, **expected}
        assert answer.status == 200
        assert answer.json == before | changed
        assert api.get(f"/images/{before['id']}", user="ann").json == answer.json

    @pytest.mark.parametrize("visibility", ["public", "private"])
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_stranger_changes_nothing(self, api: Api, method: str, visibility: str) -> None:
        image = api.upload(PICTURE, visibility=visibility)
        url = f"/images/{image['id']}"
        for user in ("ben", None):
            answer = api.request(method, url, user=user, json=None if method == "DELETE" else {})
            assert answer.status == (403 if visibility == "public" else 404)
        assert api.get(url, user="ann").json == image

    def test_naming_another_user_in_a_write_is_403(self, api: Api) -> None:
        image = api.upload(PICTURE)
        assert api.request("DELETE", f"/images/{image['id']}?userId=ben", user="ann").status == 403

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_if_match_of_an_older_version_is_412(self, api: Api, method: str) -> None:
        image = api.upload(PICTURE)
        url = f"/images/{image['id']}"
        json = None if method == "DELETE" else {"description": "x"}

        def send(etag: str) -> Answer:
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
        answer = api.request("PATCH", f"/images/{image['id']}", user="ann", json=update)
        assert answer.problem == (422, "invalid_fields", fields)

    def test_merge_patch_is_json_too(self, api: Api) -> None:
        image = api.upload(PICTURE)
        answer = api.request(
            "PATCH",
            f"/images/{image['id']}",
            user="ann",
            json={"description": "x"},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.json["description"] == "x"


class TestDelete:
    def test_deleted_image_is_gone_from_everywhere(self, api: Api) -> None:
        image = api.upload(PICTURE, visibility="public", tags=["x"])
        assert api.request("DELETE", f"/images/{image['id']}", user="ann").status == 204
        assert api.get(f"/images/{image['id']}", user="ann").status == 404
        for query in ("", "?tags=x", "?userId=ann", "?userId=ann&tags=x"):
            assert api.get(f"/images{query}").json == {"images": [], "nextCursor": None}
        assert api.request("DELETE", f"/images/{image['id']}", user="ann").status == 404


class TestContent:
    def test_owner_is_led_to_the_original(self, api: Api) -> None:
        image = api.upload(PICTURE)
        answer = api.get(f"/images/{image['id']}/content", user="ann")
        assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, no-store")
        assert f"/originals/{image['id']}?" in answer.headers["Location"]

    def test_everyone_else_is_led_to_the_large_rendition(self, api: Api, images: ImageRepository) -> None:
        image = api.upload(PICTURE, visibility="public")
        finish(images, image["id"])
        answer = api.get(f"/images/{image['id']}/content")
        assert f"/renditions/{image['id']}/large.webp?" in answer.headers["Location"]
        assert answer.headers["Cache-Control"] == "public, max-age=60, must-revalidate"

    @pytest.mark.parametrize("name", ["large", "huge", "../originals", "LARGE"])
    def test_rendition_that_is_not_there_is_404(self, api: Api, name: str) -> None:
        image = api.upload(PICTURE, visibility="public")
        assert api.get(f"/images/{image['id']}/content/{name}").problem[0] == 404

    @pytest.mark.parametrize("path", ["content", "content/small"])
    def test_private_content_of_another_user_is_404(
        self, api: Api, images: ImageRepository, path: str
    ) -> None:
        image = api.upload(PICTURE)
        finish(images, image["id"])
        assert api.get(f"/images/{image['id']}/{path}", user="ben").status == 404
        assert api.get(f"/images/{image['id']}/{path}", user="ann").status == 302


class TestList:
    def test_caller_sees_what_is_public_and_what_is_their_own(self, api: Api) -> None:
        ids = {
            (user, visibility): api.upload(PICTURE, user=user, visibility=visibility)["id"]
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
        assert list_ids("?userId=ann", None) == {("ann", "public"), ("ann", "private")}

    def test_tags_match_all_or_any(self, api: Api) -> None:
        both, sun, sea, _ = (
            api.upload(PICTURE, visibility="public", tags=tags)["id"]
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
        times = [api.upload(PICTURE, visibility="public")["createdAt"] for _ in range(3)]
        query = f"createdAfter={times[0]}&createdBefore={times[2]}"
        assert [image["createdAt"] for image in api.get(f"/images?{query}").json["images"]] == [times[1]]
        swapped = f"createdAfter={times[2]}&createdBefore={times[0]}"
        assert api.get(f"/images?{swapped}").json == {"images": [], "nextCursor": None}

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    def test_walking_all_pages_gives_every_image_once(self, api: Api, limit: int) -> None:
        ids = [api.upload(PICTURE, visibility="public")["id"] for _ in range(7)]
        pages = api.walk(f"/images?limit={limit}")
        seen = [image["id"] for page in pages for image in page["images"]]
        assert seen == ids[::-1]

    def test_cursor_is_bound_to_query_and_caller(self, api: Api) -> None:
        for _ in range(2):
            api.upload(PICTURE, visibility="public")
        cursor = api.get("/images?limit=1").json["nextCursor"]
        assert api.get(f"/images?limit=2&cursor={cursor}").status == 200
        for url, user in (
            (f"/images?cursor={cursor}&order=asc", None),
            (f"/images?cursor={cursor}", "ann"),
            ("/images?cursor=AAAA", None),
        ):
            assert api.get(url, user=user).problem == (422, "invalid_fields", ["cursor"])

    @pytest.mark.parametrize(
        "name",
        ["order", "limit", "cursor", "userId", "match", "visibility", "createdAfter", "createdBefore"],
    )
    @pytest.mark.parametrize("value", ["asc", "2026-01-01T00:00:00Z", ""])
    def test_parameter_given_twice_is_named(self, api: Api, name: str, value: str) -> None:
        assert api.get(f"/images?{name}={value}&{name}={value}").problem[0] == 422

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("limit=0", ["limit"]),
            ("limit=101&order=up", ["order", "limit"]),
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
            ("userId=a%20b", ["userId"]),
        ],
    )
    def test_wrong_parameter_is_named(self, api: Api, query: str, fields: list[str]) -> None:
        assert api.get(f"/images?{query}").problem == (422, "invalid_fields", fields)
