"""Compression of texts, for clients that accept it (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any

MIN_COMPRESSED_BYTES = 1024
COMPRESSED_SUFFIX = "-gzip"
TEXT_TYPES = ("application/json", "application/problem+json", "text/")


def compress(response: dict[str, Any], accept_encoding: str) -> None:
    """Compress the body of a Lambda response in place, if it is a text that is worth it.

    Its ETag changes too, because it names other bytes.
    """
    headers, body = response["multiValueHeaders"], response["body"] or ""
    if response["isBase64Encoded"] or len(body) <= MIN_COMPRESSED_BYTES:
        return
    if not headers.get("Content-Type", [""])[0].startswith(TEXT_TYPES):
        return
    headers["Vary"] = [*headers.get("Vary", []), "Accept-Encoding"]
    if not accepts_gzip(accept_encoding):
        return
    headers["Content-Encoding"] = ["gzip"]
    if "ETag" in headers:
        headers["ETag"] = [make_compressed_etag(headers["ETag"][0])]
    response |= {"body": encode(body), "isBase64Encoded": True}


def encode(text: str) -> str:
    """Return a text compressed, as base64: API Gateway takes bytes in no other way."""
    return b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def make_compressed_etag(etag: str) -> str:
    return f'{etag.removesuffix('"')}{COMPRESSED_SUFFIX}"'


def accepts_gzip(accept_encoding: str) -> bool:
    """Read an Accept-Encoding. Only a client that names gzip gets it."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";")
        if coding == "gzip":
            return weight.removeprefix("q=").strip("0.") != "" if weight else True
    return False
