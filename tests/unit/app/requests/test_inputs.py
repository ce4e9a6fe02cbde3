"""Inputs: the values that each field takes, and the first ones beyond them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.requests.body import validate
from app.requests.inputs import (
    DirectUploadCreate,
    FileCreate,
    ImageCreate,
    ImageMetadata,
    ImageQuery,
    ImageQueryMetadata,
    ImageUpdate,
    ItemCreate,
    PageQuery,
)
from shared.errors import InvalidFields
from shared.models import Visibility
from tests.support.images import make_image

if TYPE_CHECKING:
    from app.requests.fields import Input

UPLOAD = {"contentType": "image/png", "size": 1}
MANY_TAGS = [f"t{number}" for number in range(21)]
SHA256 = "0a" * 32

# A model, the fields that it needs, one field, values that it takes and values that it refuses.
FIELDS: list[tuple[type[Input], dict[str, Any], str, list[Any], list[Any]]] = [
    (ImageMetadata, {}, "description", [None, "", "x" * 2000], ["x" * 2001, 5]),
    (ImageMetadata, {}, "visibility", ["public", "private"], ["PUBLIC", "", None, "secret"]),
    (ImageMetadata, {}, "tags", [[], ["x" * 50], MANY_TAGS[:20]], [["x" * 51], MANY_TAGS, [""], "a", None]),
    (ImageMetadata, {}, "userId", [None, "a b", "~" * 128], ["", "a ", "x" * 129, 5]),
    (ImageQueryMetadata, {}, "filename", [None, "a.png", "x" * 255], ["", "..", "x" * 256]),
    (DirectUploadCreate, UPLOAD, "size", [1, 52_428_800, 3.0], [0, -1, 1.5, "1", True, None]),
    (
        DirectUploadCreate,
        UPLOAD,
        "sha256",
        [None, SHA256, SHA256.upper()],
        ["", "0" * 63, "0" * 65, "g" * 64],
    ),
    (DirectUploadCreate, UPLOAD, "expiresIn", [120, 3540, 120.0], [119, 3541, "120", None]),
    (DirectUploadCreate, UPLOAD, "filename", [None, "a.png"], ["", "a/"]),
    (DirectUploadCreate, {"size": 1}, "contentType", ["image/png"], [None, 5]),
    (ItemCreate, {}, "name", ["a", "x" * 200], ["", "x" * 201, None, 5]),
    (ItemCreate, {"name": "a"}, "description", [None, "x" * 2000], ["x" * 2001]),
    (ItemCreate, {"name": "a"}, "attributes", [{}, {"a": [1, None]}], [None, [], "a", {"a": float("inf")}]),
    (FileCreate, {"content": "eA=="}, "filename", ["a"], ["", ".", None]),
    (FileCreate, {"filename": "a", "content": "eA=="}, "contentType", [None, "text/html"], [5]),
    (PageQuery, {}, "order", ["asc", "desc"], ["ASC", ""]),
    (PageQuery, {}, "limit", ["1", "100", 1, 100], ["0", "101", "x", "1.5", ""]),
    (PageQuery, {}, "cursor", ["x" * 1000], ["x" * 1001]),
    (PageQuery, {}, "userId", ["ann"], ["a "]),
    (ImageQuery, {}, "match", ["all", "any"], ["some"]),
    (ImageQuery, {}, "visibility", ["public", "private"], ["all"]),
    (ImageQuery, {}, "tags", ["a", "a,b", MANY_TAGS[:10], []], [MANY_TAGS[:11], ",".join(MANY_TAGS[:11])]),
    (ImageUpdate, {}, "tags", [None, [], MANY_TAGS[:20]], [MANY_TAGS, [" "]]),
    (ImageUpdate, {}, "filename", [None, "a.png"], ["", ".."]),
    (ImageUpdate, {}, "visibility", [None, "public"], ["secret"]),
]


def names_fields(model: type[Input], data: dict[str, Any]) -> list[str]:
    """Return the wrong fields. None, if the model takes the data."""
    try:
        validate(model, data)
    except InvalidFields as error:
        return [found.field for found in error.errors]
    return []


@pytest.mark.parametrize(
    ("model", "base", "field", "good", "bad"), FIELDS, ids=[f"{row[0].__name__}.{row[2]}" for row in FIELDS]
)
def test_field_takes_what_it_should_and_nothing_else(
    model: type[Input], base: dict[str, Any], field: str, good: list[Any], bad: list[Any]
) -> None:
    assert [value for value in good if names_fields(model, base | {field: value})] == []
    taken = [value for value in bad if not names_fields(model, base | {field: value})]
    assert taken == []
    assert all(names_fields(model, base | {field: value})[0].startswith(field) for value in bad)


@pytest.mark.parametrize(
    ("model", "needed"),
    [
        (ImageMetadata, []),
        (ImageQueryMetadata, []),
        (ImageCreate, ["image"]),
        (DirectUploadCreate, ["contentType", "size"]),
        (ImageUpdate, []),
        (FileCreate, ["filename", "content"]),
        (ItemCreate, ["name"]),
        (PageQuery, []),
        (ImageQuery, []),
    ],
)
def test_fields_that_are_needed_are_named(model: type[Input], needed: list[str]) -> None:
    assert names_fields(model, {}) == needed
    assert "more" in names_fields(model, {"more": 1})


@pytest.mark.parametrize(
    ("model", "data", "defaults"),
    [
        (
            ImageMetadata,
            {},
            {"description": None, "visibility": Visibility.PRIVATE, "tags": (), "user_id": None},
        ),
        (DirectUploadCreate, UPLOAD, {"expires_in": 1800, "filename": None, "sha256": None}),
        (ItemCreate, {"name": "a"}, {"description": None, "attributes": {}}),
        (PageQuery, {}, {"order": "desc", "limit": 20, "cursor": None, "user_id": None}),
        (ImageQuery, {}, {"tags": (), "match": "all", "visibility": None, "limit": 20}),
    ],
)
def test_field_that_is_left_out_has_its_default(
    model: type[Input], data: dict[str, Any], defaults: dict[str, Any]
) -> None:
    found = validate(model, data)
    assert {name: getattr(found, name) for name in defaults} == defaults


def test_checksum_is_compared_in_small_letters() -> None:
    """Otherwise, the right bytes would not be the announced ones."""
    assert validate(DirectUploadCreate, UPLOAD | {"sha256": "AB" * 32}).sha256 == "ab" * 32


@pytest.mark.parametrize(
    ("order", "descending"), [({}, True), ({"order": "desc"}, True), ({"order": "asc"}, False)]
)
def test_pages_are_in_the_order_that_was_asked_for(order: dict[str, str], descending: bool) -> None:
    assert validate(PageQuery, order).make_span().descending is descending
    assert validate(ImageQuery, order).make_span().descending is descending


def test_times_of_a_query_bound_its_span() -> None:
    query = {"createdAfter": "2026-01-01T00:00:00Z", "createdBefore": "2026-01-02T02:00:00+02:00"}
    span = validate(ImageQuery, query).make_span()
    assert span.low == "2026-01-01T00:00:00.000000Z$"
    assert span.high == "2026-01-02T00:00:00.000000Z"
    found = validate(ImageQuery, query)
    assert found.created_after == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.created_before == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    ("update", "changed"),
    [
        ({}, {}),
        ({"description": "new"}, {"description": "new"}),
        ({"description": None}, {"description": None}),
        ({"tags": None, "visibility": None}, {"tags": (), "visibility": Visibility.PRIVATE}),
        ({"filename": "b.png"}, {"filename": "b.png"}),
        ({"filename": None}, {"filename": "image.webp"}),
    ],
)
def test_update_changes_the_fields_that_it_names(update: dict[str, Any], changed: dict[str, Any]) -> None:
    image = make_image(
        description="old", tags=("a",), visibility=Visibility.PUBLIC, content_type="image/webp"
    )
    assert validate(ImageUpdate, update).apply_to(image) == image.model_copy(update=changed)


@pytest.mark.parametrize("model", [ItemCreate, ImageMetadata])
def test_large_number_of_fields_is_one_error(model: type[Input]) -> None:
    assert names_fields(model, {f"f{number}": 1 for number in range(51)}) == ["body"]
    assert len(names_fields(model, {f"f{number}": 1 for number in range(50)})) == 50
