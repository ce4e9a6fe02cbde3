"""Who is calling, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Self

from pydantic import TypeAdapter, ValidationError

from app.fields import UserId
from shared.errors import FieldError, Forbidden, InvalidFields, NotFound
from shared.models import Image, Item

USER_ID_HEADER = "X-User-Id"
USER_ID_FIELD = "userId"
WRITING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Caller:
    """Whoever sent the request. `user_id` is None for nobody in particular."""

    user_id: str | None = None

    def act_as(self, user_id: str | None) -> Self:
        """The caller of a write that may name its user itself. Raises Forbidden if that is another one."""
        if user_id is None or user_id == self.user_id:
            return self
        if self.user_id is not None:
            raise Forbidden("You may not write in the name of another user.")
        return replace(self, user_id=user_id)

    def check_view(self, record: Image | Item) -> None:
        """Raises NotFound: whoever may not see a record does not learn that it exists."""
        if not record.visible_to(self.user_id):
            raise NotFound

    def check_change(self, record: Image | Item) -> None:
        """Raises NotFound or Forbidden."""
        self.check_view(record)
        if not record.owned_by(self.user_id):
            raise Forbidden("Only its owner may change this.")


def identify_caller(method: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> Caller:
    """Believe the header, which a trusted gateway sets; where there is none, the `userId` of the query."""
    header = headers.get(USER_ID_HEADER)
    named = query.get(USER_ID_FIELD, [None])[0]
    caller = Caller(_read_user_id(USER_ID_HEADER, header))
    if caller.user_id is None or method in WRITING_METHODS:
        return caller.act_as(_read_user_id(USER_ID_FIELD, named))
    return caller


@cache
def make_user_id_adapter() -> TypeAdapter[str]:
    return TypeAdapter(UserId)


def _read_user_id(field: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return make_user_id_adapter().validate_python(value)
    except ValidationError as error:
        raise InvalidFields([FieldError(field, error.errors()[0]["msg"])]) from error
