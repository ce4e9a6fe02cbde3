"""The bytes of images, and links that open them without credentials."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.access.links import ORIGINAL, Target
from app.access.policy import Action, authorize, may
from app.dependencies import BaseUrl, ContentDelivery, Images, Links
from app.identity import CurrentCaller, LinkGuard
from app.openapi import (
    BODY_ERRORS,
    CHANGE_ERRORS,
    READ_ERRORS,
    accepts,
    responds,
    responds_with_bytes,
    takes_query,
)
from app.parameters import Mode
from app.repeats import idempotent
from app.requests.body import read_json, read_query
from app.requests.contents import ContentQuery, LinkCreate, VariantQuery
from app.responses.outputs import Link
from app.throttling import limited
from app.trash import require_linkable
from shared import errors
from shared.models import Image
from shared.renditions import RenditionName
from shared.variants import VariantFormat

Query = Annotated[ContentQuery, Depends(read_query(ContentQuery))]

router = APIGatewayRouter()


@router.get(
    "/images/<image_id>/content",
    tags=["images"],
    operation_id="getContent",
    summary="The bytes: a variant if the query asks for one, otherwise the original for its owner (a "
    "redirect), and the largest rendition for everyone else",
    responses=responds_with_bytes([*VariantFormat], *READ_ERRORS)
    | responds(None, status=HTTPStatus.FOUND, headers=("Location",)),
    openapi_extensions=takes_query(VariantQuery),
)
def get_content(
    image_id: str,
    caller: CurrentCaller,
    query: Annotated[VariantQuery, Depends(read_query(VariantQuery))],
    images: Images,
    links: Links,
    delivery: ContentDelivery,
) -> Response[bytes]:
    image = images.get(image_id)
    if not query.variant.named and may(Action.READ_ORIGINAL, caller, image):
        return delivery.redirect_to_original(image, query)
    seconds = links.get_lifetime(image, Target(image_id, "", query.parameters), query.link_signature)
    authorize(Action.READ, caller, image, has_link=seconds is not None)
    if query.variant.named:
        return delivery.deliver_variant(image, query, link_seconds=seconds)
    return delivery.deliver(image, RenditionName.LARGE, query, link_seconds=seconds)


@router.get(
    f"/images/<image_id>/content/{ORIGINAL}",
    tags=["images"],
    operation_id="getOriginal",
    summary="Go to the original, which is for its owner and for those who have a link to it",
    responses=responds(None, *READ_ERRORS, errors.Forbidden, status=HTTPStatus.FOUND, headers=("Location",)),
    openapi_extensions=takes_query(ContentQuery),
)
def get_original(
    image_id: str,
    caller: CurrentCaller,
    query: Query,
    images: Images,
    links: Links,
    delivery: ContentDelivery,
) -> Response[bytes]:
    image = images.get(image_id)
    target = Target(image_id, ORIGINAL, query.parameters)
    seconds = links.get_lifetime(image, target, query.link_signature)
    authorize(Action.READ_ORIGINAL, caller, image, has_link=seconds is not None)
    return delivery.redirect_to_original(image, query)


@router.get(
    "/images/<image_id>/content/<rendition>",
    tags=["images"],
    operation_id="getRendition",
    summary="The bytes of a rendition",
    responses=responds_with_bytes([VariantFormat.WEBP], *READ_ERRORS),
    openapi_extensions=takes_query(ContentQuery),
)
def get_rendition(
    image_id: str,
    rendition: RenditionName,
    caller: CurrentCaller,
    query: Query,
    images: Images,
    links: Links,
    delivery: ContentDelivery,
) -> Response[bytes]:
    image = images.get(image_id)
    target = Target(image_id, rendition, query.parameters)
    seconds = links.get_lifetime(image, target, query.link_signature)
    authorize(Action.READ, caller, image, has_link=seconds is not None)
    return delivery.deliver(image, rendition, query, link_seconds=seconds)


@router.post(
    "/images/<image_id>/links",
    tags=["links"],
    operation_id="createLink",
    summary="Make a link that shows bytes of an image to anyone who has it, for a limited time",
    responses=responds(Link, *BODY_ERRORS, *CHANGE_ERRORS, status=HTTPStatus.CREATED),
    openapi_extensions=accepts(LinkCreate, required=False),
    middlewares=[idempotent(), limited],
)
def create_link(
    image_id: str,
    guard: LinkGuard,
    link: Annotated[LinkCreate, Depends(read_json(LinkCreate, required=False))],
    images: Images,
    links: Links,
    base_url: BaseUrl,
    mode: Mode,
) -> Response[Link]:
    image = images.get(image_id)
    guard(image)
    require_linkable(image)
    link.variant.require_allowed(mode, is_signed=True)
    expires_at = (datetime.now(UTC) + link.lifetime).replace(microsecond=0)
    url = links.sign(base_url, image, link.make_target(image_id), expires_at)
    return Response(HTTPStatus.CREATED, "application/json", Link(url=url, expires_at=expires_at))


@router.delete(
    "/images/<image_id>/links",
    tags=["links"],
    operation_id="deleteLinks",
    summary="Revoke every link of an image",
    responses=responds(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
    middlewares=[limited],
)
def delete_links(image_id: str, images: Images, guard: LinkGuard) -> Response[None]:
    images.update(image_id, Image.without_links, guard)
    return Response(HTTPStatus.NO_CONTENT)
