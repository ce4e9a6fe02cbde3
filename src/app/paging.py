"""Paging: a listing that goes on names its next page in a header (RFC 8288)."""

from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Request, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.dependencies import BaseUrl
from app.requests.body import get_query


def paged(
    app: APIGatewayRestResolver, next_middleware: NextMiddleware, request: Request, base_url: BaseUrl
) -> Response[Any]:
    """Middleware of the listings: `Link` is the URL of the same listing with the cursor of the next page."""
    response = next_middleware(app)
    page: Any = response.body
    if cursor := page.next_cursor:
        query = urlencode(get_query(request) | {"cursor": [cursor]}, doseq=True)
        response.headers["Link"] = f'<{base_url}{request.resolved_event.path}?{query}>; rel="next"'
    return response
