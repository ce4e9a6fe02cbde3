"""Queries: a write takes no parameter that its route does not read."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Request, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.access.callers import USER_ID_FIELD, WRITING_METHODS
from app.openapi import reads_query
from app.requests.body import get_query, refuse_parameters


def refuse_query(
    app: APIGatewayRestResolver, next_middleware: NextMiddleware, request: Request
) -> Response[Any]:
    """Middleware of all routes. Any write may name its user.

    Else `?visibility=private` beside a body without it would leave an image public, and answer 200.
    """
    extensions = app.context["_route"].openapi_extensions or {}
    names = get_query(request).keys() - {USER_ID_FIELD}
    if names and request.method in WRITING_METHODS and not reads_query(extensions):
        refuse_parameters(names)
    return next_middleware(app)
