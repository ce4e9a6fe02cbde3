"""Queries: a write takes no parameter that its route does not read."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Request, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.access.callers import WRITING_METHODS
from app.openapi import reads_query
from app.requests.body import refuse_query


def refuse_unread_query(
    app: APIGatewayRestResolver, next_middleware: NextMiddleware, request: Request
) -> Response[Any]:
    """Middleware of all routes.

    Without it, a change with `?visibility=private` and an empty body would be 200 and leave an image public.
    """
    if request.method in WRITING_METHODS and not reads_query(app.context["_route"].openapi_extensions or {}):
        refuse_query(request)
    return next_middleware(app)
