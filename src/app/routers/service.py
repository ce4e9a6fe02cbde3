"""The service itself: liveness, limits and documentation."""

import json
from importlib.resources import files

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app import VERSION
from app.dependencies import AuthMode, BaseUrl, CurrentCaller, Usages, UserQuota
from app.openapi import Json, describe_api, responds
from app.responses.outputs import Health, Limits
from shared import errors

router = APIGatewayRouter()


@router.get("/health", tags=["service"], summary="Liveness and version", responses=responds(Health))
def get_health() -> Health:
    return Health(version=VERSION)


@router.get(
    "/limits",
    tags=["limits"],
    summary="Every limit that a client can run into, and how much the caller uses of the quota",
    responses=responds(Limits, errors.InvalidFields),
)
def get_limits(caller: CurrentCaller, quota: UserQuota, usages: Usages) -> Limits:
    return Limits(
        max_user_images=quota.max_images,
        max_user_bytes=quota.max_bytes,
        used=usages.get(caller.user_id) if caller.user_id else None,
    )


@router.get("/openapi.json", include_in_schema=False)
def get_openapi(base_url: BaseUrl, auth_mode: AuthMode) -> Json:
    return describe_api(_get_app(), base_url, auth_mode)


@router.get("/docs", include_in_schema=False)
def get_docs(base_url: BaseUrl, auth_mode: AuthMode) -> Response[str]:
    from aws_lambda_powertools.event_handler.openapi.swagger_ui import (  # noqa: PLC0415 - for this page only
        generate_swagger_html,
    )

    assets = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    document = json.dumps(describe_api(_get_app(), base_url, auth_mode))
    page = generate_swagger_html(
        spec=document.replace("</", "<\\/"),  # so that no text ends the script early
        swagger_js=(assets / "swagger-ui-bundle.min.js").read_text(),
        swagger_css=(assets / "swagger-ui.min.css").read_text(),
        swagger_base_url="",
        oauth2_config=None,
    )
    # Powertools' page names the URL at which its own route would serve the document.
    page = page.replace('currentUrl.pathname + "?format=json"', json.dumps(f"{base_url}/openapi.json"))
    return Response(200, "text/html; charset=utf-8", page)


def _get_app() -> APIGatewayRestResolver:
    app = router.api_resolver
    assert isinstance(app, APIGatewayRestResolver)  # noqa: S101 - for the type checker
    return app
