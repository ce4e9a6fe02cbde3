from __future__ import annotations

import pytest

from app.access.callers import Caller
from app.access.policy import Action, Relation, Verdict, authorize, decide, may, relate
from shared.errors import Forbidden, NotFound
from shared.items import Item
from shared.lifecycle import Status
from shared.models import Image, Visibility
from tests.support.images import RENDITIONS, START, make_image, make_ready

A, H, F = Verdict.ALLOWED, Verdict.HIDDEN, Verdict.FORBIDDEN
OWNER, ADMIN, OTHER, BEARER = Relation.OWNER, Relation.ADMIN, Relation.OTHER, Relation.BEARER

# Verdicts for a resource that others may see, and for one that they may not.
TABLE = {
    #                         owner, admin, other, bearer of a link
    (Action.READ, True): (A, A, A, A),
    (Action.READ, False): (A, A, H, A),
    (Action.READ_ORIGINAL, True): (A, A, F, A),
    (Action.READ_ORIGINAL, False): (A, A, H, A),
    (Action.UPDATE, True): (A, A, F, F),
    (Action.UPDATE, False): (A, A, H, H),
    (Action.DELETE, True): (A, A, F, F),
    (Action.DELETE, False): (A, A, H, H),
    (Action.REPLACE, True): (A, A, F, F),
    (Action.REPLACE, False): (A, A, H, H),
    (Action.REPROCESS, True): (A, A, F, F),
    (Action.REPROCESS, False): (A, A, H, H),
    (Action.TRASH, True): (A, A, F, F),
    (Action.TRASH, False): (A, A, H, H),
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


SHOWN = {
    # Without renditions, and with those of an earlier run.
    Status.PENDING: (False, False),
    Status.PROCESSING: (False, True),
    Status.READY: (True, True),
    Status.REJECTED: (False, False),
    Status.FAILED: (False, True),
}


def judge(action: Action, relation: Relation, image: Image) -> Verdict:
    try:
        authorize(action, CALLERS[relation], image, has_link=relation is BEARER)
    except NotFound:
        return H
    except Forbidden:
        return F
    return A


@pytest.mark.parametrize(
    ("status", "has_renditions"),
    [(status, has) for status in Status for has in (False, True) if (status, has) != (Status.PENDING, True)],
)
@pytest.mark.parametrize("visibility", Visibility)
def test_others_see_an_image_that_is_public_and_was_ready(
    status: Status, has_renditions: bool, visibility: Visibility
) -> None:
    image = make_image(status=status, visibility=visibility, renditions=RENDITIONS if has_renditions else {})
    is_visible = visibility is Visibility.PUBLIC and SHOWN[status][has_renditions]
    for action in Action:
        verdicts = tuple(judge(action, relation, image) for relation in (OWNER, ADMIN, OTHER, BEARER))
        assert verdicts == TABLE[action, is_visible]


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
def test_item_is_read_with_a_token_and_changed_by_its_creator_or_an_admin(
    caller: Caller, reads: bool, changes: bool
) -> None:
    item = Item(id="1", user_id="ann", name="a", created_at=START, updated_at=START)
    assert may(Action.READ, caller, item) is reads
    for action in (Action.UPDATE, Action.DELETE):
        assert may(action, caller, item) is changes


@pytest.mark.parametrize(
    ("caller", "relation"),
    [
        (Caller(), OWNER),
        (Caller("ann"), OWNER),
        (Caller("ann", is_verified=True), OTHER),
        (Caller("root", is_admin=True, is_verified=True), ADMIN),
    ],
)
def test_item_without_a_user_is_shared_by_callers_without_tokens(caller: Caller, relation: Relation) -> None:
    item = Item(id="1", user_id=None, name="a", created_at=START, updated_at=START)
    assert relate(caller, item) is relation


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action.READ_ORIGINAL, "You may not read the original of this."),
        (Action.UPDATE, "You may not change this."),
        (Action.DELETE, "You may not delete this."),
        (Action.REPROCESS, "You may not reprocess this."),
        (Action.LINK, "You may not make or revoke links of this."),
    ],
)
def test_refusal_names_the_action(action: Action, words: str) -> None:
    with pytest.raises(Forbidden) as raised:
        authorize(action, CALLERS[OTHER], make_ready())
    assert raised.value.detail == words


def test_link_means_nothing_to_owners_and_admins() -> None:
    """They may do everything without it, and it takes nothing from them."""
    private = make_ready(visibility=Visibility.PRIVATE)
    for caller in (CALLERS[OWNER], CALLERS[ADMIN]):
        for action in Action:
            assert may(action, caller, private)
            authorize(action, caller, private, has_link=True)
