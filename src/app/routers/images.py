"""Images: upload, list, read, change, delete, and their bytes."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.conditions import answer_unchanged, make_etag
from app.dependencies import BaseUrl, CheckWrite, CurrentCaller, Images, Storage
from app.formats import ImageUpload, read_image_upload
from app.inputs import (
    DirectUploadCreate,
    ImageCreate,
    ImageMetadata,
    ImageQuery,
    ImageQueryMetadata,
    ImageUpdate,
)
from app.openapi import (
    BODY_ERRORS,
    CHANGE_ERRORS,
    NOT_MODIFIED,
    READ_ERRORS,
    accepts,
    accepts_image,
    answers,
    takes_query,
)
from app.pages import get_span, make_cursor
from app.requests import MERGE_PATCH, read_json, read_query
from app.schemas import DirectUpload, ImageList, ImagePublic
from app.uploads import begin_upload, reprocess_image, upload_image
from shared import errors
from shared.errors import NotFound
from shared.images import ImageFilter
from shared.models import Image, RenditionName
from shared.storage import ImageStorage, make_original_key, make_rendition_key

REDIRECT_CACHE_SECONDS = 60  # well below the life of the URL that a redirect leads to

router = APIGatewayRouter()


@router.post(
    "/images/upload",
    tags=["images"],
    summary="Upload an image with its metadata",
    responses=answers(ImagePublic, *BODY_ERRORS, errors.Forbidden, status=HTTPStatus.CREATED),
    openapi_extensions=accepts_image(ImageCreate, ImageMetadata, ImageQueryMetadata),
)
def create_image(
    upload: Annotated[ImageUpload, Depends(read_image_upload)],
    caller: CurrentCaller,
    images: Images,
    storage: Storage,
    base_url: BaseUrl,
) -> Response[ImagePublic]:
    image = upload_image(images, storage, caller, upload)
    response = _answer_image(image, base_url, is_owner=True, status=HTTPStatus.CREATED)
    response.headers["Location"] = f"{base_url}/images/{image.id}"
    return response


@router.post(
    "/images/uploads",
    tags=["images"],
    summary="Begin the upload of an image straight to S3, for those too large for one request to the API",
    responses=answers(DirectUpload, *BODY_ERRORS, errors.Forbidden, status=HTTPStatus.CREATED),
    openapi_extensions=accepts(DirectUploadCreate),
)
def create_upload(
    wanted: Annotated[DirectUploadCreate, Depends(read_json(DirectUploadCreate))],
    caller: CurrentCaller,
    images: Images,
    storage: Storage,
    base_url: BaseUrl,
) -> Response[DirectUpload]:
    upload = begin_upload(images, storage, caller, wanted)
    headers = {"Location": f"{base_url}/images/{upload.id}", "Cache-Control": "no-store"}
    return Response(HTTPStatus.CREATED, "application/json", upload, headers)


@router.get(
    "/images",
    tags=["images"],
    summary="List the images that are public or the caller's own",
    responses=answers(ImageList, errors.InvalidFields),
    openapi_extensions=takes_query(ImageQuery),
)
def list_images(
    wanted: Annotated[ImageQuery, Depends(read_query(ImageQuery))],
    caller: CurrentCaller,
    images: Images,
    base_url: BaseUrl,
) -> ImageList:
    shown = ImageFilter(caller.user_id, wanted.user_id, wanted.visibility, wanted.tags, wanted.match)
    page = images.list_visible(shown, get_span(wanted, caller), limit=wanted.limit)
    return ImageList(
        images=[
            ImagePublic.of(image, base_url=base_url, is_owner=image.owned_by(caller.user_id))
            for image in page.records
        ],
        next_cursor=make_cursor(page.next_key, wanted, caller),
    )


@router.get(
    "/images/<image_id>",
    tags=["images"],
    summary="Read an image's metadata",
    responses=answers(ImagePublic, *READ_ERRORS) | NOT_MODIFIED,
    middlewares=[answer_unchanged],
)
def get_image(
    image_id: str, caller: CurrentCaller, images: Images, base_url: BaseUrl
) -> Response[ImagePublic]:
    image = images.get(image_id)
    caller.check_view(image)
    return _answer_image(image, base_url, is_owner=image.owned_by(caller.user_id))


@router.route(
    "/images/<image_id>",
    method=["PUT", "PATCH"],
    tags=["images"],
    summary="Change what an image is called, who sees it, and its tags",
    responses=answers(ImagePublic, *BODY_ERRORS, *CHANGE_ERRORS),
    openapi_extensions=accepts(ImageUpdate, MERGE_PATCH),
)
def update_image(
    image_id: str,
    update: Annotated[ImageUpdate, Depends(read_json(ImageUpdate))],
    images: Images,
    check: CheckWrite,
    base_url: BaseUrl,
) -> Response[ImagePublic]:
    image = images.update(image_id, update.apply_to, check)
    return _answer_image(image, base_url, is_owner=True)


@router.delete(
    "/images/<image_id>",
    tags=["images"],
    summary="Delete an image and every byte of it",
    responses=answers(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def delete_image(image_id: str, images: Images, check: CheckWrite) -> Response[None]:
    images.delete(image_id, check)
    return Response(HTTPStatus.NO_CONTENT)


@router.post(
    "/images/<image_id>/reprocess",
    tags=["images"],
    summary="Process an image once more",
    responses=answers(ImagePublic, *CHANGE_ERRORS, status=HTTPStatus.ACCEPTED),
)
def create_processing(
    image_id: str, images: Images, storage: Storage, check: CheckWrite, base_url: BaseUrl
) -> Response[ImagePublic]:
    image = reprocess_image(images, storage, image_id, check)
    return _answer_image(image, base_url, is_owner=True, status=HTTPStatus.ACCEPTED)


@router.get(
    "/images/<image_id>/content",
    tags=["images"],
    summary="Go to the bytes: the original for its owner, the largest rendition for everyone else",
    responses=answers(None, *READ_ERRORS, status=HTTPStatus.FOUND),
)
def get_content(image_id: str, caller: CurrentCaller, images: Images, storage: Storage) -> Response[None]:
    image = images.get(image_id)
    caller.check_view(image)
    if not image.owned_by(caller.user_id):
        return _redirect_to_rendition(image, "large", storage)
    if not image.has_original:
        raise NotFound(f"There are no bytes of this image; it is {image.status}.")
    return _redirect(storage.sign_url(make_original_key(image_id)), cache_control="no-store")


@router.get(
    "/images/<image_id>/content/<rendition>",
    tags=["images"],
    summary="Go to the bytes of a rendition",
    responses=answers(None, *READ_ERRORS, status=HTTPStatus.FOUND),
)
def get_rendition(
    image_id: str, rendition: RenditionName, caller: CurrentCaller, images: Images, storage: Storage
) -> Response[None]:
    image = images.get(image_id)
    caller.check_view(image)
    return _redirect_to_rendition(image, rendition, storage)


def _answer_image(
    image: Image, base_url: str, *, is_owner: bool, status: HTTPStatus = HTTPStatus.OK
) -> Response[ImagePublic]:
    body = ImagePublic.of(image, base_url=base_url, is_owner=is_owner)
    headers = {"ETag": make_etag(image, is_owner=is_owner), "Cache-Control": "private, no-cache"}
    return Response(status, "application/json", body, headers)


def _redirect_to_rendition(image: Image, name: RenditionName, storage: ImageStorage) -> Response[None]:
    if name not in image.renditions:
        raise NotFound(f"This image has no such rendition; it is {image.status}.")
    url = storage.sign_url(make_rendition_key(image.id, name))
    return _redirect(url, cache_control=f"private, max-age={REDIRECT_CACHE_SECONDS}")


def _redirect(url: str, *, cache_control: str) -> Response[None]:
    return Response(HTTPStatus.FOUND, headers={"Location": url, "Cache-Control": cache_control})
