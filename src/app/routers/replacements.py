"""Other bytes for an image, under the same id."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import Images, RequestClaim, Storage, Usages, Views
from app.identity import ReplaceGuard
from app.metering import metered
from app.openapi import BODY_ERRORS, CHANGE_ERRORS, TAKES_KEY, accepts, accepts_image, responds
from app.repeats import idempotent, show_image, show_replacement_form
from app.replacements import Replacer
from app.requests.formats import UploadedFile, read_announced_content, read_content
from app.requests.inputs import ContentCreate, DirectContentCreate, FileForm
from app.responses.outputs import DirectUpload, ImagePublic
from shared.metrics import UploadPath

router = APIGatewayRouter()


def get_replacer(
    images: Images, usages: Usages, storage: Storage, guard: ReplaceGuard, claim: RequestClaim
) -> Replacer:
    return Replacer(images, usages, storage, guard, claim)


RequestReplacer = Annotated[Replacer, Depends(get_replacer)]


@router.put(
    "/images/<image_id>/content",
    tags=["images"],
    operation_id="replaceContent",
    summary="Replace the bytes of an image. It stays as it is until they are ready",
    responses=responds(
        ImagePublic, *BODY_ERRORS, *CHANGE_ERRORS, status=HTTPStatus.ACCEPTED, headers=("ETag",)
    ),
    openapi_extensions=accepts_image(ContentCreate, FileForm) | TAKES_KEY,
    middlewares=[idempotent(show_image), metered()],
)
def replace_content(
    image_id: str,
    replacer: RequestReplacer,
    file: Annotated[UploadedFile, Depends(read_content)],
    views: Views,
) -> Response[ImagePublic]:
    return views.respond(replacer.replace(image_id, file), status=HTTPStatus.ACCEPTED)


@router.post(
    "/images/<image_id>/content/uploads",
    tags=["images"],
    operation_id="beginReplacement",
    summary="Begin to replace the bytes of an image straight in S3, if they are too large for one request",
    responses=responds(
        DirectUpload, *BODY_ERRORS, *CHANGE_ERRORS, status=HTTPStatus.CREATED, headers=("Location",)
    ),
    openapi_extensions=accepts(DirectContentCreate),
    middlewares=[idempotent(show_replacement_form), metered(UploadPath.DIRECT)],
)
def create_content_upload(
    image_id: str,
    replacer: RequestReplacer,
    announced: Annotated[DirectContentCreate, Depends(read_announced_content)],
    views: Views,
) -> Response[DirectUpload]:
    return views.respond_with_form(replacer.begin_upload(image_id, announced))
