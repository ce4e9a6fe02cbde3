"""Formats of uploads: each becomes the same file and the same metadata."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.requests.body import decode_base64
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


@pytest.mark.parametrize(
    "content_type",
    [
        *("image/jpeg", "IMAGE/PNG", "image/x-unknown", "image/png; q=1"),
        *("application/octet-stream", "binary/octet-stream", ""),
    ],
)
def test_body_of_any_image_type_or_none_is_the_image(api: Api, content_type: str) -> None:
    response = send_raw(api, content_type=content_type)
    assert (response.status, response.json["contentType"]) == (201, "image/jpeg")
    assert response.json["filename"] == "image.jpeg"


@pytest.mark.parametrize(
    "content_type",
    ["image", "imagex/png", "text/plain", "application/octets", "application/x-www-form-urlencoded"],
)
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


@pytest.mark.parametrize(
    ("query", "disposition", "filename"),
    [
        ("", 'attachment; filename="strand.jpg"', "strand.jpg"),
        ("", "attachment; filename*=UTF-8''caf%C3%A9.jpg", "café.jpg"),
        ("?filename=query.jpg", 'attachment; filename="strand.jpg"', "query.jpg"),
        ("", 'attachment; filename="strand', "image.jpeg"),
        ("", "attachment", "image.jpeg"),
    ],
)
def test_raw_upload_is_named_by_its_disposition(
    api: Api, query: str, disposition: str, filename: str
) -> None:
    headers = {"Content-Type": "image/jpeg", "Content-Disposition": disposition}
    response = api.post(f"/images/upload{query}", user="ann", body=PICTURE, encode=True, headers=headers)
    assert response.json["filename"] == filename


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "image/png", "text/html"])
def test_type_of_an_image_in_a_form_or_in_json_does_not_matter(api: Api, content_type: str | None) -> None:
    body = make_upload(PICTURE)
    body["image"]["contentType"] = content_type
    form = make_form(file=PICTURE)
    if content_type:
        form["body"] = form["body"].replace(b'.jpg"', f'.jpg"\r\nContent-Type: {content_type}'.encode())
    for options in ({"json": body}, form):
        response = api.post("/images/upload", user="ann", **options)
        assert (response.status, response.json["contentType"]) == (201, "image/jpeg")


def test_parts_of_json_are_read_as_other_fields(api: Api) -> None:
    form = make_form(("visibility", '"public"'), ("tags", '["a", "b"]'), file=PICTURE)
    form["body"] = re.sub(
        rb'(name="(?:visibility|tags)")', rb"\1\r\nContent-Type: application/json", form["body"]
    )
    image = api.post("/images/upload", user="ann", **form).json
    assert (image["visibility"], image["tags"]) == ("public", ["a", "b"])


def test_user_with_a_space_and_letters_beyond_ascii_is_the_same_everywhere(api: Api) -> None:
    name, quoted = "Jürgen Müller", "J%C3%BCrgen%20M%C3%BCller"
    header = name.encode().decode("latin-1")
    uploads: list[tuple[str, dict[str, Any]]] = [
        ("", {"user": header, **make_form(file=PICTURE)}),
        ("", make_form(("userId", name), file=PICTURE)),
        ("", {"json": make_upload(PICTURE, userId=name)}),
        (f"?userId={quoted}", {"body": PICTURE, "headers": {"Content-Type": "image/jpeg"}}),
    ]
    for query, options in uploads:
        image = api.post(f"/images/upload{query}", **options).json
        assert image["userId"] == name
        assert api.get(f"/images/{image['id']}", user=header).json == image
    listed = api.get(f"/images?userId={quoted}", user=header).json["images"]
    assert len(listed) == len(uploads)


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
    ("content", "status"),
    [("e", 400), ("e A==", 400), ("eA=", 400), ("e=A=", 400), ("eA==%", 400), ("é", 400), ("eA==", 415)],
)
def test_content_that_is_not_base64_is_malformed(api: Api, content: str, status: int) -> None:
    """The last one is valid base64, but not an image."""
    upload = make_upload(PICTURE)
    upload["image"]["content"] = content
    response = api.post("/images/upload", user="ann", json=upload)
    assert response.status == status
    if status == 400:
        assert response.problem == (400, "malformed_request", ["image.content"])


@given(st.binary(), st.sampled_from(["\n", "\r\n"]), st.integers(1, 80), st.booleans(), st.booleans())
def test_base64_in_lines_safe_for_urls_or_without_padding_is_the_same(
    data: bytes, line_end: str, width: int, is_for_urls: bool, is_padded: bool
) -> None:
    text = (base64.urlsafe_b64encode if is_for_urls else base64.b64encode)(data).decode()
    text = text if is_padded else text.rstrip("=")
    lines = [text[start : start + width] + line_end for start in range(0, len(text), width)]
    assert decode_base64("".join(lines)) == data


@pytest.mark.parametrize(
    "content",
    [
        base64.encodebytes(PICTURE).decode(),
        base64.b64encode(PICTURE).decode() + "\n",
        base64.urlsafe_b64encode(PICTURE).decode().rstrip("="),
        "DATA:image/png;BASE64," + base64.b64encode(PICTURE).decode(),
        "data:image/jpeg;name=a.jpg;base64," + base64.encodebytes(PICTURE).decode(),
    ],
    ids=["lines", "trailing newline", "for URLs", "DATA", "data URI in lines"],
)
def test_base64_of_any_tool_is_the_image(api: Api, content: str) -> None:
    upload = make_upload(PICTURE)
    upload["image"]["content"] = content
    response = api.post("/images/upload", user="ann", json=upload)
    assert (response.status, response.json["size"]) == (201, len(PICTURE))


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
