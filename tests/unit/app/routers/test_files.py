from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import BASE_URL, make_form

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.support.api import Api

PAGE = b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    "options",
    [
        make_form(file=PAGE, filename="page.html"),
        {
            "json": {
                "filename": "page.html",
                "content": base64.b64encode(PAGE).decode(),
                "contentType": "text/html",
            }
        },
    ],
    ids=["multipart", "json"],
)
def test_any_file_is_stored_as_a_download(api: Api, s3: S3Client, options: dict[str, Any]) -> None:
    response = api.post("/upload", **options)
    file = response.json["file"]
    assert response.status == 201
    assert (file["filename"], file["size"]) == ("page.html", len(PAGE))
    stored = s3.get_object(Bucket="bucket", Key=file["key"])
    assert stored["Body"].read() == PAGE
    assert stored["ContentType"] == "application/octet-stream"
    assert stored["ContentDisposition"] == "attachment"
    assert f"/{file['key']}?" in file["url"]
    assert "response-content-disposition=attachment" in file["url"]


def test_endpoint_names_its_end_and_its_successor(api: Api) -> None:
    response = api.post("/upload", **make_form(file=PAGE))
    headers = response.headers
    deprecated = datetime.fromtimestamp(int(headers["Deprecation"].removeprefix("@")), UTC)
    assert deprecated == datetime(2026, 11, 24, tzinfo=UTC)
    assert headers["Sunset"] == "Wed, 24 Nov 2027 00:00:00 GMT"
    assert response.json["message"] == "File uploaded successfully"
    assert headers["Link"] == f'<{BASE_URL}/images/upload>; rel="successor-version"'


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("a b (1).txt", "a b (1).txt"),
        ("..\\x/../é\"'.exe", "é\"'.exe"),
        ("x" * 300, "x" * 255),
        ("..", "upload"),
    ],
)
def test_filename_never_leads_out_of_its_folder(api: Api, s3: S3Client, filename: str, shown: str) -> None:
    form = make_form(file=PAGE, filename=filename.replace('"', "%22"))
    file = api.post("/upload", **form).json["file"]
    folder, file_id, name = file["key"].split("/")
    assert (folder, file["filename"]) == ("files", shown)
    assert len(file_id) == 36
    assert name.isascii()
    assert s3.head_object(Bucket="bucket", Key=file["key"])["ContentLength"] == len(PAGE)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (make_form(file=b""), (422, "invalid_fields", ["file"])),
        (make_form(("userId", "ann"), file=PAGE), (422, "invalid_fields", ["userId"])),
        ({"json": {"filename": "a", "content": "?"}}, (400, "malformed_request", ["content"])),
        ({"json": {"filename": "a"}}, (422, "invalid_fields", ["content"])),
        (make_form(file=b"x" * 4_400_001), (413, "too_large", ["file"])),
        ({"body": PAGE, "headers": {"Content-Type": "text/html"}}, (415, "unsupported_media_type", [])),
    ],
)
def test_wrong_upload_is_refused(
    api: Api, s3: S3Client, options: dict[str, Any], problem: tuple[int, str, list[str]]
) -> None:
    assert api.post("/upload", **options).problem == problem
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0
