"""The caller: who they are to the service, and the erasure of everything that they have."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import Erasures, Tombstones, Usages
from app.identity import CurrentCaller, ErasedId, OwnId
from app.openapi import responds
from app.responses.outputs import Me
from app.responses.views import show_caller
from shared import errors
from shared.erasures import begin_erasure

router = APIGatewayRouter()


@router.get(
    "/me",
    tags=["me"],
    operation_id="getMe",
    summary="Who the caller is to the service, and how far the erasure is if they asked for one",
    responses=responds(Me, errors.InvalidFields),
)
def get_me(user_id: OwnId, caller: CurrentCaller, usages: Usages, erasures: Erasures) -> Me:
    used = usages.get(user_id)
    return show_caller(caller, used, erasures.get(user_id) if used.erased_at else None)


@router.delete(
    "/me",
    tags=["me"],
    operation_id="deleteMe",
    summary="Delete everything of the caller, and take nothing new. GET /me tells how far it is",
    responses=responds(Me, errors.Forbidden, errors.InvalidFields, status=HTTPStatus.ACCEPTED),
)
def delete_me(
    user_id: ErasedId, caller: CurrentCaller, usages: Usages, erasures: Erasures, tombstones: Tombstones
) -> Response[Me]:
    erasure = begin_erasure(erasures, usages, tombstones, user_id)
    body = show_caller(caller, usages.get(user_id), erasure)
    return Response(HTTPStatus.ACCEPTED, "application/json", body)
