import pytest

from app.access.callers import WRITING_METHODS, Caller, act_as_named, identify_caller, is_user_id
from shared.errors import Forbidden, InvalidFields

HEADER = "X-User-Id"
ANN = Caller("ann", is_verified=True)
ADMIN = Caller("root", is_admin=True, is_verified=True)


@pytest.mark.parametrize(
    ("method", "header", "query", "expected"),
    [
        ("GET", None, None, None),
        ("GET", "ann", None, "ann"),
        ("GET", None, "ben", "ben"),
        ("GET", "ann", "ben", "ann"),
        ("DELETE", None, "ben", "ben"),
        ("DELETE", "ann", "ann", "ann"),
    ],
)
def test_caller_is_named_by_the_header_or_else_by_the_query(
    method: str, header: str | None, query: str | None, expected: str | None
) -> None:
    headers = {} if header is None else {HEADER: header}
    parameters = {} if query is None else {"userId": [query]}
    assert identify_caller(method, headers, parameters) == Caller(expected)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_write_in_the_name_of_another_is_forbidden(method: str) -> None:
    with pytest.raises(Forbidden):
        identify_caller(method, {HEADER: "ann"}, {"userId": ["ben"]})


@pytest.mark.parametrize("name", ["", " ", "a b", "a\n", "\u00e9", "x" * 129])
def test_odd_name_is_refused_and_never_taken_for_none(name: str) -> None:
    named = {"userId": [name]}
    for headers, query, field in (
        ({HEADER: name}, {}, HEADER),
        ({}, named, "userId"),
        ({HEADER: "ann"}, named, "userId"),
    ):
        with pytest.raises(InvalidFields) as raised:
            identify_caller("GET", headers, query)
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
    query = {} if named is None else {"userId": [named]}
    if expected:
        assert caller.act_as(named) == act_as_named(caller, query) == expected
    else:
        with pytest.raises(Forbidden, match="in the name of another user"):
            caller.act_as(named)
        with pytest.raises(Forbidden, match="in the name of another user"):
            act_as_named(caller, query)


@pytest.mark.parametrize(
    ("caller", "named", "owner"),
    [
        (ANN, None, "ann"),
        (ANN, "ben", "ben"),
        (ADMIN, None, "root"),
        (ADMIN, "ben", "ben"),
        (Caller("ann"), None, "ann"),
        (Caller("ann"), "ann", "ann"),
        (Caller(), "ben", "ben"),
        (Caller(), None, None),
    ],
)
def test_listing_shows_the_named_user_or_else_the_caller(
    caller: Caller, named: str | None, owner: str | None
) -> None:
    assert caller.choose_owner(named) == owner


def test_caller_without_a_token_lists_no_other_user() -> None:
    with pytest.raises(Forbidden):
        Caller("ann").choose_owner("ben")


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
