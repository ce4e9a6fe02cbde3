"""Items: generic things with a name."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.access.policy import Action, authorize
from app.dependencies import BaseUrl, Items, Pages, RequestClaim, Usages
from app.identity import (
    OwnedDeleteGuard,
    OwnedUpdateGuard,
    OwnerId,
    OwningCaller,
    read_user_query,
)
from app.items import add_item, delete_item, replace_item
from app.openapi import (
    BODY_ERRORS,
    CHANGE_ERRORS,
    NOT_MODIFIED,
    READ_ERRORS,
    accepts,
    responds,
    responds_with_page,
    takes_query,
)
from app.paging import paged
from app.repeats import idempotent, show_item
from app.requests.body import read_json
from app.requests.inputs import ItemCreate, PageQuery
from app.responses.conditions import respond_not_modified
from app.responses.outputs import ItemList, ItemPublic
from app.responses.views import respond_with_item
from app.throttling import limited
from shared import errors

router = APIGatewayRouter()


@router.post(
    "/items",
    tags=["items"],
    operation_id="createItem",
    summary="Create an item",
    responses=responds(
        ItemPublic,
        *BODY_ERRORS,
        errors.Forbidden,
        status=HTTPStatus.CREATED,
        headers=("Location", "ETag"),
    ),
    openapi_extensions=accepts(ItemCreate),
    middlewares=[idempotent(show_item)],
)
def create_item(
    owner_id: OwnerId,
    content: Annotated[ItemCreate, Depends(read_json(ItemCreate))],
    claim: RequestClaim,
    items: Items,
    usages: Usages,
    base_url: BaseUrl,
) -> Response[ItemPublic]:
    item = add_item(items, usages, owner_id, content, claim)
    return respond_with_item(item, base_url, status=HTTPStatus.CREATED)


@router.get(
    "/items",
    tags=["items"],
    operation_id="listItems",
    summary="List the caller's items",
    responses=responds_with_page(ItemList, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(PageQuery),
    middlewares=[paged],
)
def list_items(
    caller: OwningCaller,
    query: Annotated[PageQuery, Depends(read_user_query(PageQuery))],
    items: Items,
    pages: Pages,
) -> ItemList:
    page = items.list_owned(
        caller.choose_owners(query.user_id), pages.get_span(query, caller), limit=query.limit
    )
    return ItemList(
        items=[ItemPublic(**dict(item)) for item in page.records],
        next_cursor=pages.make_cursor(page.next_key, query, caller),
    )


@router.get(
    "/items/<item_id>",
    tags=["items"],
    operation_id="getItem",
    summary="Read an item",
    responses=responds(ItemPublic, *READ_ERRORS, headers=("ETag",)) | NOT_MODIFIED,
    middlewares=[respond_not_modified],
)
def get_item(item_id: str, caller: OwningCaller, items: Items, base_url: BaseUrl) -> Response[ItemPublic]:
    item = items.get(item_id)
    authorize(Action.READ, caller, item)
    return respond_with_item(item, base_url)


@router.put(
    "/items/<item_id>",
    tags=["items"],
    operation_id="replaceItem",
    summary="Replace an item",
    responses=responds(ItemPublic, *BODY_ERRORS, *CHANGE_ERRORS, headers=("ETag",)),
    openapi_extensions=accepts(ItemCreate),
    middlewares=[limited],
)
def update_item(
    item_id: str,
    guard: OwnedUpdateGuard,
    content: Annotated[ItemCreate, Depends(read_json(ItemCreate))],
    items: Items,
    base_url: BaseUrl,
) -> Response[ItemPublic]:
    return respond_with_item(replace_item(items, item_id, content, guard), base_url)


@router.delete(
    "/items/<item_id>",
    tags=["items"],
    operation_id="deleteItem",
    summary="Delete an item",
    responses=responds(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def remove_item(item_id: str, items: Items, usages: Usages, guard: OwnedDeleteGuard) -> Response[None]:
    delete_item(items, usages, item_id, guard)
    return Response(HTTPStatus.NO_CONTENT)
