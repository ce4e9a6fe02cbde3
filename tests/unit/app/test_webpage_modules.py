"""Modules of the page that touch no document, run in Node."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.webpage import FIRST_LISTING
from imaging.thumbhash import hash_pixels
from local.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = ROOT / "src" / "app" / "page"
GAP_PX = 6
TAGS = st.lists(st.sampled_from(["Sea", "sea", "Town", "Straße", "é"]), max_size=3, unique_by=str.lower)
IMAGES = st.lists(
    st.fixed_dictionaries({"tags": TAGS, "visibility": st.sampled_from(["public", "private"])}), max_size=5
)
UPDATES = st.one_of(
    TAGS.filter(bool).map(lambda tags: {"addTags": tags}),
    TAGS.filter(bool).map(lambda tags: {"removeTags": tags}),
    st.sampled_from(["public", "private"]).map(lambda visibility: {"visibility": visibility}),
)

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")


def call(module: str, function: str, *calls: Sequence[Any]) -> list[Any]:
    """Call a function of a module with each of these lists of arguments."""
    script = f"""
    import {{ {function} }} from "{(PAGE / module).as_uri()}";
    import {{ readFileSync }} from "node:fs";
    const calls = JSON.parse(readFileSync(0, "utf8"));
    console.log(JSON.stringify(calls.map((call) => {function}(...call))));
    """
    command = ["node", "--input-type=module", "--no-warnings", "-e", script]
    ran = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert ran.returncode == 0, ran.stderr
    results: list[Any] = json.loads(ran.stdout)
    return results


FEW = settings(max_examples=2, deadline=None)
"""Each example starts Node, so it holds many cases."""


@FEW
@given(st.lists(st.tuples(st.lists(st.floats(0.05, 20), max_size=60), st.integers(280, 2000)), min_size=30))
def test_rows_hold_each_picture_once_and_fill_the_width(cases: list[tuple[list[float], int]]) -> None:
    laid_out = call("rows.js", "layOutRows", *((*case, 210, GAP_PX) for case in cases))
    for (aspects, width), rows in zip(cases, laid_out, strict=True):
        require_rows(rows, aspects, width)


def require_rows(rows: list[Any], aspects: list[float], width: int) -> None:
    assert [index for row in rows for index in range(row["start"], row["end"])] == [*range(len(aspects))]
    for above, row in zip([None, *rows], rows, strict=False):
        bounded = [min(3.2, max(0.45, aspect)) for aspect in aspects[row["start"] : row["end"]]]
        filled = sum(bounded) * row["height"] + GAP_PX * (len(bounded) - 1)
        assert 0 < filled <= width + 0.01
        if row is not rows[-1]:
            assert filled == pytest.approx(width)
        if above:
            assert row["top"] == pytest.approx(above["top"] + above["height"] + GAP_PX)


@FEW
@given(st.lists(st.floats(0.5, 3), min_size=1, max_size=30))
def test_keys_lead_to_a_picture_and_rows_are_found_by_their_place(aspects: list[float]) -> None:
    (rows,) = call("rows.js", "layOutRows", (aspects, 900, 210, GAP_PX))
    last = len(aspects) - 1
    keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]
    cases = [(rows, index, key, False) for index in range(len(aspects)) for key in keys]
    steps = iter(call("rows.js", "stepInRows", *cases))
    found = call("rows.js", "findRowOf", *((rows, index) for index in range(len(aspects))))
    for index, (left, right, above, below) in enumerate(zip(steps, steps, steps, steps, strict=True)):
        assert (left, right) == (max(0, index - 1), min(last, index + 1))
        assert 0 <= above <= index <= below <= last
        assert rows[found[index]]["start"] <= index < rows[found[index]]["end"]
    seen = call("rows.js", "findRow", *((rows, row["top"] + 1) for row in rows))
    assert seen == [*range(len(rows))]


def test_placeholder_has_the_colours_of_the_picture() -> None:
    cases = [((64, 48), (200, 40, 90)), ((40, 60), (20, 180, 240)), ((50, 50), (255, 255, 255))]
    hashes = [hash_pixels(*size, [(*colour, 255)] * (size[0] * size[1])) for size, colour in cases]
    for (size, colour), decoded in zip(
        cases, call("thumbhash.js", "decodeThumbHash", *(([*each],) for each in hashes)), strict=True
    ):
        pixels = [*decoded["pixels"].values()]
        middle = 4 * (decoded["height"] // 2 * decoded["width"] + decoded["width"] // 2)
        assert pixels[middle : middle + 4] == pytest.approx([*colour, 255], abs=12)
        assert decoded["width"] / decoded["height"] == pytest.approx(size[0] / size[1], rel=0.25)


@FEW
@given(st.lists(st.tuples(IMAGES, UPDATES), min_size=20))
def test_undoing_brings_tags_and_visibility_back(cases: list[tuple[list[Any], dict[str, Any]]]) -> None:
    named = [
        ([{"id": str(number), **image} for number, image in enumerate(images)], update)
        for images, update in cases
    ]
    ways = call(
        "batch.js", "reverse", *(({"action": "update", "update": update}, before) for before, update in named)
    )
    for (before, update), way in zip(named, ways, strict=True):
        after = {image["id"]: apply(image, update) for image in before}
        for step in way:
            for image in step["images"]:
                after[image["id"]] = apply(after[image["id"]], step["action"]["update"])
        assert [describe(image) for image in after.values()] == [describe(image) for image in before]


def apply(image: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """The image as the service makes it of an update."""
    kept = [tag for tag in image["tags"] if tag.lower() not in map(str.lower, update.get("removeTags", []))]
    known = [tag.lower() for tag in kept]
    kept += [tag for tag in update.get("addTags", []) if tag.lower() not in known]
    return image | {"tags": kept, "visibility": update.get("visibility") or image["visibility"]}


def describe(image: dict[str, Any]) -> Any:  # noqa: ANN401 - anything that can be compared
    return {tag.lower() for tag in image["tags"]}, image["visibility"]


@pytest.mark.parametrize(
    ("view", "image", "is_in"),
    [
        ({"whose": "all"}, {}, True),
        ({"whose": "all"}, {"userId": "bob"}, True),
        ({"whose": "mine"}, {"userId": "bob"}, False),
        ({"whose": "mine"}, {"trashedAt": "2026-05-06T10:00:00.000000Z"}, False),
        ({"whose": "trash"}, {}, False),
        ({"whose": "trash"}, {"trashedAt": "2026-05-06T10:00:00.000000Z"}, True),
        ({"whose": "public"}, {"visibility": "private"}, False),
        ({"tags": ["SEA", "town"]}, {"tags": ["sea"]}, False),
        ({"tags": ["SEA", "town"], "match": "any"}, {"tags": ["sea"]}, True),
        ({"before": "2026-05-03"}, {}, False),
        ({"before": "2026-05-07"}, {}, True),
        ({"after": "2026-05-03"}, {}, True),
        ({"after": "2026-05-07"}, {}, False),
    ],
)
def test_image_is_shown_where_it_belongs(view: dict[str, Any], image: dict[str, Any], is_in: bool) -> None:
    whole_view = {"whose": "mine", "tags": [], "match": "all", "after": "", "before": "", "image": ""} | view
    whole_image = {
        "tags": [],
        "visibility": "public",
        "userId": "ann",
        "trashedAt": None,
        "createdAt": "2026-05-05T12:00:00.000000Z",
    } | image
    assert call("address.js", "isIn", (whole_view, whole_image, "ann")) == [is_in]


@pytest.mark.parametrize("day", ["", "x", "2026-99-01", "2026-1-1", "99999-01-01", "2026-05-05T10:00Z"])
def test_day_that_is_none_is_not_asked_for(day: str) -> None:
    (view,) = call("address.js", "findView", (f"#after={day}&before={day}&tag=", True))
    assert (view["after"], view["before"], view["tags"]) == ("", "", [])


def test_address_is_read_as_it_was_written() -> None:
    view = {
        "whose": "mine",
        "tags": ["a&b", "é"],
        "match": "any",
        "after": "2026-01-01",
        "before": "",
        "image": "x",
    }
    (written,) = call("address.js", "writeView", (view,))
    nonsense = "#show=nonsense"
    named, stranger, odd = call("address.js", "findView", (written, True), (written, False), (nonsense, True))
    assert (named, stranger, odd["whose"]) == (view, view | {"whose": "all"}, "all")


def test_document_announces_the_first_query_of_a_stranger() -> None:
    (view,) = call("address.js", "findView", ("", False))
    (query,) = call("address.js", "makeListQuery", (view, False))
    asked = {name: value for name, value in query.items() if value} | {"limit": "100"}
    assert urlencode(asked) == html.unescape(FIRST_LISTING).removeprefix("images?")
