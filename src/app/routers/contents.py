"""The bytes of images: redirects to S3, and links that open them without credentials."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.access.policy import Action, authorize, may
from app.dependencies import (
    BaseUrl,
    Images,
    Links,
    Storage,
    UrlSignature,
)
from app.identity import CurrentCaller, LinkGuard
from app.openapi import BODY_ERRORS, CHANGE_ERRORS, READ_ERRORS, accepts, responds, takes_query
from app.repeats import idempotent
from app.requests.body import read_json
from app.requests.inputs import LinkCreate, LinkQuery
from app.responses.outputs import Link
from app.throttling import limited
from shared.errors import NotFound
from shared.models import Image
from shared.renditions import RenditionName
from shared.storage import ImageStorage

REDIRECT_CACHE_SECONDS = 60  # well below the life of the URL that a redirect leads to

router = APIGatewayRouter()


@router.get(
    "/images/<image_id>/content",
    tags=["images"],
    summary="Go to the bytes: the original for its owner, the largest rendition for everyone else",
    responses=responds(None, *READ_ERRORS, status=HTTPStatus.FOUND, headers=("Location",)),
)
def get_content(image_id: str, caller: CurrentCaller, images: Images, storage: Storage) -> Response[None]:
    image = images.get(image_id)
    if may(Action.READ_ORIGINAL, caller, image):
        return _redirect_to_original(image, storage)
    authorize(Action.READ, caller, image)
    return _redirect_to_rendition(image, RenditionName.LARGE, storage)


@router.get(
    "/images/<image_id>/content/<rendition>",
    tags=["images"],
    summary="Go to the bytes of a rendition",
    responses=responds(None, *READ_ERRORS, status=HTTPStatus.FOUND, headers=("Location",)),
    openapi_extensions=takes_query(LinkQuery),
)
def get_rendition(
    image_id: str,
    rendition: RenditionName,
    caller: CurrentCaller,
    signature: UrlSignature,
    images: Images,
    links: Links,
    storage: Storage,
) -> Response[None]:
    image = images.get(image_id)
    authorize(Action.READ, caller, image, has_link=links.opens(image, rendition, signature))
    return _redirect_to_rendition(image, rendition, storage)


@router.post(
    "/images/<image_id>/links",
    tags=["links"],
    summary="Make a link that shows a rendition to anyone who has it, for a limited time",
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
) -> Response[Link]:
    image = images.get(image_id)
    guard(image)
    expires_at = (datetime.now(UTC) + timedelta(seconds=link.expires_in)).replace(microsecond=0)
    url = links.sign(base_url, image, link.rendition, expires_at)
    return Response(HTTPStatus.CREATED, "application/json", Link(url=url, expires_at=expires_at))


@router.delete(
    "/images/<image_id>/links",
    tags=["links"],
    summary="Revoke every link of an image",
    responses=responds(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
    middlewares=[limited],
)
def delete_links(image_id: str, images: Images, guard: LinkGuard) -> Response[None]:
    images.update(image_id, Image.without_links, guard)
    return Response(HTTPStatus.NO_CONTENT)


def _redirect_to_original(image: Image, storage: ImageStorage) -> Response[None]:
    if not image.serves_original:
        raise NotFound(f"This image has no original, because it is {image.status}.")
    return _redirect(storage.sign_original(image), cache_control="private, no-store")


def _redirect_to_rendition(image: Image, name: RenditionName, storage: ImageStorage) -> Response[None]:
    if name not in image.renditions:
        raise NotFound(f"This image has no such rendition. It is {image.status}.")
    shared = f"public, max-age={REDIRECT_CACHE_SECONDS}, must-revalidate"
    cache_control = shared if image.is_public else "private, no-store"
    return _redirect(storage.sign_rendition(image, name), cache_control=cache_control)


def _redirect(url: str, *, cache_control: str) -> Response[None]:
    return Response(HTTPStatus.FOUND, headers={"Location": url, "Cache-Control": cache_control})
