"""Forms as upload widgets, frameworks and browsers write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from urllib3 import encode_multipart_formdata
from urllib3.fields import RequestField

from app.requests.forms import FilePart, Form, is_added
from shared.errors import InvalidFields
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()
type Part = tuple[str, str | tuple[str, bytes, str]]
"""A text, or a file with its name and type."""

FILE = ("photo.jpg", PICTURE, "image/jpeg")
EMPTY = ("", b"", "application/octet-stream")
"""What a browser sends for a file input that was left empty."""
DESCRIBED = '{"size": 1, "crop": null}'


def send(api: Api, *parts: Part, path: str = "/images/upload") -> ApiResponse:
    fields = []
    for name, value in parts:
        field = RequestField(name, value if isinstance(value, str) else value[1])
        if isinstance(value, tuple):
            field.headers["Content-Disposition"] = f'form-data; name="{name}"; filename="{value[0]}"'
            field.headers["Content-Type"] = value[2]
        else:
            field.make_multipart()
        fields.append(field)
    body, content_type = encode_multipart_formdata(fields)
    return api.post(path, user="ann", body=body, headers={"Content-Type": content_type})


WIDGETS: dict[str, list[Part]] = {
    "Uppy": [("relativePath", "null"), ("name", "photo.jpg"), ("type", "image/jpeg"), ("file", FILE)],
    "Uppy, bundled": [("files[]", FILE)],
    "Dropzone": [("file", FILE)],
    "Dropzone, several": [("file[0]", FILE)],
    "FilePond": [("filepond", DESCRIBED), ("filepond", FILE)],
    "FilePond, other order": [("filepond", FILE), ("filepond", DESCRIBED)],
    "FilePond, in its form": [("file", FILE), ("filepond", "f3a9"), ("image", "")],
    "JSON as a blob": [("file", ("blob", DESCRIBED.encode(), "application/json")), ("file", FILE)],
    "Plupload": [("name", "p1.jpg"), ("Filename", "photo.jpg"), ("Upload", "Submit Query"), ("file", FILE)],
    "Fine Uploader": [("qquuid", "1"), ("qqfilename", "a"), ("qqtotalfilesize", "9"), ("image", FILE)],
    "WebUploader": [
        ("id", "WU_FILE_0"),
        ("lastModifiedDate", "Thu Nov 26 2026"),
        ("size", "9"),
        ("file", FILE),
    ],
    "HTML": [("MAX_FILE_SIZE", "9"), ("image", FILE), ("second", EMPTY), ("image", EMPTY), ("submit", "Go")],
    "image button": [("file", FILE), ("submit.x", "3"), ("submit.y", "4")],
    "Rails": [
        ("utf8", "✓"),
        ("authenticity_token", "x"),
        ("_method", "put"),
        ("file", FILE),
        ("commit", "Go"),
    ],
    "Django": [("csrfmiddlewaretoken", "x"), ("file", FILE)],
    "Laravel": [("_token", "x"), ("file", FILE)],
    "ASP.NET": [("__RequestVerificationToken", "x"), ("file", FILE)],
    "Spring": [("_csrf", "x"), ("file", FILE)],
    "Angular": [("XSRF-TOKEN", "x"), ("file", FILE)],
}


@pytest.mark.parametrize("parts", WIDGETS.values(), ids=WIDGETS)
@pytest.mark.parametrize("path", ["/images/upload", "/upload"])
def test_form_of_a_widget_is_an_upload_of_its_one_file(api: Api, parts: list[Part], path: str) -> None:
    response = send(api, *parts, path=path)
    assert response.status == 201, response.body
    image = response.json.get("file", response.json)
    assert (image["filename"], image["size"]) == ("photo.jpg", len(PICTURE))


@pytest.mark.parametrize(
    ("parts", "fields", "message"),
    [
        ([("file", FILE), ("file", FILE)], ["file"], "takes one file, not 2"),
        ([("files[]", FILE)] * 3, ["files[]"], "takes one file, not 3"),
        ([("file", FILE), ("image", FILE)], ["image"], "takes one file, not 2"),
        ([("photo", FILE)], ["photo", "file"], "takes no file; send it in the field `file`"),
        ([("filepond", ""), ("filepond", EMPTY)], ["file"], "is required; send one file"),
        ([("filepond", ("a.jpg", b"", "image/jpeg"))], ["filepond"], "is empty"),
    ],
)
def test_form_without_exactly_one_file_is_refused(
    api: Api, parts: list[Part], fields: list[str], message: str
) -> None:
    response = send(api, *parts)
    assert response.problem == (422, "invalid_fields", fields)
    assert response.json["errors"][0]["message"] == message


@pytest.mark.parametrize(
    ("name", "meant"),
    [("tag", "tags"), ("desc", "description"), ("userid", "userId"), ("visible", "visibility")],
)
def test_field_that_resembles_a_known_one_is_refused_with_the_name_that_was_meant(
    api: Api, name: str, meant: str
) -> None:
    response = send(api, ("name", "photo.jpg"), (name, "x"), ("file", FILE))
    assert response.problem == (422, "invalid_fields", [name])
    assert response.json["errors"][0]["message"] == f"is not a known field; use `{meant}`"


def test_other_unknown_fields_are_refused_together(api: Api) -> None:
    response = send(api, ("colour", "red"), ("dzchunkindex", "0"), ("submit", "x"), ("file", FILE))
    assert response.problem == (422, "invalid_fields", ["colour", "dzchunkindex"])


@pytest.mark.parametrize(
    "parts",
    [
        [("tags[]", "a"), ("tags[]", "b")],
        [("tags[0]", "a"), ("tags[1]", "b")],
        [("tags", "a"), ("tags[]", "b")],
        [("tags[]", '["a", "b"]')],
        [("tags[]", "a,b"), ("tags[]", "")],
    ],
)
def test_list_of_tags_may_have_the_suffix_of_its_tool(api: Api, parts: list[Part]) -> None:
    assert send(api, *parts, ("file", FILE)).json["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["userId", "description", "visibility", "tags", "tag", "desc", "file", "title"]
)
def test_no_tool_adds_a_field_that_means_something(name: str) -> None:
    assert not is_added(name)


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([], ["file"]),
        ([("file", "", b"")], ["file"]),
        ([("file", "a.jpg", b"1"), ("file", "b.jpg", b"2")], ["file"]),
        ([("file", "a.jpg", b""), ("file", "", b"2")], ["file"]),
        ([("photo", "a.jpg", b"1")], ["photo", "file"]),
        ([("photo", "a.jpg", b"1"), ("file", "b.jpg", b"2")], ["photo"]),
        ([("file", "a.jpg", b"1"), ("filepond", "b.jpg", b"2")], ["filepond"]),
    ],
)
def test_anything_but_one_file_in_a_field_for_files_is_an_error_of_the_field(
    parts: Sequence[tuple[str, str, bytes]], fields: Sequence[str]
) -> None:
    form = Form({}, tuple(FilePart(name, filename, None, data) for name, filename, data in parts))
    with pytest.raises(InvalidFields) as raised:
        _ = form.file
    assert [error.field for error in raised.value.errors] == fields


@pytest.mark.parametrize("name", ["file", "photo"])
def test_an_input_that_a_browser_left_empty_does_not_count(name: str) -> None:
    chosen = FilePart("file", "a.jpg", None, b"")
    assert Form({}, (FilePart(name, "", None, b""), chosen)).file is chosen


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=x", "application/ld+json"]
)
def test_json_beside_a_file_is_no_second_file_but_may_be_the_only_one(content_type: str) -> None:
    described, chosen = (
        FilePart("file", "blob", content_type, b"{}"),
        FilePart("file", "a", "image/png", b"1"),
    )
    assert Form({}, (described, chosen)).file is chosen
    assert Form({}, (described,)).file is described
