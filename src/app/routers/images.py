"""Images: upload, list, read, change and delete them."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.access.policy import Action, may
from app.dependencies import Images, Pages, RequestClaim, Storage, Usages, Views
from app.identity import (
    CurrentCaller,
    DeleteGuard,
    ReprocessGuard,
    UpdateGuard,
    Uploader,
    read_image_query,
)
from app.metering import metered
from app.openapi import (
    BODY_ERRORS,
    CHANGE_ERRORS,
    NOT_MODIFIED,
    READ_ERRORS,
    accepts,
    accepts_image,
    responds,
    responds_with_page,
    reuses,
    takes_query,
)
from app.paging import paged
from app.repeats import idempotent, show_form, show_image, show_upload
from app.requests.body import MERGE_PATCH, read_json
from app.requests.formats import ImageUpload, read_image_upload
from app.requests.inputs import (
    DirectUploadCreate,
    ImageCreate,
    ImageForm,
    ImageQuery,
    ImageUpdate,
)
from app.responses.conditions import respond_not_modified
from app.responses.methods import require_method
from app.responses.outputs import DirectUpload, ImageList, ImagePublic
from app.throttling import limited
from app.uploads import begin_upload, reprocess_image, upload_image
from shared import errors
from shared.images import ImageFilter
from shared.metrics import UploadPath

router = APIGatewayRouter()


@router.post(
    "/images/upload",
    tags=["images"],
    operation_id="uploadImage",
    summary="Upload an image with its metadata",
    responses=responds(
        ImagePublic,
        *BODY_ERRORS,
        errors.Forbidden,
        status=HTTPStatus.CREATED,
        headers=("Location", "ETag"),
    )
    | reuses(ImagePublic),
    openapi_extensions=accepts_image(ImageCreate, ImageForm),
    middlewares=[idempotent(show_upload), metered()],
)
def create_image(
    caller: Uploader,
    upload: Annotated[ImageUpload, Depends(read_image_upload)],
    claim: RequestClaim,
    images: Images,
    usages: Usages,
    storage: Storage,
    views: Views,
) -> Response[ImagePublic]:
    uploaded = upload_image(images, usages, storage, caller, upload, claim=claim)
    return views.respond_to_upload(uploaded.image, is_new=uploaded.is_new)


@router.post(
    "/images/uploads",
    tags=["images"],
    operation_id="beginUpload",
    summary="Begin the upload of an image straight to S3, if it is too large for one request to the API",
    responses=responds(
        DirectUpload, *BODY_ERRORS, errors.Forbidden, status=HTTPStatus.CREATED, headers=("Location",)
    )
    | reuses(ImagePublic),
    openapi_extensions=accepts(DirectUploadCreate),
    middlewares=[idempotent(show_form), metered(UploadPath.DIRECT)],
)
def create_upload(
    caller: Uploader,
    announced: Annotated[DirectUploadCreate, Depends(read_json(DirectUploadCreate))],
    claim: RequestClaim,
    images: Images,
    usages: Usages,
    storage: Storage,
    views: Views,
) -> Response[Any]:
    begun = begin_upload(images, usages, storage, caller, announced, claim=claim)
    return views.respond_to_announcement(begun)


@router.get(
    "/images",
    tags=["images"],
    operation_id="listImages",
    summary="List the images that are public or the caller's own",
    responses=responds_with_page(ImageList, errors.Forbidden, errors.InvalidFields),
    openapi_extensions=takes_query(ImageQuery),
    middlewares=[paged],
)
def list_images(
    query: Annotated[ImageQuery, Depends(read_image_query)],
    caller: CurrentCaller,
    images: Images,
    pages: Pages,
    views: Views,
) -> ImageList:
    visible = ImageFilter(
        caller_id=caller.user_id,
        is_admin=caller.is_admin,
        user_id=query.user_id,
        visibility=query.visibility,
        tags=query.tags,
        match=query.match,
        trashed=query.trashed,
        sha256=query.sha256,
    )
    page = images.list_visible(visible, pages.get_span(query, caller), limit=query.limit)
    return ImageList(
        images=[
            views.show(image, is_full=may(Action.READ_ORIGINAL, caller, image)) for image in page.records
        ],
        next_cursor=pages.make_cursor(page.next_key, query, caller),
    )


@router.get(
    "/images/<image_id>",
    tags=["images"],
    operation_id="getImage",
    summary="Read an image's metadata",
    responses=responds(ImagePublic, *READ_ERRORS, headers=("ETag",)) | NOT_MODIFIED,
    middlewares=[require_method, respond_not_modified],
)
def get_image(image_id: str, caller: CurrentCaller, images: Images, views: Views) -> Response[ImagePublic]:
    return views.respond_to(caller, images.get(image_id))


UPDATE: dict[str, Any] = {
    "rule": "/images/<image_id>",
    "tags": ["images"],
    "summary": "Change the metadata of an image",
    "responses": responds(ImagePublic, *BODY_ERRORS, *CHANGE_ERRORS, headers=("ETag",)),
    "openapi_extensions": accepts(ImageUpdate, MERGE_PATCH),
    "middlewares": [require_method, limited],
}


@router.put(**UPDATE, operation_id="updateImageByPut")
@router.patch(**UPDATE, operation_id="updateImage")
def update_image(
    image_id: str,
    guard: UpdateGuard,
    update: Annotated[ImageUpdate, Depends(read_json(ImageUpdate))],
    images: Images,
    views: Views,
) -> Response[ImagePublic]:
    return views.respond(images.update(image_id, update.apply_to, guard))


@router.delete(
    "/images/<image_id>",
    tags=["images"],
    operation_id="deleteImage",
    summary="Delete an image and its bytes (`recoveryDays` of GET /limits says when)",
    responses=responds(None, *CHANGE_ERRORS, status=HTTPStatus.NO_CONTENT),
    middlewares=[require_method],
)
def delete_image(image_id: str, images: Images, guard: DeleteGuard) -> Response[None]:
    images.delete(image_id, guard)
    return Response(HTTPStatus.NO_CONTENT)


@router.post(
    "/images/<image_id>/reprocess",
    tags=["images"],
    operation_id="reprocessImage",
    summary="Process an image again",
    responses=responds(ImagePublic, *CHANGE_ERRORS, status=HTTPStatus.ACCEPTED, headers=("ETag",)),
    middlewares=[idempotent(show_image), limited],
)
def create_processing(
    image_id: str, images: Images, storage: Storage, guard: ReprocessGuard, views: Views
) -> Response[ImagePublic]:
    image = reprocess_image(images, storage, image_id, guard)
    return views.respond(image, status=HTTPStatus.ACCEPTED)
