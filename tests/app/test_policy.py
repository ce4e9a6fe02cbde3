from __future__ import annotations

import pytest

from app.auth import Caller
from app.policy import Action, Relation, Verdict, check, decide, may, relate
from shared.errors import Forbidden, NotFound
from shared.models import Image, Item, Status, Visibility
from tests.records import START, make_image

A, H, F = Verdict.ALLOWED, Verdict.HIDDEN, Verdict.FORBIDDEN
OWNER, ADMIN, OTHER, BEARER = Relation.OWNER, Relation.ADMIN, Relation.OTHER, Relation.BEARER

# What everyone else may do with what is visible to all, and with what is not.
TABLE = {
    #                         owner, admin, other, bearer of a link
    (Action.READ, True): (A, A, A, A),
    (Action.READ, False): (A, A, H, A),
    (Action.READ_ORIGINAL, True): (A, A, F, F),
    (Action.READ_ORIGINAL, False): (A, A, H, H),
    (Action.UPDATE, True): (A, A, F, F),
    (Action.UPDATE, False): (A, A, H, H),
    (Action.DELETE, True): (A, A, F, F),
    (Action.DELETE, False): (A, A, H, H),
    (Action.REPROCESS, True): (A, A, F, F),
    (Action.REPROCESS, False): (A, A, H, H),
    (Action.LINK, True): (A, A, F, F),
    (Action.LINK, False): (A, A, H, H),
}
CALLERS = {
    OWNER: Caller("ann", is_verified=True),
    ADMIN: Caller("root", is_admin=True, is_verified=True),
    OTHER: Caller("ben", is_verified=True),
    BEARER: Caller(),
}


def test_table_is_whole() -> None:
    assert set(TABLE) == {(action, visible) for action in Action for visible in (True, False)}


@pytest.mark.parametrize(("action", "is_visible"), TABLE)
def test_verdicts_are_those_of_the_table(action: Action, is_visible: bool) -> None:
    verdicts = tuple(
        decide(action, relation, is_visible=is_visible) for relation in (OWNER, ADMIN, OTHER, BEARER)
    )
    assert verdicts == TABLE[action, is_visible]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("relation", Relation)
def test_image_of_any_status_is_visible_to_others_when_it_is_public_and_verified(
    status: Status, visibility: Visibility, listed: bool, action: Action, relation: Relation
) -> None:
    image = make_image(status=status, visibility=visibility, listed=listed)
    verdict = decide(action, relation, is_visible=listed and visibility is Visibility.PUBLIC)
    try:
        check(action, CALLERS[relation], image, has_link=relation is BEARER)
    except NotFound:
        assert verdict is H
    except Forbidden:
        assert verdict is F
    else:
        assert verdict is A


@pytest.mark.parametrize(
    ("caller", "record", "relation"),
    [
        (Caller("ann"), make_image(), OWNER),
        (Caller("ann", is_admin=True), make_image(), OWNER),
        (Caller("root", is_admin=True), make_image(), ADMIN),
        (Caller("ben"), make_image(), OTHER),
        (Caller(), make_image(), OTHER),
    ],
)
def test_caller_is_related_by_name_then_by_group(caller: Caller, record: Image, relation: Relation) -> None:
    assert relate(caller, record) is relation


@pytest.mark.parametrize(
    ("caller", "reads", "changes"),
    [
        (Caller("ann", is_verified=True), True, True),
        (Caller("ben", is_verified=True), True, False),
        (Caller("root", is_admin=True, is_verified=True), True, True),
        (Caller(), False, False),
        (Caller("ben"), False, False),
    ],
)
def test_item_is_read_by_who_has_a_token_and_changed_by_its_creator_or_an_admin(
    caller: Caller, reads: bool, changes: bool
) -> None:
    item = Item(id="1", user_id="ann", name="a", created_at=START, updated_at=START)
    assert may(Action.READ, caller, item) is reads
    for action in (Action.UPDATE, Action.DELETE):
        assert may(action, caller, item) is changes
