from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from app.access.callers import WRITING_METHODS, Caller, identify_caller, is_user_id, read_named_user
from shared.errors import Forbidden, InvalidFields

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = "X-User-Id"
ANN = Caller("ann", is_verified=True)
ADMIN = Caller("root", is_admin=True, is_verified=True)


@pytest.mark.parametrize("name", [None, "ann"])
def test_caller_is_named_by_the_header_alone(name: str | None) -> None:
    assert identify_caller({} if name is None else {HEADER: name}) == Caller(name)


@pytest.mark.parametrize("name", ["", " ", "a b", "a\n", "\u00e9", "x" * 129])
def test_odd_name_is_refused_and_never_taken_for_none(name: str) -> None:
    reads: list[tuple[str, Callable[[], object]]] = [
        (HEADER, lambda: identify_caller({HEADER: name})),
        ("userId", lambda: read_named_user({"userId": [name]})),
    ]
    for field, read in reads:
        with pytest.raises(InvalidFields) as raised:
            read()
        assert [error.field for error in raised.value.errors] == [field]


def test_writing_methods_are_those_that_change_something() -> None:
    assert {"POST", "PUT", "PATCH", "DELETE"} == WRITING_METHODS


@pytest.mark.parametrize(
    ("caller", "named", "expected"),
    [
        (ANN, None, ANN),
        (ANN, "ann", ANN),
        (ANN, "ben", None),
        (ADMIN, None, ADMIN),
        (ADMIN, "ben", Caller("ben", is_admin=True, is_verified=True)),
        (Caller("ann"), "ben", None),
        (Caller(), None, Caller()),
        (Caller(), "ben", Caller("ben")),
    ],
)
def test_only_admins_and_callers_without_a_name_act_as_another(
    caller: Caller, named: str | None, expected: Caller | None
) -> None:
    if expected:
        assert caller.act_as(named) == expected
    else:
        with pytest.raises(Forbidden, match="may not name another user"):
            caller.act_as(named)


@pytest.mark.parametrize(
    ("caller", "named", "may_name"),
    [
        (ANN, None, True),
        (ANN, "ann", True),
        (ANN, "ben", False),
        (ADMIN, "ben", True),
        (Caller("ann"), "ben", False),
        (Caller(), None, True),
        (Caller(), "ben", False),
    ],
)
def test_only_an_admin_names_another(caller: Caller, named: str | None, may_name: bool) -> None:
    with nullcontext() if may_name else pytest.raises(Forbidden, match="may not name another user"):
        caller.require_name(named)


@pytest.mark.parametrize(
    ("caller", "named", "owners"),
    [
        (ANN, None, ["ann"]),
        (ANN, "ben", ["ben"]),
        (ANN, "shared", ["shared"]),
        (ADMIN, None, ["root"]),
        (ADMIN, "ben", ["ben"]),
        (Caller("ann"), None, ["ann"]),
        (Caller("ann"), "ann", ["ann"]),
        (Caller("shared"), None, ["shared", None]),
    ],
)
def test_listing_of_items_shows_the_named_user_or_else_the_caller(
    caller: Caller, named: str | None, owners: list[str | None]
) -> None:
    assert caller.choose_owners(named) == owners


def test_caller_without_a_token_lists_no_other_user() -> None:
    with pytest.raises(Forbidden):
        Caller("ann").choose_owners("ben")


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [
        ("ann", True),
        ("!", True),
        ("~" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("a b", False),
        ("a\x7f", False),
        ("a\n", False),
        ("é", False),
        (5, False),
        (None, False),
        (["ann"], False),
    ],
)
def test_name_of_a_user_is_visible_ascii(value: object, is_valid: bool) -> None:
    assert is_user_id(value) is is_valid
