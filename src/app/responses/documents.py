"""Documents: responses that stay the same as long as the process lives. Each is compressed once."""

import gzip
import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response


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
        """The text compressed, as base64: API Gateway takes bytes in no other way."""
        return b64encode(gzip.compress(self.text.encode(), mtime=0)).decode()

    def respond(self, request_headers: Mapping[str, str]) -> Response[str]:
        is_compressed = accepts_gzip(request_headers.get("Accept-Encoding", ""))
        headers = {**self.headers, "Cache-Control": self.cache_control, "Vary": "Accept-Encoding"}
        headers["ETag"] = f'"{self.digest}-gzip"' if is_compressed else f'"{self.digest}"'
        body = self.compressed if is_compressed else self.text
        response = Response(HTTPStatus.OK, self.content_type, body, headers)
        if is_compressed:
            response.headers["Content-Encoding"] = "gzip"
            response.base64_encoded = True
        return response


def accepts_gzip(accept_encoding: str) -> bool:
    """Read an Accept-Encoding (RFC 9110, section 12.5.3). Only a client that names gzip gets it."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";")
        if coding == "gzip":
            return weight.removeprefix("q=").strip("0.") != "" if weight else True
    return False
