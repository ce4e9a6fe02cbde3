"""CORS: what pages of other origins may send and read.

No page sends cookies, so no answer allows credentials.
"""

import re
from collections.abc import Iterable, Mapping

from aws_lambda_powertools.event_handler import CORSConfig

from app.access.callers import USER_ID_HEADER
from app.requests.fields import IDEMPOTENCY_KEY_HEADER

PREFLIGHT_CACHE_SECONDS = 600
ALLOWED_HEADERS = [IDEMPOTENCY_KEY_HEADER, "If-Match", "If-None-Match", USER_ID_HEADER]
EXPOSED_HEADERS = [
    "Content-Disposition",
    "Deprecation",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Sunset",
    "WWW-Authenticate",
    "x-amzn-Remapped-WWW-Authenticate",  # API Gateway renames the header before it
]
MAX_REQUESTED_HEADERS = 50
MAX_REQUESTED_CHARS = 2000

_HEADER_NAME = re.compile(
    r"[\w!#$%&'+.^`|~-]{1,100}", re.ASCII
)  # of RFC 9110, but without `*`, which means all


def make_cors(origins: Iterable[str]) -> CORSConfig:
    first, *others = origins
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_CACHE_SECONDS,
    )


def allow_requested_headers(headers: dict[str, list[str]], request_headers: Mapping[str, str]) -> None:
    """Add to the response of a preflight what the browser asks to send: widgets add headers of their own.

    A response that allows the page nothing stays so.
    """
    allowed = headers.get("Access-Control-Allow-Headers")
    if not allowed:
        return
    requested = request_headers.get("Access-Control-Request-Headers", "")[:MAX_REQUESTED_CHARS].split(",")
    known = {name.lower() for name in allowed[0].split(",")}
    names = {name.strip().lower() for name in requested[:MAX_REQUESTED_HEADERS]} - known
    valid = sorted(filter(_HEADER_NAME.fullmatch, names))
    headers["Access-Control-Allow-Headers"] = [",".join([allowed[0], *valid])]
