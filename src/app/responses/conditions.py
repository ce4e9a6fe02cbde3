"""Conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from app.responses.compression import make_compressed_etag
from shared.errors import PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

    from shared.models import Record


def respond_not_modified(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Middleware: respond with 304 if the client has the representation already, by its `If-None-Match`."""
    response = next_middleware(app)
    etag = str(response.headers.get("ETag", ""))
    if etag and (known := find_known(app.request.headers, etag)):
        headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
        return Response(HTTPStatus.NOT_MODIFIED, headers=headers | {"ETag": known})
    return response


def find_known(headers: Mapping[str, str], etag: str) -> str | None:
    """Return the ETag under which the client has a representation, compressed or not. None: it has none."""
    for sent in _read_etags(headers.get("If-None-Match")):
        if sent == "*":
            return etag
        known = sent.removeprefix("W/")
        if known in {etag, make_compressed_etag(etag)}:
            return known
    return None


def require_match(headers: Mapping[str, str], record: Record) -> None:
    """Raises PreconditionFailed. Any view of the version matches, a weak ETag never does."""
    etags = _read_etags(headers.get("If-Match"))
    if etags and "*" not in etags and not any(_names_version(etag, record.version) for etag in etags):
        raise PreconditionFailed


def _names_version(etag: str, version: int) -> bool:
    return etag == f'"{version}"' or (etag.startswith(f'"{version}-') and etag.endswith('"'))


def _read_etags(header: str | None) -> list[str]:
    return [etag.strip() for etag in (header or "").split(",") if etag.strip()]
