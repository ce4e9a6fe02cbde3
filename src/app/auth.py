"""Who is calling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Self, TypeGuard

from pydantic import TypeAdapter, ValidationError

from app.fields import UserId
from shared.errors import FieldError, Forbidden, InvalidFields, Unauthenticated

if TYPE_CHECKING:
    from app.tokens import TokenVerifier

AUTHORIZATION_HEADER = "Authorization"
USER_ID_HEADER = "X-User-Id"
USER_ID_FIELD = "userId"
WRITING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Caller:
    """Whoever sent the request. `user_id` is None for nobody in particular."""

    user_id: str | None = None
    is_admin: bool = False
    is_verified: bool = False
    """Whether a token says so, not only the request itself."""

    def act_as(self, user_id: str | None) -> Self:
        """The caller of a write that may name its user itself. Raises Forbidden if that is another one."""
        if user_id is None or user_id == self.user_id:
            return self
        if self.user_id is not None and not self.is_admin:
            raise Forbidden("You may not write in the name of another user.")
        return replace(self, user_id=user_id)

    def look_at(self, user_id: str | None) -> str | None:
        """Whose things are listed: the caller's own, or another's whom it may read. Raises Forbidden."""
        if self.is_verified and user_id is not None:
            return user_id
        return self.act_as(user_id).user_id


def authenticate(headers: Mapping[str, str], get_verifier: "Callable[[], TokenVerifier]") -> Caller:
    """The caller whom the token names; nobody where there is none. A bad token is never taken for none."""
    header = headers.get(AUTHORIZATION_HEADER)
    if header is None:
        return Caller()
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated.by_token("The Authorization header holds no bearer token.")
    return get_verifier().verify(token.strip())


def identify_caller(method: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> Caller:
    """Believe the header, which a trusted gateway sets; where there is none, the `userId` of the query."""
    caller = Caller(_read_user_id(USER_ID_HEADER, headers.get(USER_ID_HEADER)))
    named = _read_named_user(query)
    return caller.act_as(named) if caller.user_id is None or method in WRITING_METHODS else caller


def act_as_named(caller: Caller, query: Mapping[str, list[str]]) -> Caller:
    """The caller of a write whose query may name its user. Raises Forbidden if that is another one."""
    return caller.act_as(_read_named_user(query))


@cache
def make_user_id_adapter() -> TypeAdapter[str]:
    return TypeAdapter(UserId)


def is_user_id(value: object) -> TypeGuard[str]:
    try:
        make_user_id_adapter().validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _read_named_user(query: Mapping[str, list[str]]) -> str | None:
    return _read_user_id(USER_ID_FIELD, query.get(USER_ID_FIELD, [None])[0])


def _read_user_id(field: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return make_user_id_adapter().validate_python(value)
    except ValidationError as error:
        raise InvalidFields([FieldError(field, error.errors()[0]["msg"])]) from error
