"""The service itself: liveness, limits and documentation."""

from functools import lru_cache
from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app import VERSION
from app.dependencies import BaseUrl, Usages
from app.document import describe_api
from app.documentation import get_assets, get_version, make_page
from app.identity import CurrentCaller, Headers, read_user_query
from app.openapi import responds, takes_query
from app.parameters import AuthMode, HasDocs, Mode, RecoveryDays, TrashLifetime, UserQuota, UserRate
from app.requests.inputs import UserQuery
from app.responses.conditions import respond_not_modified
from app.responses.documents import MAX_ADDRESSES, PAGE_CACHE, Document
from app.responses.limits import Limits
from app.responses.outputs import Health
from app.responses.views import serialize
from shared import errors

router = APIGatewayRouter()


@router.get(
    "/health",
    tags=["service"],
    operation_id="getHealth",
    summary="Liveness and version",
    responses=responds(Health),
)
def get_health() -> Health:
    return Health(version=VERSION)


@router.get(
    "/limits",
    tags=["limits"],
    operation_id="getLimits",
    summary="Every limit that a client can run into, and how much of the quota is used",
    responses=responds(Limits, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(UserQuery),
)
def get_limits(
    query: Annotated[UserQuery, Depends(read_user_query(UserQuery))],
    caller: CurrentCaller,
    quota: UserQuota,
    rate: UserRate,
    mode: Mode,
    trash_lifetime: TrashLifetime,
    recovery_days: RecoveryDays,
    usages: Usages,
) -> Limits:
    caller.require_name(query.user_id)
    user_id = query.user_id or caller.user_id
    used = usages.get(user_id) if user_id else None
    return Limits.of(quota, rate, mode, trash_lifetime, recovery_days, used)


@router.get("/openapi.json", include_in_schema=False, middlewares=[respond_not_modified])
def get_openapi(base_url: BaseUrl, auth_mode: AuthMode, headers: Headers) -> Response[str]:
    return make_openapi(base_url, auth_mode).respond(headers)


@router.get("/docs", include_in_schema=False, middlewares=[respond_not_modified])
def get_docs(base_url: BaseUrl, headers: Headers, has_docs: HasDocs) -> Response[str]:
    if not has_docs:
        raise errors.NotFound
    return make_page(base_url).respond(headers)


@router.get("/docs/<version>/<name>", include_in_schema=False, middlewares=[respond_not_modified])
def get_docs_asset(version: str, name: str, headers: Headers, has_docs: HasDocs) -> Response[str]:
    if not has_docs or version != get_version() or name not in get_assets():
        raise errors.NotFound
    return get_assets()[name].respond(headers)


@lru_cache(MAX_ADDRESSES)
def make_openapi(base_url: str, auth_mode: str) -> Document:
    """Make the OpenAPI document once: that takes as long as many requests."""
    app = router.api_resolver
    assert isinstance(app, APIGatewayRestResolver)  # noqa: S101 - for the type checker
    return Document("application/json", serialize(describe_api(app, base_url, auth_mode)), PAGE_CACHE)
