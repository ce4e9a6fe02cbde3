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


@pytest.mark.parametrize(
    "name", ["", " ", "a ", "\u3000a", "a\n", "a\u200bb", "a\u00a0b", "x" * 129, "\u732b" * 86]
)
def test_odd_name_is_refused_and_never_taken_for_none(name: str) -> None:
    reads: list[tuple[str, Callable[[], object]]] = [
        (HEADER, lambda: identify_caller({HEADER: name})),
        ("userId", lambda: read_named_user({"userId": [name]})),
    ]
    for field, read in reads:
        with pytest.raises(InvalidFields) as raised:
            read()
        assert [error.field for error in raised.value.errors] == [field]


@pytest.mark.parametrize(
    ("value", "user_id"),
    [
        ("Jürgen Müller", "Jürgen Müller"),
        ("Jürgen Müller".encode().decode("latin-1"), "Jürgen Müller"),
        ("山田　太郎".encode().decode("latin-1"), "山田　太郎"),
        ("山田　太郎", "山田　太郎"),
        ("Ju\u0308rgen".encode().decode("latin-1"), "Jürgen"),
        ("J%C3%BCrgen", "J%C3%BCrgen"),
    ],
    ids=["Latin-1", "UTF-8", "UTF-8 beyond Latin-1", "text", "another Unicode form", "percent"],
)
def test_header_is_utf_8_or_latin_1_and_nothing_else_is_decoded(value: str, user_id: str) -> None:
    assert identify_caller({HEADER: value}) == Caller(user_id)


def test_query_names_the_same_user_in_any_unicode_form() -> None:
    assert read_named_user({"userId": ["Ju\u0308rgen"]}) == "Jürgen"


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
        ("Jürgen Müller", True),
        ("山田　太郎", True),
        ("می\u200cخواهم", True),  # noqa: RUF001 - as people write it
        ("é" * 128, True),
        ("é" * 129, False),
        ("猫" * 86, False),
        ("e\u0301", False),
        (" a", False),
        ("a ", False),
        ("a\u00a0b", False),
        ("a\u202eb", False),
        ("a\u200bb", False),
        ("a\ud800", False),
        ("a\x7f", False),
        ("a\n", False),
        (5, False),
        (None, False),
        (["ann"], False),
    ],
)
def test_name_of_a_user_is_visible_text_in_nfc(value: object, is_valid: bool) -> None:
    assert is_user_id(value) is is_valid
