"""The web page for people, and what programs find at the same address."""

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app import VERSION
from app.dependencies import BaseUrl
from app.documentation import TITLE
from app.identity import Headers
from app.openapi import responds
from app.parameters import HasDocs
from app.responses.conditions import respond_not_modified
from app.responses.formats import is_for_people
from app.responses.outputs import ServiceDescription
from app.sign_in import MakeWebpage
from app.webpage import get_assets, get_version
from shared import errors

router = APIGatewayRouter()


@router.get(
    "/",
    tags=["service"],
    operation_id="getService",
    summary="Links to what there is. Browsers get the web page instead",
    responses=responds(ServiceDescription),
    middlewares=[respond_not_modified],
)
def get_root(
    request: Request,
    base_url: BaseUrl,
    make_webpage: MakeWebpage,
    has_docs: HasDocs,
) -> Response[Any]:
    headers = request.headers
    if make_webpage and is_for_people(request.method, headers.get("Accept")):
        return make_webpage().respond(headers)
    body = ServiceDescription.of(TITLE, VERSION, base_url, has_docs=has_docs)
    return Response(200, "application/json", body, {"Cache-Control": "no-cache", "Vary": "Accept"})


@router.get("/page/<version>/<name>", include_in_schema=False, middlewares=[respond_not_modified])
def get_asset(version: str, name: str, headers: Headers, make_webpage: MakeWebpage) -> Response[str]:
    if make_webpage is None or version != get_version() or name not in get_assets():
        raise errors.NotFound
    return get_assets()[name].respond(headers)
