from __future__ import annotations

import gzip
from base64 import b64decode
from typing import Any

import pytest

from app.responses.compression import MIN_COMPRESSED_BYTES, accepts_gzip, compress

LONG = "é" * (MIN_COMPRESSED_BYTES + 1)


def make_response(body: str | None = LONG, content_type: str = "application/json") -> dict[str, Any]:
    headers = {"Content-Type": [content_type], "ETag": ['"3-public"']}
    return {"multiValueHeaders": headers, "body": body, "isBase64Encoded": False}


@pytest.mark.parametrize(
    ("accepted", "is_accepted"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("gzip ; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*", False),
        ("br", False),
        ("x-gzip", False),
    ],
)
def test_only_a_client_that_names_gzip_gets_it(accepted: str, is_accepted: bool) -> None:
    assert accepts_gzip(accepted) is is_accepted


def test_long_text_is_compressed_and_has_an_etag_of_its_own() -> None:
    response = make_response()
    compress(response, "gzip, br")
    assert gzip.decompress(b64decode(response["body"])).decode() == LONG
    assert response["isBase64Encoded"]
    assert response["multiValueHeaders"] == {
        "Content-Type": ["application/json"],
        "ETag": ['"3-public-gzip"'],
        "Vary": ["Accept-Encoding"],
        "Content-Encoding": ["gzip"],
    }


def test_long_text_says_that_it_could_have_been_compressed() -> None:
    response = make_response()
    compress(response, "br")
    assert response["body"] == LONG
    assert response["multiValueHeaders"]["Vary"] == ["Accept-Encoding"]
    assert response["multiValueHeaders"]["ETag"] == ['"3-public"']


@pytest.mark.parametrize(
    "response",
    [
        make_response("x" * MIN_COMPRESSED_BYTES),
        make_response(None),
        make_response(content_type="image/webp"),
        make_response() | {"isBase64Encoded": True},
        make_response() | {"multiValueHeaders": {}},
    ],
    ids=["short", "empty", "picture", "encoded", "no type"],
)
def test_everything_else_stays_as_it_is(response: dict[str, Any]) -> None:
    before = response | {"multiValueHeaders": dict(response["multiValueHeaders"])}
    compress(response, "gzip")
    assert response == before


@pytest.mark.parametrize("content_type", ["application/problem+json", "text/html; charset=utf-8"])
def test_errors_and_pages_are_texts(content_type: str) -> None:
    response = make_response(content_type=content_type)
    compress(response, "gzip")
    assert response["multiValueHeaders"]["Content-Encoding"] == ["gzip"]
