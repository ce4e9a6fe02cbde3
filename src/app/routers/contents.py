"""The bytes of images: redirects to S3, and the links that open them without credentials."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import BaseUrl, CheckLink, CurrentCaller, Images, Links, Storage, UrlSignature
from app.inputs import LinkCreate, LinkQuery
from app.openapi import BODY_ERRORS, CHANGE_ERRORS, READ_ERRORS, accepts, answers, takes_query
from app.policy import Action, check, may
from app.requests import read_json
from app.schemas import Link
from shared.errors import NotFound
from shared.models import Image, RenditionName
from shared.storage import ImageStorage

REDIRECT_CACHE_SECONDS = 60  # well below the life of the URL that a redirect leads to

router = APIGatewayRouter()


@router.get(
    "/images/<image_id>/content",
    tags=["images"],
    summary="Go to the bytes: the original for its owner, the largest rendition for everyone else",
    responses=answers(None, *READ_ERRORS, status=HTTPStatus.FOUND, headers=("Location",)),
)
def get_content(image_id: str, caller: CurrentCaller, images: Images, storage: Storage) -> Response[None]:
    image = images.get(image_id)
    if may(Action.READ_ORIGINAL, caller, image):
        return _redirect_to_original(image, storage)
    check(Action.READ, caller, image)
    return _redirect_to_rendition(image, "large", storage)


@router.get(
    "/images/<image_id>/content/<rendition>",
    tags=["images"],
    summary="Go to the bytes of a rendition",
    responses=answers(None, *READ_ERRORS, status=HTTPStatus.FOUND, headers=("Location",)),
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
    check(Action.READ, caller, image, has_link=links.opens(image, rendition, signature))
    return _redirect_to_rendition(image, rendition, storage)


@router.post(
    "/images/<image_id>/links",
    tags=["links"],
    summary="Make a link that shows a rendition to whoever has it, for a while",
    responses=answers(Link, *BODY_ERRORS, *CHANGE_ERRORS, status=HTTPStatus.CREATED),
    openapi_extensions=accepts(LinkCreate, required=False),
)
def create_link(
    image_id: str,
    check_link: CheckLink,
    wanted: Annotated[LinkCreate, Depends(read_json(LinkCreate, required=False))],
    images: Images,
    links: Links,
    base_url: BaseUrl,
) -> Response[Link]:
    image = images.get(image_id)
    check_link(image)
    expires_at = (datetime.now(UTC) + timedelta(seconds=wanted.expires_in)).replace(microsecond=0)
    link = Link(url=links.sign(base_url, image, wanted.rendition, expires_at), expires_at=expires_at)
    return Response(HTTPStatus.CREATED, "application/json", link)


@router.delete(
    "/images/<image_id>/links",
    tags=["links"],
    summary="Revoke every link of an image",
    responses=answers(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def delete_links(image_id: str, images: Images, check_link: CheckLink) -> Response[None]:
    images.update(image_id, Image.without_links, check_link)
    return Response(HTTPStatus.NO_CONTENT)


def _redirect_to_original(image: Image, storage: ImageStorage) -> Response[None]:
    if not image.has_original:
        raise NotFound(f"There are no bytes of this image; it is {image.status}.")
    return _redirect(storage.sign_original(image), cache_control="private, no-store")


def _redirect_to_rendition(image: Image, name: RenditionName, storage: ImageStorage) -> Response[None]:
    if name not in image.renditions:
        raise NotFound(f"This image has no such rendition; it is {image.status}.")
    shared = f"public, max-age={REDIRECT_CACHE_SECONDS}, must-revalidate"
    cache_control = shared if image.is_public else "private, no-store"
    return _redirect(storage.sign_rendition(image, name), cache_control=cache_control)


def _redirect(url: str, *, cache_control: str) -> Response[None]:
    return Response(HTTPStatus.FOUND, headers={"Location": url, "Cache-Control": cache_control})
