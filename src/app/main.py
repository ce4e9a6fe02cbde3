"""The API's resolver, and the handler that Lambda calls."""

from __future__ import annotations

import time
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_type_hints

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, depends
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from app.access.auth import AUTHORIZATION_HEADER
from app.access.callers import USER_ID_HEADER
from app.dependencies import get_cdn_gate, get_deadline, get_metrics
from app.parameters import get_settings
from app.queries import refuse_unread_query
from app.responses.compression import compress
from app.responses.cors import EXPOSED_HEADERS, allow_requested_headers, make_cors
from app.responses.errors import respond_with_error
from app.responses.formats import is_for_people
from app.responses.html import ImagePage, make_image_page
from app.responses.methods import list_methods, refuse_method
from app.responses.views import serialize
from app.routers import batches, contents, files, images, items, me, page, replacements, service, tags, trash
from app.trail import TRAIL, note_request
from shared.errors import NotFound
from shared.metrics import Metric
from shared.observability import get_logger

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def create_app() -> APIGatewayRestResolver:
    # Powertools works out the hints of all dependencies at every request: 0.2 of the 3 ms of an upload.
    vars(depends)["get_type_hints"] = cache(get_type_hints)
    cors = make_cors(get_settings().allowed_origins)
    app = APIGatewayRestResolver(cors=cors, serializer=serialize)
    for module in (images, contents, replacements, trash, batches, tags, items, files, me, service, page):
        app.include_router(module.router)
    if get_settings().legacy_upload:
        app.include_router(files.upload_router)
    app.use([render_page, note_request, refuse_unread_query])
    app.not_found(lambda _: _respond_to_unknown_route(app))
    app.exception_handler(Exception)(lambda error: _respond_with_error(app, error))
    return app


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an event of API Gateway's REST API. No error gets out, because it would reveal internals."""
    with get_metrics().collect(), get_logger().append_context_keys(request_id=context.aws_request_id):
        return _handle_event(event, context)


def _handle_event(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    started = time.perf_counter()
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    is_head = event.get("httpMethod") == "HEAD"
    try:
        if gate := get_cdn_gate():
            gate.require_passage(APIGatewayProxyEvent(event).headers)
        response = create_app().resolve(event | {"httpMethod": "GET"} if is_head else event, context)
    except Exception as error:  # noqa: BLE001 - Powertools calls no handler for errors around a route
        response = _render(respond_with_error(error, context.aws_request_id, get_metrics()))
    _finish(response, event)
    if response["statusCode"] == HTTPStatus.NOT_MODIFIED:
        get_metrics().add(Metric.NOT_MODIFIED)
    get_logger().info(
        "responded",
        method=event.get("httpMethod"),
        status=response["statusCode"],
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    get_logger().remove_keys(TRAIL)
    response["body"] = "" if is_head else response["body"] or ""  # some gateways take no null
    return response


def _finish(response: dict[str, Any], event: dict[str, Any]) -> None:
    """Add what every response has."""
    headers = response["multiValueHeaders"]
    request_headers = APIGatewayProxyEvent(event).headers
    compress(response, request_headers.get("Accept-Encoding", ""))
    if event.get("httpMethod") == "OPTIONS":
        allow_requested_headers(headers, request_headers)
    if headers.get("Cross-Origin-Resource-Policy") == ["cross-origin"]:
        # Pages of any origin may show it, so they may read it. Caches then need not tell them apart.
        headers["Access-Control-Allow-Origin"] = ["*"]
        headers["Access-Control-Expose-Headers"] = [",".join(EXPOSED_HEADERS)]
    else:
        headers["Vary"] = [*headers.get("Vary", []), "Origin"]
    headers["Vary"] = [", ".join([*headers.get("Vary", []), AUTHORIZATION_HEADER, USER_ID_HEADER])]
    headers["X-Content-Type-Options"] = ["nosniff"]
    headers.setdefault("Cache-Control", ["no-store"])


def _respond_with_error(app: APIGatewayRestResolver, error: Exception) -> Response[str]:
    event = app.current_event
    return respond_with_error(
        error,
        app.lambda_context.aws_request_id,
        get_metrics(),
        is_for_people=is_for_people(event.http_method, event.headers.get("Accept")),
    )


def render_page(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Turn a page into its text. Only JSON is serialized otherwise."""
    response = next_middleware(app)
    if isinstance(response.body, ImagePage):
        response.body = make_image_page(response.body)
    return response


def _respond_to_unknown_route(app: APIGatewayRestResolver) -> Response[str]:
    # For an unknown path, Powertools takes the path itself for the route.
    get_logger().remove_keys(["route"])
    methods = list_methods(app)
    return _respond_with_error(app, refuse_method(app, methods) if methods else NotFound())


def _render(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": int(response.status_code),
        "multiValueHeaders": {name: [value] for name, value in response.headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }
