"""Methods: what a path takes, and what it says to any other."""

import re
from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.responses.errors import MethodNotAllowed

_IMAGES_PATH = re.compile(r"/images(?:/[^/]*)?")
_IMAGE_PATH = re.compile(r"/images/[0-9a-f-]{36}")


def refuse_method(app: APIGatewayRestResolver, allowed: Iterable[str]) -> MethodNotAllowed:
    """Make the error. To those who upload by PUT, as `curl -T` does, it says how to upload."""
    event = app.current_event
    is_upload = event.http_method == "PUT" and _IMAGES_PATH.fullmatch(event.path)
    hint = "Upload an image with POST /images/upload; with curl by -F file=@photo.jpg." if is_upload else ""
    return MethodNotAllowed(sorted(allowed), hint)


def list_methods(app: APIGatewayRestResolver) -> set[str]:
    """Return what the path of the request takes. A route of its own counts before one with a parameter."""
    routes = app._static_routes, app._dynamic_routes  # noqa: SLF001 - Powertools has no public list of them
    matches = (
        {route.method for route in kind if route.rule.match(app.current_event.path)} for kind in routes
    )
    methods = next(filter(None, matches), set())
    return methods and methods | ({"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"})


def require_method(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Raises MethodNotAllowed for the path of another route, whose last part is no id.

    And for a file that comes by PUT: `curl -T` makes an id of its name.
    """
    event, methods = app.current_event, list_methods(app)
    is_file = "json" not in event.headers.get("Content-Type", "").lower()
    is_upload = event.http_method == "PUT" and is_file and not _IMAGE_PATH.fullmatch(event.path)
    if is_upload or event.http_method not in methods:
        raise refuse_method(app, methods - {"PUT", "PATCH"})
    return next_middleware(app)
