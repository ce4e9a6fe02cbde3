"""Documents: responses that stay the same as long as the process lives. Each is compressed once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from app.responses.compression import accepts_gzip, encode, make_compressed_etag

MAX_ADDRESSES = 8
"""More than one stage and one domain: for how many base URLs a process keeps documents."""
PAGE_CACHE = "public, max-age=300"
ASSET_CACHE = "public, max-age=31536000, immutable"  # its path names its content


@dataclass(frozen=True)
class Document:
    """A text with its type, and how long clients may keep it."""

    content_type: str
    text: str
    cache_control: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @cached_property
    def compressed(self) -> str:
        return encode(self.text)

    def respond(self, request_headers: Mapping[str, str]) -> Response[str]:
        is_compressed = accepts_gzip(request_headers.get("Accept-Encoding", ""))
        headers = {
            **self.headers,
            "Cache-Control": self.cache_control,
        }
        headers["Vary"] = ", ".join(filter(None, [self.headers.get("Vary"), "Accept-Encoding"]))
        etag = f'"{self.digest}"'
        headers["ETag"] = make_compressed_etag(etag) if is_compressed else etag
        body = self.compressed if is_compressed else self.text
        response = Response(HTTPStatus.OK, self.content_type, body, headers)
        if is_compressed:
            response.headers["Content-Encoding"] = "gzip"
            response.base64_encoded = True
        return response


def make_version(assets: Iterable[Document]) -> str:
    """Return the part of the paths of all assets that changes with any of them."""
    digests = "".join(asset.digest for asset in assets)
    return hashlib.sha256(digests.encode()).hexdigest()[:16]
