"""Throttling: each write takes a token of its user's rate."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.dependencies import Usages
from app.identity import OwnerId


def limited(
    app: APIGatewayRestResolver, next_middleware: NextMiddleware, owner_id: OwnerId, usages: Usages
) -> Response[Any]:
    """Middleware of the routes that write and reserve nothing. Those that reserve take a token with it."""
    usages.take_tokens(owner_id)
    return next_middleware(app)
