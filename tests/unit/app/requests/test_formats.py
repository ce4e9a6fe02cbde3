"""Formats of uploads: each becomes the same file and the same metadata."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from app.requests.formats import UploadedFile
from shared.errors import DomainError, InvalidFields, TooLarge
from tests.support.api import dump_json, make_event, make_form, make_upload
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()


def send_raw(
    api: Api, query: str = "", content_type: str = "image/jpeg", body: bytes = PICTURE
) -> ApiResponse:
    headers = {"Content-Type": content_type}
    return api.post(f"/images/upload{query}", user="ann", body=body, encode=True, headers=headers)


def refuse(size: int) -> tuple[type[DomainError], list[str]] | None:
    """Return the error of a file of this size, and the fields that it names."""
    try:
        UploadedFile(bytes(size), None, None, "f").require_size()
    except DomainError as error:
        return type(error), [wrong.field for wrong in error.errors]
    return None


@pytest.mark.parametrize(
    ("size", "error"), [(0, InvalidFields), (1, None), (4_400_000, None), (4_400_001, TooLarge)]
)
def test_file_has_from_one_byte_to_the_limit(size: int, error: type[DomainError] | None) -> None:
    assert refuse(size) == (error and (error, ["f"]))


def test_error_for_a_large_file_names_the_direct_upload(api: Api) -> None:
    response = send_raw(api, body=bytes(4_400_001))
    assert response.problem == (413, "too_large", ["body"])
    assert response.json["detail"] == (
        "The file has 4400001 bytes. This format takes at most 4400000."
        " For an image of up to 52428800 bytes use POST /images/uploads."
    )


@pytest.mark.parametrize("path", ["/images/upload", "/upload"])
def test_file_in_json_has_less_room_because_it_is_encoded_twice(api: Api, path: str) -> None:
    for size, code in ((3_300_000, "unsupported_image"), (3_300_001, "too_large")):
        content = make_upload(bytes(size))["image"]
        body = {"image": content} if path == "/images/upload" else content
        event = make_event("POST", path, {"Content-Type": "application/json"}, dump_json(body), encode=True)
        assert len(json.dumps(event)) < 6 * 2**20  # as Lambda has it
        response = api.post(path, user="ann", json=body)
        assert response.json.get("code", "unsupported_image") == code
    assert "POST /images/uploads" in response.json["detail"]


@pytest.mark.parametrize("content_type", ["image/jpeg", "IMAGE/PNG", "image/x-unknown", "image/png; q=1"])
def test_body_of_any_image_type_is_the_image(api: Api, content_type: str) -> None:
    response = send_raw(api, content_type=content_type)
    assert (response.status, response.json["contentType"]) == (201, "image/jpeg")
    assert response.json["filename"] == "image.jpeg"


@pytest.mark.parametrize("content_type", ["image", "imagex/png", "text/plain", "application/octet-stream"])
def test_body_of_another_type_is_refused_with_the_accepted_types(api: Api, content_type: str) -> None:
    response = send_raw(api, content_type=content_type)
    assert response.problem == (415, "unsupported_media_type", [])
    assert "multipart/form-data" in response.json["detail"]
    assert "application/json" in response.json["detail"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], {"tags": [], "description": None, "visibility": "private"}),
        ([("description", ""), ("visibility", " "), ("tags", "")], {"tags": [], "description": None}),
        ([("description", ""), ("description", "A.")], {"description": "A."}),
        ([("description", " A. ")], {"description": " A. "}),
        ([("tags", "a, b"), ("tags", ' ["c,", "d"]')], None),
        ([("tags", ' ["c", "d"]'), ("tags", "a,,b")], {"tags": ["c", "d", "a", "b"]}),
    ],
)
def test_empty_field_of_a_form_is_none_and_tags_are_a_list(
    api: Api, fields: list[tuple[str, str]], expected: dict[str, Any] | None
) -> None:
    response = api.post("/images/upload", user="ann", **make_form(*fields, file=PICTURE))
    if expected is None:
        assert response.problem == (422, "invalid_fields", ["tags[2]"])
    else:
        assert response.json == response.json | expected


@pytest.mark.parametrize("tags", ["[", '["a"', '{"a": 1}', "[1"])
def test_tags_that_begin_like_json_have_to_be_an_array(api: Api, tags: str) -> None:
    response = api.post("/images/upload", user="ann", **make_form(("tags", tags), file=PICTURE))
    if tags.startswith("["):
        assert response.problem == (422, "invalid_fields", ["tags"])
        assert response.json["errors"][0]["message"] == "is not a JSON array"
    else:
        assert response.json["tags"] == ['{"a": 1}']


def test_query_of_a_raw_upload_is_read_like_a_form(api: Api) -> None:
    response = send_raw(api, "?tags=a,b&tags=c&description=&filename=x.png&visibility=public")
    found = {name: response.json[name] for name in ("tags", "description", "filename", "visibility")}
    assert found == {
        "tags": ["a", "b", "c"],
        "description": None,
        "filename": "x.png",
        "visibility": "public",
    }


@pytest.mark.parametrize(
    "options", [{"json": make_upload(PICTURE)}, make_form(file=PICTURE)], ids=["json", "form"]
)
def test_query_names_only_the_user_if_the_body_has_fields(api: Api, options: dict[str, Any]) -> None:
    response = api.post("/images/upload?tags=a&color=b&userId=ann", user="ann", **options)
    assert response.problem == (422, "invalid_fields", ["color", "tags"])
    assert {error["message"] for error in response.json["errors"]} == {
        "is not read here; send it in the body"
    }


@pytest.mark.parametrize(
    ("content", "status"), [("eA", 400), ("e A==", 400), ("eA==\n", 400), ("-_==", 400), ("eA==", 415)]
)
def test_content_is_strict_base64(api: Api, content: str, status: int) -> None:
    """The last one is valid base64, but not an image."""
    upload = make_upload(PICTURE)
    upload["image"]["content"] = content
    response = api.post("/images/upload", user="ann", json=upload)
    assert response.status == status
    if status == 400:
        assert response.problem == (400, "malformed_request", ["image.content"])


@pytest.mark.parametrize(
    ("options", "filename", "content_type"),
    [
        (make_form(file=b"x", filename="a/b.txt"), "b.txt", "application/octet-stream"),
        (make_form(file=b"x", filename=""), "upload", "application/octet-stream"),
        (
            {"json": {"filename": "b.txt", "content": "eA==", "contentType": "text/plain"}},
            "b.txt",
            "text/plain",
        ),
        (
            {"json": {"filename": "b", "content": "eA==", "contentType": "no type"}},
            "b",
            "application/octet-stream",
        ),
        ({"json": {"filename": "b", "content": "data:;base64,eA=="}}, "b", "application/octet-stream"),
    ],
)
def test_legacy_file_keeps_its_name_and_the_type_that_was_sent(
    api: Api, options: dict[str, Any], filename: str, content_type: str
) -> None:
    file = api.post("/upload", **options).json["file"]
    assert (file["filename"], file["contentType"], file["size"]) == (filename, content_type, 1)


@pytest.mark.parametrize("content_type", ["image/jpeg", "text/plain", ""])
def test_legacy_upload_takes_only_forms_and_json(api: Api, content_type: str) -> None:
    response = api.post("/upload", body=b"x", headers={"Content-Type": content_type})
    assert response.problem == (415, "unsupported_media_type", [])
    assert response.json["detail"] == "Send the upload as multipart/form-data or application/json."


def test_legacy_form_has_no_fields_beside_its_file(api: Api) -> None:
    response = api.post("/upload", **make_form(("a", "1"), ("b", "2"), file=b"x"))
    assert response.problem == (422, "invalid_fields", ["a", "b"])
    assert {error["message"] for error in response.json["errors"]} == {"is not a known field"}


def test_legacy_content_that_is_not_base64_is_named(api: Api) -> None:
    content = base64.b64encode(b"x").decode() + "%"
    response = api.post("/upload", json={"filename": "a", "content": content})
    assert response.problem == (400, "malformed_request", ["content"])
