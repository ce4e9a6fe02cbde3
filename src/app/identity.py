"""Identity: who sends a request, whom it may name, and what guards a write."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request

from app.access.auth import authenticate
from app.access.callers import (
    ME,
    SHARED_USER_ID,
    USER_ID_FIELD,
    USER_ID_HEADER,
    WRITING_METHODS,
    Caller,
    identify_caller,
    read_named_user,
)
from app.access.policy import Action, authorize
from app.dependencies import Verify, get_verify
from app.parameters import AuthMode
from app.requests.body import get_query, read_query
from app.requests.inputs import ImageQuery, UserQuery
from app.responses.conditions import require_match
from shared.errors import FieldError, Forbidden, InvalidFields, Unauthenticated
from shared.items import Item
from shared.models import File, Image

type Guard = Callable[[Image | File | Item], None]
"""Lets a write pass, or raises."""


def get_headers(request: Request) -> Mapping[str, str]:
    return request.headers


Headers = Annotated[Mapping[str, str], Depends(get_headers)]


def get_sender(
    request: Request,
    mode: AuthMode,
    verify: Annotated[Verify, Depends(get_verify)],
) -> Caller:
    """Whom the token or the header names, noted for the trail.

    Raises Unauthenticated for a bad token, and for a write without a token.
    """
    sender = _identify(request, mode, verify)
    request.context["sender"] = sender
    return sender


def _identify(request: Request, mode: str, verify: Verify) -> Caller:
    match mode:
        case "open":
            return identify_caller(request.headers)
        case "jwt":
            caller = authenticate(request.headers, verify)
            if caller.user_id is None and request.method in WRITING_METHODS:
                raise Unauthenticated
            return caller
        case _:
            raise ValueError(f"AUTH_MODE {mode!r} is not known")


Sender = Annotated[Caller, Depends(get_sender)]


def get_caller(request: Request, sender: Sender) -> Caller:
    """Raises Forbidden for a write whose query names another user."""
    if request.method in WRITING_METHODS:
        sender.require_name(read_named_user(get_query(request)))
    return sender


CurrentCaller = Annotated[Caller, Depends(get_caller)]


def get_uploader(request: Request, sender: Sender) -> Caller:
    """The caller of an upload. Without a name, the fields of the upload name its user."""
    return sender if sender.user_id is None else get_caller(request, sender)


def get_owning_caller(caller: CurrentCaller, mode: AuthMode) -> Caller:
    """The caller of what needs no user in `open` mode: without a name it acts for the shared user."""
    if caller.user_id is None and mode == "jwt":
        raise Unauthenticated
    return replace(caller, user_id=caller.user_id or SHARED_USER_ID)


def get_own_id(caller: CurrentCaller, mode: AuthMode) -> str:
    """The id of a caller who must have one."""
    return _require_id(caller, mode, FieldError(USER_ID_HEADER, "is required"))


OwnId = Annotated[str, Depends(get_own_id)]


def get_erased_id(request: Request, own_id: OwnId) -> str:
    """The caller's own id. Raises Forbidden if the query names another user, for an admin too."""
    if read_named_user(get_query(request)) not in {None, own_id}:
        raise Forbidden("You may erase nobody but yourself. Operators erase others.")
    return own_id


def read_user_query[Q: UserQuery](model: type[Q]) -> Callable[[Request, Caller, str], Q]:
    """Make a dependency that reads a query whose `userId=me` is the caller."""
    read = read_query(model)

    def read_own(
        request: Request,
        caller: CurrentCaller,
        mode: AuthMode,
    ) -> Q:
        query = read(request)
        if query.user_id != ME:
            return query
        missing = FieldError(USER_ID_FIELD, f"{ME} has no meaning without the header {USER_ID_HEADER}")
        return query.model_copy(update={"user_id": _require_id(caller, mode, missing)})

    return read_own


def read_image_query(
    query: Annotated[ImageQuery, Depends(read_user_query(ImageQuery))], caller: CurrentCaller, mode: AuthMode
) -> ImageQuery:
    """Read the query of a listing. Images are found by their bytes for their owner alone.

    Raises Forbidden for the bytes of another user, except for an admin.
    """
    if query.sha256 is None:
        return query
    own_id = _require_id(
        caller, mode, FieldError("sha256", f"is not read without the header {USER_ID_HEADER}")
    )
    caller.require_name(query.user_id)
    return query.model_copy(update={"user_id": query.user_id or own_id})


def _require_id(caller: Caller, mode: str, missing: FieldError) -> str:
    """Raises Unauthenticated or InvalidFields, as the mode tells callers how to name themselves."""
    if caller.user_id is not None:
        return caller.user_id
    if mode == "jwt":
        raise Unauthenticated
    raise InvalidFields([missing])


def check(action: Action, caller: Caller, headers: Mapping[str, str], record: Image | File | Item) -> None:
    """Check the caller's rights, then the `If-Match`."""
    authorize(action, caller, record)
    require_match(headers, record)


def make_guard(
    action: Action, identify: Callable[..., Caller] = get_caller
) -> Callable[[Caller, Mapping[str, str]], Guard]:
    """Make a dependency: the guard of a write."""

    def get_guard(
        caller: Annotated[Caller, Depends(identify)],
        headers: Headers,
    ) -> Guard:
        return partial(check, action, caller, headers)

    return get_guard


def get_guard_maker(caller: CurrentCaller, headers: Headers) -> Callable[[Action], Guard]:
    """For a request whose body says what it does."""
    return lambda action: partial(check, action, caller, headers)


OwningCaller = Annotated[Caller, Depends(get_owning_caller)]


def get_owner_id(caller: OwningCaller) -> str:
    """The user whom a new item or file belongs to."""
    assert caller.user_id is not None  # noqa: S101 - for the type checker
    return caller.user_id


Uploader = Annotated[Caller, Depends(get_uploader)]
OwnerId = Annotated[str, Depends(get_owner_id)]
ErasedId = Annotated[str, Depends(get_erased_id)]
GuardMaker = Annotated[Callable[[Action], Guard], Depends(get_guard_maker)]
UpdateGuard = Annotated[Guard, Depends(make_guard(Action.UPDATE))]
DeleteGuard = Annotated[Guard, Depends(make_guard(Action.DELETE))]
OwnedUpdateGuard = Annotated[Guard, Depends(make_guard(Action.UPDATE, get_owning_caller))]
OwnedDeleteGuard = Annotated[Guard, Depends(make_guard(Action.DELETE, get_owning_caller))]
ReplaceGuard = Annotated[Guard, Depends(make_guard(Action.REPLACE))]
TrashGuard = Annotated[Guard, Depends(make_guard(Action.TRASH))]
ReprocessGuard = Annotated[Guard, Depends(make_guard(Action.REPROCESS))]
LinkGuard = Annotated[Guard, Depends(make_guard(Action.LINK))]
