from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.keys import make_original_key
from tests.support.api import BASE_URL, make_form, make_upload
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.storage import ImageStorage
    from tests.support.api import Api

PICTURE = make_picture()


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
        response = api.post("/images/upload", **options)
        image = response.json
        assert response.status == 201
        assert response.headers["Location"] == f"{BASE_URL}/images/{image['id']}"
        assert response.headers["ETag"] == '"1"'
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
            response = api.post("/images/upload?visibility=public&x=1", user="ann", **options)
            assert response.problem == (422, "invalid_fields", ["visibility", "x"])
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
        response = api.post("/images/upload", user="ann", **make_form(*tags, file=PICTURE))
        assert response.json["tags"] == ["sun", "sea"]

    def test_data_uri_is_content(self, api: Api) -> None:
        upload = make_upload(PICTURE)
        upload["image"]["content"] = f"data:image/png;base64,{upload['image']['content']}"
        assert api.post("/images/upload", user="ann", json=upload).status == 201

    def test_json_body_may_arrive_encoded(self, api: Api) -> None:
        assert api.post("/images/upload", user="ann", json=make_upload(PICTURE), encode=True).status == 201

    def test_user_of_the_request_is_the_caller_where_no_header_is(self, api: Api) -> None:
        response = api.post("/images/upload", json=make_upload(PICTURE, userId="ben"))
        assert response.json["userId"] == "ben"

    def test_upload_for_another_user_is_forbidden(self, api: Api) -> None:
        response = api.post("/images/upload", user="ann", json=make_upload(PICTURE, userId="ben"))
        assert response.problem == (403, "forbidden", [])

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
            ({"userId": "a "}, ["metadata.userId"]),
            ({"colour": "red", "tag": []}, ["metadata.colour", "metadata.tag"]),
            ({"tags": [1] * 100_000}, ["metadata.tags"]),
            ({f"f{number}": 1 for number in range(100_000)}, ["metadata"]),
            ({"x" * 1_000_000: 1}, ["metadata." + "x" * 191]),
        ],
    )
    def test_each_wrong_field_of_json_is_named(
        self, api: Api, metadata: dict[str, Any], fields: list[str]
    ) -> None:
        response = api.post("/images/upload", user="ann", json=make_upload(PICTURE, **metadata))
        assert response.problem == (422, "invalid_fields", fields)
        assert len(response.body) < 5000

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
        response = api.post("/images/upload", user="ann", **make_form(*form, file=PICTURE))
        assert response.problem == (422, "invalid_fields", fields)

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
            ({"body": b"x"}, (415, "unsupported_image", [])),
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
        response = api.post("/images/upload", user="ann", json=upload)
        assert response.problem == (400, "malformed_request", ["image.content"])

    def test_path_in_a_filename_is_dropped(self, api: Api) -> None:
        assert api.upload(PICTURE, filename="../../etc/passwd.jpg")["filename"] == "passwd.jpg"


class TestRawBody:
    def test_image_is_the_body_and_its_metadata_the_query(self, api: Api, storage: ImageStorage) -> None:
        url = "/images/upload?userId=ann&description=A.&visibility=public&tags=x,y&tags=z&filename=..%2Fa.png"
        response = api.post(url, body=PICTURE, encode=True, headers={"Content-Type": "image/png"})
        image = response.json
        assert response.status == 201
        assert {
            name: image[name] for name in ("userId", "description", "visibility", "tags", "filename")
        } == {
            "userId": "ann",
            "description": "A.",
            "visibility": "public",
            "tags": ["x", "y", "z"],
            "filename": "a.png",
        }
        assert image["contentType"] == "image/jpeg"
        assert storage.get(make_original_key(image["id"])) == PICTURE

    @pytest.mark.parametrize(
        ("query", "body", "problem"),
        [
            ("?visibility=secret", PICTURE, (422, "invalid_fields", ["visibility"])),
            ("?color=red", PICTURE, (422, "invalid_fields", ["color"])),
            ("?description=a&description=b", PICTURE, (422, "invalid_fields", ["description"])),
            ("?userId=ben", PICTURE, (403, "forbidden", [])),
            ("", b"", (422, "invalid_fields", ["body"])),
            ("", b"GIF89a", (415, "unsupported_image", [])),
        ],
    )
    def test_what_is_wrong_is_named(
        self, api: Api, query: str, body: bytes, problem: tuple[int, str, list[str]]
    ) -> None:
        response = api.post(
            f"/images/upload{query}",
            user="ann",
            body=body,
            encode=True,
            headers={"Content-Type": "image/jpeg"},
        )
        assert response.problem == problem
