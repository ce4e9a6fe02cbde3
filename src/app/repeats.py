"""Repeated requests: a request with an Idempotency-Key happens once, and each repeat is authorised anew."""

from collections.abc import Callable
from http import HTTPStatus
from operator import attrgetter
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Depends, Request, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.access.policy import Action, authorize
from app.dependencies import BaseUrl, Files, Images, Items, MakeStore, Storage, Views, get_make_store
from app.files import respond_with_upload
from app.identity import CurrentCaller, OwningCaller, Sender, Uploader
from app.requests.fields import IDEMPOTENCY_KEY_HEADER
from app.responses.outputs import BatchResults
from app.responses.views import respond_with_item
from app.uploads import make_form
from shared.replacements import get_open

type Show = Callable[[str, HTTPStatus], Response[Any]]
"""Shows the record of an id as it is now, under a status. Raises NotFound or Forbidden."""
type Middleware = Callable[..., Response[Any]]


def show_nothing() -> None:
    """Of a request that leaves no record, such as one for a link: it runs again, with the rights of now."""


def show_image(caller: CurrentCaller, images: Images, views: Views) -> Show:
    return lambda image_id, status: views.respond_to(caller, images.get(image_id), status=status)


def show_upload(caller: Uploader, images: Images, views: Views) -> Show:
    """An upload that is sent again names the same user again: the owner of its image."""

    def show(image_id: str, status: HTTPStatus) -> Response[Any]:
        image = images.get(image_id)
        owner = caller.act_as_unnamed(image.user_id)
        return views.respond_to(owner, image, status=status, is_upload=True)

    return show


def show_form(caller: Uploader, images: Images, storage: Storage, views: Views) -> Show:
    """The form of a direct upload while it is pending, or the image that was there. Else raises Conflict."""

    def show(image_id: str, status: HTTPStatus) -> Response[Any]:
        image = images.get(image_id)
        authorize(Action.READ_ORIGINAL, caller.act_as_unnamed(image.user_id), image)
        if status is HTTPStatus.OK:
            return views.respond_to_announcement(image)
        return views.respond_with_form(make_form(storage, image_id, image), status=status)

    return show


def show_replacement_form(caller: CurrentCaller, images: Images, storage: Storage, views: Views) -> Show:
    """The form of the replacement that an image has now, while it is pending. Raises Conflict after that."""

    def show(image_id: str, status: HTTPStatus) -> Response[Any]:
        image = images.get(image_id)
        authorize(Action.REPLACE, caller, image)
        return views.respond_with_form(make_form(storage, image_id, get_open(image)), status=status)

    return show


def show_batch() -> Show:
    """The results as they were: they tell nothing of the images but what the caller has done to them."""
    return lambda outcome, status: Response(
        status, "application/json", BatchResults.model_validate_json(outcome)
    )


def show_item(caller: OwningCaller, items: Items, base_url: BaseUrl) -> Show:
    def show(item_id: str, status: HTTPStatus) -> Response[Any]:
        item = items.get(item_id)
        authorize(Action.READ, caller, item)
        return respond_with_item(item, base_url, status=status)

    return show


def show_file(caller: OwningCaller, files: Files, storage: Storage, base_url: BaseUrl) -> Show:
    def show(file_id: str, status: HTTPStatus) -> Response[Any]:
        del status  # there is only one
        file = files.get(file_id)
        authorize(Action.READ, caller, file)
        return respond_with_upload(file, storage, base_url)

    return show


def idempotent(get_show: Callable[..., Show | None] = show_nothing, record_id: str = "id") -> Middleware:
    """Make the middleware of a route: a request with an Idempotency-Key happens once.

    `record_id` is the place of the record's id in the model that the route returns. If it holds None, the
    request has left a part undone, and runs again when it comes again.
    """
    get_record_id = attrgetter(record_id)

    def respond_once(  # noqa: PLR0913, PLR0917 - what it is injected
        app: APIGatewayRestResolver,
        next_middleware: NextMiddleware,
        request: Request,
        sender: Sender,
        make_store: Annotated[MakeStore, Depends(get_make_store)],
        show: Annotated[Show | None, Depends(get_show)],
    ) -> Response[Any]:
        if IDEMPOTENCY_KEY_HEADER not in request.headers:
            return next_middleware(app)
        from app import idempotency  # noqa: PLC0415 - only for a key

        keyed = idempotency.KeyedRequest.read(request, sender)
        app.append_context(claim=keyed.claim)
        first: list[Response[Any]] = []

        def run() -> idempotency.Outcome:
            first.append(next_middleware(app))
            made = get_record_id(first[0].body) if show else None
            if show and made is None:
                raise idempotency.Unfinished
            return idempotency.Outcome(int(first[0].status_code), made)

        try:
            outcome = idempotency.run_once(keyed, make_store(), app.lambda_context, run)
        except idempotency.Unfinished:
            return first[0]
        if first:
            return first[0]
        if show is None or outcome.record_id is None:
            return next_middleware(app)
        return show(outcome.record_id, HTTPStatus(outcome.status))

    return respond_once
