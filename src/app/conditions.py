"""Conditional requests (RFC 9110, section 13): ETags made of versions."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from shared.errors import PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

    from shared.models import Record


def make_etag(record: Record, view: str = "") -> str:
    """The version, and which view of it: others see it differently than its owner, and signed URLs change."""
    return f'"{record.version}-{view}"' if view else f'"{record.version}"'


def answer_unchanged(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Spare the client what its `If-None-Match` says that it has already."""
    response = next_middleware(app)
    known = {etag.removeprefix("W/") for etag in _read_etags(app.request.headers.get("If-None-Match"))}
    etag = response.headers.get("ETag")
    if etag and known & {etag, "*"}:
        headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
        return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
    return response


def check_if_match(headers: Mapping[str, str], record: Record) -> None:
    """Raises PreconditionFailed. A weak ETag never matches, any view of the version does."""
    wanted = _read_etags(headers.get("If-Match"))
    if wanted and "*" not in wanted and not any(_names_version(etag, record.version) for etag in wanted):
        raise PreconditionFailed("It has been changed since you read it.")


def _names_version(etag: str, version: int) -> bool:
    return etag == f'"{version}"' or (etag.startswith(f'"{version}-') and etag.endswith('"'))


def _read_etags(header: str | None) -> list[str]:
    return [etag.strip() for etag in (header or "").split(",") if etag.strip()]
