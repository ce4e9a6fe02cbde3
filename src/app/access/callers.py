"""Callers: who sends a request, and how a request names its user."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Self, TypeGuard

from pydantic import StringConstraints, TypeAdapter, ValidationError

from app.limits import MAX_USER_ID_CHARS
from shared.errors import FieldError, Forbidden, InvalidFields

USER_ID_HEADER = "X-User-Id"
USER_ID_FIELD = "userId"
WRITING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}

UserId = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_USER_ID_CHARS, pattern=r"^[\x21-\x7e]+$")
]


@dataclass(frozen=True)
class Caller:
    """The sender of a request. `user_id` is None for a caller without a name."""

    user_id: str | None = None
    is_admin: bool = False
    is_verified: bool = False
    """True if a token says who it is, and not only the request itself."""

    def act_as(self, user_id: str | None) -> Self:
        """Return the caller of a write that may name its user. Raises Forbidden for the name of another."""
        if user_id is None or user_id == self.user_id:
            return self
        if self.user_id is not None and not self.is_admin:
            raise Forbidden("You may not write in the name of another user.")
        return replace(self, user_id=user_id)

    def choose_owner(self, user_id: str | None) -> str | None:
        """Return the user whose things a listing shows. Without a token, another user is Forbidden."""
        if self.is_verified and user_id is not None:
            return user_id
        return self.act_as(user_id).user_id


def identify_caller(method: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> Caller:
    """Trust the header, which a trusted gateway sets. Without it, trust the `userId` of the query."""
    caller = Caller(_read_user_id(USER_ID_HEADER, headers.get(USER_ID_HEADER)))
    named = _read_named_user(query)
    return caller.act_as(named) if caller.user_id is None or method in WRITING_METHODS else caller


def act_as_named(caller: Caller, query: Mapping[str, list[str]]) -> Caller:
    """Return the caller of a write whose query may name its user, as `Caller.act_as` does."""
    return caller.act_as(_read_named_user(query))


def is_user_id(value: object) -> TypeGuard[str]:
    try:
        _make_adapter().validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@cache
def _make_adapter() -> TypeAdapter[str]:
    return TypeAdapter(UserId)


def _read_named_user(query: Mapping[str, list[str]]) -> str | None:
    return _read_user_id(USER_ID_FIELD, query.get(USER_ID_FIELD, [None])[0])


def _read_user_id(field: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return _make_adapter().validate_python(value)
    except ValidationError as error:
        raise InvalidFields([FieldError(field, error.errors()[0]["msg"])]) from error
