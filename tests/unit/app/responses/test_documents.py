from __future__ import annotations

import gzip
from base64 import b64decode

from app.responses.documents import Document

DOCUMENT = Document("text/plain", "a" * 1000, "public, max-age=1", {"X-More": "x"})


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
