"""The API: routers, errors, and the handler that Lambda calls."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response

from app.auth import AUTHORIZATION_HEADER, USER_ID_HEADER
from app.dependencies import get_caller, get_deadline, get_request_records, get_settings
from app.errors import MethodNotAllowed, answer_error
from app.fields import IDEMPOTENCY_KEY_HEADER
from app.routers import contents, files, images, items, service
from app.schemas import serialize
from shared.errors import NotFound
from shared.observability import get_logger

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext

PREFLIGHT_CACHE_SECONDS = 600
EXPOSED_HEADERS = ["Deprecation", "ETag", "Link", "Location", "Retry-After", "Sunset", "WWW-Authenticate"]


@cache
def create_app() -> APIGatewayRestResolver:
    first, *others = get_settings().allowed_origins
    cors = CORSConfig(
        allow_origin=first,
        extra_origins=others,
        allow_headers=[IDEMPOTENCY_KEY_HEADER, "If-Match", "If-None-Match", USER_ID_HEADER],
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_CACHE_SECONDS,
    )
    app = APIGatewayRestResolver(cors=cors, serializer=serialize)
    for router in (images.router, contents.router, items.router, files.router, service.router):
        app.include_router(router)
    app.use([_note_route, _answer_once])
    app.not_found(lambda _: _answer_unknown_route(app))
    app.exception_handler(Exception)(lambda error: _answer_error(app, error))
    return app


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's REST API. No error gets out: it would tell of our insides."""
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        return _answer_event(event, context)


def _answer_event(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    started = time.perf_counter()
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    is_head = event.get("httpMethod") == "HEAD"
    try:
        response = create_app().resolve(event | {"httpMethod": "GET"} if is_head else event, context)
    except Exception as error:  # noqa: BLE001 - Powertools calls no handler for what fails around a route
        response = _render(answer_error(error, context.aws_request_id))
    headers = response["multiValueHeaders"]
    headers["Vary"] = [f"Origin, {AUTHORIZATION_HEADER}, {USER_ID_HEADER}"]
    headers["X-Content-Type-Options"] = ["nosniff"]
    headers.setdefault("Cache-Control", ["no-store"])
    get_logger().info(
        "answered",
        method=event.get("httpMethod"),
        status=response["statusCode"],
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    get_logger().remove_keys(["route"])
    response["body"] = "" if is_head else response["body"] or ""  # not every gateway takes a null
    return response


def _note_route(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Name the route in all logs of the request: the path itself may hold what is not ours to keep."""
    get_logger().append_keys(route=app.request.route)
    return next_middleware(app)


def _answer_once(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    if app.request.method != "POST" or IDEMPOTENCY_KEY_HEADER not in app.request.headers:
        return next_middleware(app)
    from app.idempotency import answer_once  # noqa: PLC0415 - its import is for those who send a key

    return answer_once(app, next_middleware, get_caller(app.request), get_request_records())


def _answer_error(app: APIGatewayRestResolver, error: Exception) -> Response[str]:
    return answer_error(error, app.lambda_context.aws_request_id)


def _answer_unknown_route(app: APIGatewayRestResolver) -> Response[str]:
    # Of what it does not know, Powertools calls the path itself the route.
    get_logger().remove_keys(["route"])
    path = app.current_event.path
    routes = app._static_routes + app._dynamic_routes  # noqa: SLF001 - Powertools has no public list of them
    methods = {route.method for route in routes if route.rule.match(path)}
    if not methods:
        return _answer_error(app, NotFound())
    methods |= {"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"}
    return _answer_error(app, MethodNotAllowed(sorted(methods)))


def _render(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": int(response.status_code),
        "multiValueHeaders": {name: [value] for name, value in response.headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }
