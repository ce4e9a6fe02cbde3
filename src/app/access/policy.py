"""The policy: who may do what. One table, without I/O."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from shared.errors import Forbidden, NotFound
from shared.items import Item
from shared.models import File, Image
from shared.observability import mark_admin

if TYPE_CHECKING:
    from app.access.callers import Caller


class Action(StrEnum):
    """Something that a caller may want to do with an image, a file or an item."""

    READ = "read"
    READ_ORIGINAL = "read the original of"
    UPDATE = "change"
    DELETE = "delete"
    REPLACE = "replace the bytes of"
    REPROCESS = "reprocess"
    TRASH = "trash or restore"
    LINK = "make or revoke links of"


class Relation(Enum):
    """The relation of a caller to an image, a file or an item."""

    OWNER = "owner"
    ADMIN = "admin"
    OTHER = "other"
    BEARER = "bearer of a link"


class Verdict(Enum):
    """The outcome for a caller."""

    ALLOWED = "allowed"
    HIDDEN = "hidden"
    """As if the resource did not exist."""
    FORBIDDEN = "forbidden"


def decide(action: Action, relation: Relation, *, is_visible: bool) -> Verdict:
    """`is_visible` tells if others may see the resource at all."""
    if relation in {Relation.OWNER, Relation.ADMIN}:
        return Verdict.ALLOWED
    if action is Action.READ and is_visible:
        return Verdict.ALLOWED
    if action in {Action.READ, Action.READ_ORIGINAL} and relation is Relation.BEARER:
        return Verdict.ALLOWED
    return Verdict.FORBIDDEN if is_visible else Verdict.HIDDEN


def relate(caller: Caller, record: Image | File | Item) -> Relation:
    # Items without a user come from a time without tokens. Callers without a name share them.
    if record.is_owned_by(caller.user_id) and not (caller.is_verified and record.user_id is None):
        return Relation.OWNER
    return Relation.ADMIN if caller.is_admin else Relation.OTHER


def is_visible(caller: Caller, record: Image | File | Item) -> bool:
    """Tell whether a caller who is neither its owner nor an admin may see it."""
    if isinstance(record, Item):
        return caller.is_verified
    return isinstance(record, Image) and record.is_public


def may(action: Action, caller: Caller, record: Image | File | Item) -> bool:
    relation = relate(caller, record)
    if relation is Relation.ADMIN:
        mark_admin()
    return decide(action, relation, is_visible=is_visible(caller, record)) is Verdict.ALLOWED


def authorize(action: Action, caller: Caller, record: Image | File | Item, *, has_link: bool = False) -> None:
    """Raises NotFound or Forbidden. A link lets its bearer see what it was made for, and nothing else."""
    relation = relate(caller, record)
    if relation is Relation.ADMIN:
        mark_admin()
    if has_link and relation is Relation.OTHER:
        relation = Relation.BEARER
    match decide(action, relation, is_visible=is_visible(caller, record)):
        case Verdict.HIDDEN:
            raise NotFound
        case Verdict.FORBIDDEN:
            raise Forbidden(f"You may not {action} this.")
        case Verdict.ALLOWED:
            pass
