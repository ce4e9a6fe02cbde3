from __future__ import annotations

import gzip
from base64 import b64decode

import pytest

from app.responses.documents import Document, accepts_gzip

DOCUMENT = Document("text/plain", "a" * 1000, "public, max-age=1", {"X-More": "x"})


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


def test_text_is_compressed_once_and_sent_as_base64() -> None:
    first, again = (DOCUMENT.respond({"Accept-Encoding": "gzip"}) for _ in range(2))
    assert first.base64_encoded
    assert first.body is again.body
    assert first.body
    assert gzip.decompress(b64decode(first.body)) == b"a" * 1000


def test_text_is_sent_as_it_is_to_everyone_else() -> None:
    response = DOCUMENT.respond({})
    assert (response.body, response.base64_encoded) == ("a" * 1000, False)
    assert response.headers["X-More"] == "x"
    assert response.headers["Cache-Control"] == "public, max-age=1"
