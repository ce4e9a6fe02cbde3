import re
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.requests.fields import JSON_INTEGER, Attributes, Base64, FilterTags, ItemName
from shared.details import Filename, Tag
from shared.texts import clean_text


def read(field: Any, value: object) -> Any:  # noqa: ANN401 - any field, and what it holds
    """Return the value as the field keeps it, or the error's message."""
    try:
        return TypeAdapter(field).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a,b, ,a", ("a", "b")),
        ("", ()),
        (" , ", ()),
        (["a,b", "c", "a"], ("a", "b", "c")),
        ("Sea,sea", ("Sea",)),
        (["a", 5], "Input should be a valid string"),
        (5, "Input should be a valid tuple"),
    ],
)
def test_tags_of_a_query_come_one_by_one_or_with_commas(value: object, expected: object) -> None:
    assert read(FilterTags, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("eA==", "eA=="),
        ("data:image/png;base64,eA==", "eA=="),
        ("data:;base64,eA==", "eA=="),
        ("data:image/png;charset=x;base64,eA==", "eA=="),
        ("data:" + "x" * 200 + ";base64,eA==", "eA=="),
        ("data:" + "x" * 201 + ";base64,eA==", "data:" + "x" * 201 + ";base64,eA=="),
        ("data:image/png,eA==", "data:image/png,eA=="),
        ("xdata:;base64,eA==", "xdata:;base64,eA=="),
    ],
)
def test_data_uri_is_stripped_from_its_base64(value: str, expected: str) -> None:
    assert read(Base64, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(240, 240), (240.0, 240), (240.5, 240.5), ("240", "240"), (True, True), (None, None)],
)
def test_whole_number_with_a_fraction_of_zero_is_an_integer(value: object, expected: object) -> None:
    found = read(Annotated[Any, JSON_INTEGER], value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("number", [1e400, float("nan"), -1e400])
def test_number_beyond_a_double_is_refused_at_any_depth(number: float) -> None:
    assert read(Attributes, {"a": [{"b": number}]}) == "holds a number beyond the range of a double"
    assert read(Attributes, {"a": [{"b": 1e300}]}) == {"a": [{"b": 1e300}]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Alben 2026", "Alben 2026"),
        ("\u202eCafe\u0301\u200b", "Caf\u00e9"),
        ("\U0001d160" * 67, "has more than 200 characters in NFC"),
        ("\u2060\ufeff", "has no visible character"),
    ],
)
def test_name_of_an_item_is_what_people_see(name: str, expected: str) -> None:
    assert read(ItemName, name) == expected


@pytest.mark.parametrize("field", [Tag, Filename, ItemName])
@given(
    text=st.text(
        st.characters(codec="utf-8") | st.sampled_from(" a./,\u200d\ufe0f\u3164\u202e\U000e0041"), max_size=16
    )
)
def test_schema_takes_no_visible_text_that_the_field_refuses(field: type[str], text: str) -> None:
    adapter = TypeAdapter[str](field)
    schema = adapter.json_schema()
    pattern = schema.get("pattern", "").replace("$", r"\Z")  # in a schema, no line end may come after it
    if clean_text(text) == text and len(text) >= schema["minLength"] and re.search(pattern, text):
        assert adapter.validate_python(text)
