"""Items: generic things with a name."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.access.policy import Action, authorize
from app.dependencies import (
    BaseUrl,
    CurrentCaller,
    DeleteGuard,
    Items,
    Pages,
    RequestClaim,
    SignedInCaller,
    UpdateGuard,
    idempotent,
)
from app.openapi import BODY_ERRORS, CHANGE_ERRORS, NOT_MODIFIED, READ_ERRORS, accepts, responds, takes_query
from app.requests.body import read_json, read_query
from app.requests.inputs import ItemCreate, PageQuery
from app.responses.conditions import respond_not_modified
from app.responses.outputs import ItemList, ItemPublic
from app.responses.views import respond_with_item
from shared import errors
from shared.models import Item

router = APIGatewayRouter()


@router.post(
    "/items",
    tags=["items"],
    summary="Create an item",
    responses=responds(
        ItemPublic,
        *BODY_ERRORS,
        errors.Forbidden,
        status=HTTPStatus.CREATED,
        headers=("Location", "ETag"),
    ),
    openapi_extensions=accepts(ItemCreate),
    middlewares=[idempotent],
)
def create_item(
    caller: CurrentCaller,
    content: Annotated[ItemCreate, Depends(read_json(ItemCreate))],
    claim: RequestClaim,
    items: Items,
    base_url: BaseUrl,
) -> Response[ItemPublic]:
    item = items.add(Item.create(user_id=caller.user_id, **dict(content)), claim=claim)
    response = respond_with_item(item, status=HTTPStatus.CREATED)
    response.headers["Location"] = f"{base_url}/items/{item.id}"
    return response


@router.get(
    "/items",
    tags=["items"],
    summary="List the caller's items",
    responses=responds(ItemList, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(PageQuery),
)
def list_items(
    caller: SignedInCaller,
    query: Annotated[PageQuery, Depends(read_query(PageQuery))],
    items: Items,
    pages: Pages,
) -> ItemList:
    owner_id = caller.choose_owner(query.user_id)
    page = items.list_owned(owner_id, pages.get_span(query, caller), limit=query.limit)
    return ItemList(
        items=[ItemPublic(**dict(item)) for item in page.records],
        next_cursor=pages.make_cursor(page.next_key, query, caller),
    )


@router.get(
    "/items/<item_id>",
    tags=["items"],
    summary="Read an item",
    responses=responds(ItemPublic, *READ_ERRORS, headers=("ETag",)) | NOT_MODIFIED,
    middlewares=[respond_not_modified],
)
def get_item(item_id: str, caller: SignedInCaller, items: Items) -> Response[ItemPublic]:
    item = items.get(item_id)
    authorize(Action.READ, caller, item)
    return respond_with_item(item)


@router.put(
    "/items/<item_id>",
    tags=["items"],
    summary="Replace an item",
    responses=responds(ItemPublic, *BODY_ERRORS, *CHANGE_ERRORS, headers=("ETag",)),
    openapi_extensions=accepts(ItemCreate),
)
def replace_item(
    item_id: str,
    guard: UpdateGuard,
    content: Annotated[ItemCreate, Depends(read_json(ItemCreate))],
    items: Items,
) -> Response[ItemPublic]:
    return respond_with_item(items.update(item_id, content.apply_to, guard))


@router.delete(
    "/items/<item_id>",
    tags=["items"],
    summary="Delete an item",
    responses=responds(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def delete_item(item_id: str, items: Items, guard: DeleteGuard) -> Response[None]:
    items.delete(item_id, guard)
    return Response(HTTPStatus.NO_CONTENT)
