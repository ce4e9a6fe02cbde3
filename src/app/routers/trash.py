"""The trash: put images there, and take them out again."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from app.dependencies import Images, Views
from app.identity import TrashGuard
from app.openapi import CHANGE_ERRORS, responds
from app.parameters import TrashLifetime
from app.repeats import idempotent, show_image
from app.responses.outputs import ImagePublic
from app.throttling import limited
from app.trash import restore_image, trash_image

router = APIGatewayRouter()


@router.post(
    "/images/<image_id>/trash",
    tags=["images"],
    operation_id="trashImage",
    summary="Hide an image from everyone but its owner, until it is restored or ends",
    responses=responds(ImagePublic, *CHANGE_ERRORS, headers=("ETag",)),
    middlewares=[idempotent(show_image), limited],
)
def create_trash(
    image_id: str, images: Images, lifetime: TrashLifetime, guard: TrashGuard, views: Views
) -> Response[ImagePublic]:
    return views.respond(trash_image(images, image_id, lifetime, guard))


@router.post(
    "/images/<image_id>/restore",
    tags=["images"],
    operation_id="restoreImage",
    summary="Take an image out of the trash",
    responses=responds(ImagePublic, *CHANGE_ERRORS, headers=("ETag",)),
    middlewares=[idempotent(show_image), limited],
)
def delete_trash(image_id: str, images: Images, guard: TrashGuard, views: Views) -> Response[ImagePublic]:
    return views.respond(restore_image(images, image_id, guard))
