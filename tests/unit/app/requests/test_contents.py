"""Inputs of requests for bytes: what each field takes, and what a signature covers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.access.links import Target
from app.requests.body import validate
from app.requests.contents import ContentQuery, LinkCreate, VariantQuery
from shared.errors import InvalidFields
from shared.renditions import Fit, RenditionName
from shared.variants import VariantFormat, VariantRequest

if TYPE_CHECKING:
    from app.requests.fields import Input

ORIGINAL = {"rendition": "original"}
MAX_ORIGINAL = timedelta(minutes=5)

# A model, what else is sent, a field, values that it takes, and values that it does not take.
FIELDS: list[tuple[type[Input], dict[str, Any], str, list[Any], list[Any]]] = [
    (LinkCreate, {}, "expiresIn", [1, 604_800], [0, 604_801, "1", 1.5, True]),
    (LinkCreate, ORIGINAL, "expiresIn", [1, 300], [0, 301, 604_800]),
    (LinkCreate, {}, "rendition", [*RenditionName, "original"], ["LARGE", "large\n", "", None]),
    (LinkCreate, {}, "download", [True, False], [None, "yes please", 2]),
    (LinkCreate, {}, "width", [1, 333, 2000, None], [0, 2001, "64", 1.5, True]),
    (LinkCreate, {}, "height", [1, 2000], [0, 2001]),
    (LinkCreate, {}, "fit", ["cover", "inside", None], ["fill", 1]),
    (LinkCreate, {}, "format", ["auto", *VariantFormat, None], ["gif", "AVIF"]),
    (LinkCreate, {"rendition": "small"}, "width", [None], [64]),
    (LinkCreate, ORIGINAL, "format", [None], ["png"]),
    (ContentQuery, {}, "download", ["1"], ["0", "true", "", ["1", "1"]]),
    (ContentQuery, {}, "v", ["1", "x", ""], [["1", "2"]]),
    (ContentQuery, {}, "signature", ["x", ""], [["1", "2"]]),
    (VariantQuery, {}, "width", ["64", "65"], ["", "x", "1.5", ["1", "2"]]),
    (VariantQuery, {}, "format", ["auto", "avif"], ["", "gif", "AVIF"]),
    (VariantQuery, {}, "fit", ["inside", "cover"], ["", "fill"]),
]


@pytest.mark.parametrize(("model", "base", "field", "good", "bad"), FIELDS)
def test_field_takes_what_it_should_and_nothing_else(
    model: type[Input], base: dict[str, Any], field: str, good: list[Any], bad: list[Any]
) -> None:
    for value in good:
        validate(model, base | {field: value})
    for value in bad:
        with pytest.raises(InvalidFields) as caught:
            validate(model, base | {field: value})
        assert {error.field.partition("[")[0] for error in caught.value.errors} == {field}


@pytest.mark.parametrize("model", [ContentQuery, VariantQuery, LinkCreate])
def test_nothing_is_needed_and_nothing_more_is_taken(model: type[Input]) -> None:
    validate(model, {})
    with pytest.raises(InvalidFields) as caught:
        validate(model, {"more": "1"})
    assert [error.field for error in caught.value.errors] == ["more"]


@pytest.mark.parametrize(
    ("data", "name", "parameters", "lifetime"),
    [
        ({}, "large", {}, timedelta(hours=1)),
        ({"rendition": "small", "expiresIn": 5}, "small", {}, timedelta(seconds=5)),
        (ORIGINAL, "original", {}, MAX_ORIGINAL),
        (ORIGINAL | {"expiresIn": 5, "download": True}, "original", {"download": "1"}, timedelta(seconds=5)),
        (
            {"width": 333, "fit": "cover", "format": "avif", "download": True},
            "",
            {"width": "333", "fit": "cover", "format": "avif", "download": "1"},
            timedelta(hours=1),
        ),
        ({"format": "auto"}, "", {"format": "auto"}, timedelta(hours=1)),
    ],
)
def test_link_shows_what_its_body_names(
    data: dict[str, Any], name: str, parameters: dict[str, str], lifetime: timedelta
) -> None:
    link = validate(LinkCreate, data)
    assert (link.make_target("1"), link.lifetime) == (Target("1", name, parameters), lifetime)


def test_signature_covers_all_of_a_query_but_itself() -> None:
    sent = {"v": "2", "width": "64", "fit": "inside", "format": "auto", "download": "1"}
    query = validate(VariantQuery, sent | {"expires": "9", "signature": "x"})
    assert query.parameters == sent


@pytest.mark.parametrize(
    ("sent", "variant"),
    [
        ({"width": "64"}, VariantRequest(width=64)),
        ({"height": "64", "fit": "cover"}, VariantRequest(height=64, fit=Fit.COVER)),
        ({"format": "auto"}, VariantRequest(format="auto")),
        ({"format": "png"}, VariantRequest(format=VariantFormat.PNG)),
    ],
)
def test_size_or_format_asks_for_a_variant(sent: dict[str, str], variant: VariantRequest) -> None:
    found = validate(VariantQuery, sent).variant
    assert found == variant
    assert found.named == sent | {name: int(sent[name]) for name in sent.keys() & {"width", "height"}}


@pytest.mark.parametrize("sent", [{}, {"v": "1"}, {"download": "1"}, {"expires": "1", "signature": "x"}])
def test_nothing_else_asks_for_a_variant(sent: dict[str, str]) -> None:
    assert validate(VariantQuery, sent).variant.named == {}
