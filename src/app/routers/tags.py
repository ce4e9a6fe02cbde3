"""Tags: what a user's images are tagged with."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import Pages, Tags
from app.identity import CurrentCaller, OwnId, read_user_query
from app.openapi import responds_with_page, takes_query
from app.paging import paged
from app.requests.inputs import TagQuery
from app.responses.outputs import TagList, TagPublic
from shared import errors

router = APIGatewayRouter()


@router.get(
    "/tags",
    tags=["me"],
    operation_id="listTags",
    summary="List the caller's tags with the number of their images. It may lag a moment",
    responses=responds_with_page(TagList, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(TagQuery),
    middlewares=[paged],
)
def list_tags(
    own_id: OwnId,
    caller: CurrentCaller,
    query: Annotated[TagQuery, Depends(read_user_query(TagQuery))],
    tags: Tags,
    pages: Pages,
) -> TagList:
    caller.require_name(query.user_id)
    start = pages.get_start(query, caller)
    page = tags.list(query.user_id or own_id, query.prefix, start=start, limit=query.limit)
    return TagList(
        tags=[TagPublic(name=tag.name, count=tag.count) for tag in page.counts],
        next_cursor=pages.make_cursor(page.next_key, query, caller),
    )
