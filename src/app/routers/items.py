"""Items: generic things with a name."""

import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.conditions import answer_unchanged, make_etag
from app.dependencies import (
    BaseUrl,
    CheckDelete,
    CheckUpdate,
    CurrentCaller,
    Items,
    Pages,
    RequestClaim,
    SignedInCaller,
)
from app.inputs import ItemCreate, PageQuery
from app.openapi import BODY_ERRORS, CHANGE_ERRORS, NOT_MODIFIED, READ_ERRORS, accepts, answers, takes_query
from app.policy import Action, check
from app.requests import read_json, read_query
from app.schemas import ItemList, ItemPublic
from shared import errors
from shared.models import Item

router = APIGatewayRouter()


@router.post(
    "/items",
    tags=["items"],
    summary="Create an item",
    responses=answers(
        ItemPublic,
        *BODY_ERRORS,
        errors.Forbidden,
        status=HTTPStatus.CREATED,
        headers=("Location", "ETag"),
    ),
    openapi_extensions=accepts(ItemCreate),
)
def create_item(
    caller: CurrentCaller,
    content: Annotated[ItemCreate, Depends(read_json(ItemCreate))],
    claim: RequestClaim,
    items: Items,
    base_url: BaseUrl,
) -> Response[ItemPublic]:
    now = datetime.now(UTC)
    new = Item(id=str(uuid.uuid4()), user_id=caller.user_id, created_at=now, updated_at=now, **dict(content))
    item = items.add(new, claim=claim)
    response = _answer_item(item, status=HTTPStatus.CREATED)
    response.headers["Location"] = f"{base_url}/items/{item.id}"
    return response


@router.get(
    "/items",
    tags=["items"],
    summary="List the caller's items",
    responses=answers(ItemList, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(PageQuery),
)
def list_items(
    caller: SignedInCaller,
    wanted: Annotated[PageQuery, Depends(read_query(PageQuery))],
    items: Items,
    pages: Pages,
) -> ItemList:
    owner_id = caller.look_at(wanted.user_id)
    page = items.list_owned(owner_id, pages.get_span(wanted, caller), limit=wanted.limit)
    return ItemList(
        items=[ItemPublic.of(item) for item in page.records],
        next_cursor=pages.make_cursor(page.next_key, wanted, caller),
    )


@router.get(
    "/items/<item_id>",
    tags=["items"],
    summary="Read an item",
    responses=answers(ItemPublic, *READ_ERRORS, headers=("ETag",)) | NOT_MODIFIED,
    middlewares=[answer_unchanged],
)
def get_item(item_id: str, caller: SignedInCaller, items: Items) -> Response[ItemPublic]:
    item = items.get(item_id)
    check(Action.READ, caller, item)
    return _answer_item(item)


@router.put(
    "/items/<item_id>",
    tags=["items"],
    summary="Replace an item",
    responses=answers(ItemPublic, *BODY_ERRORS, *CHANGE_ERRORS, headers=("ETag",)),
    openapi_extensions=accepts(ItemCreate),
)
def replace_item(
    item_id: str,
    check_update: CheckUpdate,
    content: Annotated[ItemCreate, Depends(read_json(ItemCreate))],
    items: Items,
) -> Response[ItemPublic]:
    return _answer_item(items.update(item_id, content.apply_to, check_update))


@router.delete(
    "/items/<item_id>",
    tags=["items"],
    summary="Delete an item",
    responses=answers(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def delete_item(item_id: str, items: Items, check_delete: CheckDelete) -> Response[None]:
    items.delete(item_id, check_delete)
    return Response(HTTPStatus.NO_CONTENT)


def _answer_item(item: Item, *, status: HTTPStatus = HTTPStatus.OK) -> Response[ItemPublic]:
    headers = {"ETag": make_etag(item), "Cache-Control": "private, no-cache"}
    return Response(status, "application/json", ItemPublic.of(item), headers)
