import pytest

from app.access.callers import Caller, identify_caller
from shared.errors import Forbidden, InvalidFields

HEADER = "X-User-Id"


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
def test_caller_is_whom_the_header_names_or_else_the_query(
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
