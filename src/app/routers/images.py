"""Images: upload, list, read, change, delete."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.conditions import answer_unchanged
from app.dependencies import (
    CheckDelete,
    CheckReprocess,
    CheckUpdate,
    CurrentCaller,
    Images,
    Pages,
    RequestClaim,
    Storage,
    Views,
)
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
from app.policy import Action, check, may
from app.requests import MERGE_PATCH, read_json, read_query
from app.schemas import DirectUpload, ImageList, ImagePublic
from app.uploads import begin_upload, reprocess_image, upload_image
from shared import errors
from shared.images import ImageFilter

router = APIGatewayRouter()


@router.post(
    "/images/upload",
    tags=["images"],
    summary="Upload an image with its metadata",
    responses=answers(
        ImagePublic,
        *BODY_ERRORS,
        errors.Forbidden,
        status=HTTPStatus.CREATED,
        headers=("Location", "ETag"),
    ),
    openapi_extensions=accepts_image(ImageCreate, ImageMetadata, ImageQueryMetadata),
)
def create_image(
    caller: CurrentCaller,
    upload: Annotated[ImageUpload, Depends(read_image_upload)],
    claim: RequestClaim,
    images: Images,
    storage: Storage,
    views: Views,
) -> Response[ImagePublic]:
    image = upload_image(images, storage, caller, upload, claim)
    response = views.answer(image, status=HTTPStatus.CREATED)
    response.headers["Location"] = views.get_location(image.id)
    return response


@router.post(
    "/images/uploads",
    tags=["images"],
    summary="Begin the upload of an image straight to S3, for those too large for one request to the API",
    responses=answers(
        DirectUpload, *BODY_ERRORS, errors.Forbidden, status=HTTPStatus.CREATED, headers=("Location",)
    ),
    openapi_extensions=accepts(DirectUploadCreate),
)
def create_upload(
    caller: CurrentCaller,
    wanted: Annotated[DirectUploadCreate, Depends(read_json(DirectUploadCreate))],
    claim: RequestClaim,
    images: Images,
    storage: Storage,
    views: Views,
) -> Response[DirectUpload]:
    upload = begin_upload(images, storage, caller, wanted, claim)
    headers = {"Location": views.get_location(upload.id)}
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
    pages: Pages,
    views: Views,
) -> ImageList:
    shown = ImageFilter(
        caller_id=caller.user_id,
        sees_all=caller.is_admin,
        user_id=wanted.user_id,
        visibility=wanted.visibility,
        tags=wanted.tags,
        match=wanted.match,
    )
    page = images.list_visible(shown, pages.get_span(wanted, caller), limit=wanted.limit)
    return ImageList(
        images=[
            views.show(image, sees_all=may(Action.READ_ORIGINAL, caller, image)) for image in page.records
        ],
        next_cursor=pages.make_cursor(page.next_key, wanted, caller),
    )


@router.get(
    "/images/<image_id>",
    tags=["images"],
    summary="Read an image's metadata",
    responses=answers(ImagePublic, *READ_ERRORS, headers=("ETag",)) | NOT_MODIFIED,
    middlewares=[answer_unchanged],
)
def get_image(image_id: str, caller: CurrentCaller, images: Images, views: Views) -> Response[ImagePublic]:
    image = images.get(image_id)
    check(Action.READ, caller, image)
    return views.answer(image, sees_all=may(Action.READ_ORIGINAL, caller, image))


@router.route(
    "/images/<image_id>",
    method=["PUT", "PATCH"],
    tags=["images"],
    summary="Change what an image is called, who sees it, and its tags",
    responses=answers(ImagePublic, *BODY_ERRORS, *CHANGE_ERRORS, headers=("ETag",)),
    openapi_extensions=accepts(ImageUpdate, MERGE_PATCH),
)
def update_image(
    image_id: str,
    check_update: CheckUpdate,
    update: Annotated[ImageUpdate, Depends(read_json(ImageUpdate))],
    images: Images,
    views: Views,
) -> Response[ImagePublic]:
    return views.answer(images.update(image_id, update.apply_to, check_update))


@router.delete(
    "/images/<image_id>",
    tags=["images"],
    summary="Delete an image and every byte of it",
    responses=answers(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
)
def delete_image(image_id: str, images: Images, check_delete: CheckDelete) -> Response[None]:
    images.delete(image_id, check_delete)
    return Response(HTTPStatus.NO_CONTENT)


@router.post(
    "/images/<image_id>/reprocess",
    tags=["images"],
    summary="Process an image once more",
    responses=answers(ImagePublic, *CHANGE_ERRORS, status=HTTPStatus.ACCEPTED, headers=("ETag",)),
)
def create_processing(
    image_id: str, images: Images, storage: Storage, check_reprocess: CheckReprocess, views: Views
) -> Response[ImagePublic]:
    image = reprocess_image(images, storage, image_id, check_reprocess)
    return views.answer(image, status=HTTPStatus.ACCEPTED)
