"""Callers: who sends a request, and how a request names its user."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Self, TypeGuard

from pydantic import TypeAdapter, ValidationError

from shared.details import UserId
from shared.errors import FieldError, Forbidden, InvalidFields
from shared.observability import mark_admin
from shared.texts import decode_header

USER_ID_HEADER = "X-User-Id"
USER_ID_FIELD = "userId"
ME = "me"
"""Stands for the caller's own id in the query of a read."""
SHARED_USER_ID = "shared"
"""The user of what needs none where callers have no tokens: items and legacy files."""
WRITING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Caller:
    """The sender of a request. `user_id` is None for a caller without a name."""

    user_id: str | None = None
    is_admin: bool = False
    is_verified: bool = False
    """True if a token says who it is, and not only the request itself."""

    def act_as(self, user_id: str | None) -> Self:
        """Return the caller of an upload that may name its user. Raises Forbidden for the name of another."""
        if self.user_id is not None:
            self.require_name(user_id)
        return replace(self, user_id=user_id or self.user_id)

    def act_as_unnamed(self, user_id: str) -> Self:
        """Return the caller, or one with this name if the caller has none."""
        return replace(self, user_id=self.user_id or user_id)

    def require_name(self, user_id: str | None) -> None:
        """Raises Forbidden for the name of another user, except for an admin."""
        if user_id in {None, self.user_id}:
            return
        if not self.is_admin:
            raise Forbidden("You may not name another user.")
        mark_admin()

    def choose_owners(self, user_id: str | None) -> list[str | None]:
        """Return the users whose items a listing shows. Without a token, another user is Forbidden.

        Items without a user are from before there was a shared one.
        """
        if not self.is_verified:
            self.require_name(user_id)
        owner_id = user_id or self.user_id
        return [owner_id] if self.is_verified or owner_id != SHARED_USER_ID else [owner_id, None]


def identify_caller(headers: Mapping[str, str]) -> Caller:
    """Trust the header, which a trusted gateway sets, and nothing else."""
    value = headers.get(USER_ID_HEADER)
    return Caller(_read_user_id(USER_ID_HEADER, None if value is None else decode_header(value)))


def read_named_user(query: Mapping[str, list[str]]) -> str | None:
    """Return the user whom the query of a write names. It makes nobody that user."""
    return _read_user_id(USER_ID_FIELD, query.get(USER_ID_FIELD, [None])[0])


def is_user_id(value: object) -> TypeGuard[str]:
    """Tell if a value is an id as it is kept. Another spelling of an id is none."""
    try:
        return _make_adapter().validate_python(value, strict=True) == value
    except ValidationError:
        return False


@cache
def _make_adapter() -> TypeAdapter[str]:
    return TypeAdapter(UserId)


def _read_user_id(field: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return _make_adapter().validate_python(value)
    except ValidationError as error:
        raise InvalidFields(
            [FieldError(field, error.errors()[0]["msg"].removeprefix("Value error, "))]
        ) from error
