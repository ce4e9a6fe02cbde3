"""The function of the CDN, run in Node: it names the viewer, and makes one key of what means the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.cdn import VIEWER_ADDRESS_HEADER
from app.responses.formats import choose_accept_format, is_for_people
from tests.support.template import get_properties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.variants import VariantFormat

CONTENT = "/images/8a2c0d3e-0000-4000-8000-000000000000/content"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
OLD_SAFARI = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
FOR_PEOPLE = ",text/html,application/xhtml+xml"
ACCEPT: list[tuple[str | None, str]] = [
    (None, "image/webp"),
    ("", "image/webp"),
    ("*/*", "image/webp"),
    (CHROME, "image/avif"),
    ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", f"image/avif{FOR_PEOPLE}"),
    ("text/html,application/xhtml+xml,*/*;q=0.8", f"image/webp{FOR_PEOPLE}"),
    ("text/html,application/xhtml+xml;q=0", "image/jpeg"),
    (OLD_SAFARI, "image/webp"),
    ("image/jpeg", "image/jpeg"),
    ("constructor,__proto__", "image/jpeg"),
    ("image/avif;q=0,image/webp;q=0", "image/jpeg"),
]
TYPES = ["image/avif", "IMAGE/WEBP", "image/*", "*/*", "image/jpeg", "text/html", "application/xhtml+xml", ""]
RANGES = st.sampled_from(TYPES)
WEIGHTS = st.sampled_from(["", ";q=0", ";q=0.0", "; q = 0.5", ";Q=1", ";q=1.0.0", ";level=1;q=0", ";q=."])
ACCEPTS = st.lists(st.tuples(RANGES, WEIGHTS).map("".join), max_size=6).map(",".join)
RUN = """
const events = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(events.map(handler)));
"""

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")


def run(events: Sequence[Any]) -> list[Any]:
    code = get_properties("CdnRequestFunction")["FunctionCode"]
    ran = subprocess.run(  # noqa: S603 - our own code
        ["node", "-e", code + RUN],  # noqa: S607 - whichever Node there is
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    requests: list[Any] = json.loads(ran.stdout)
    return requests


def make_event(uri: str, query: Sequence[tuple[str, str]] = (), *, accept: str | None = None) -> Any:  # noqa: ANN401 - JSON
    """An event of a viewer's request, as CloudFront gives it to the function."""
    querystring: dict[str, Any] = {}
    for name, value in query:
        field = querystring.setdefault(name, {"value": value, "multiValue": []})
        field["multiValue"].append({"value": value})
    for field in querystring.values():
        if len(field["multiValue"]) == 1:
            del field["multiValue"]
    sent = {} if accept is None else {"accept": {"value": accept}}
    request = {"method": "GET", "uri": uri, "querystring": querystring, "headers": sent, "cookies": {}}
    return {"viewer": {"ip": "198.51.100.7"}, "request": request}


def get_accepts(events: Sequence[Any]) -> list[str]:
    return [request["headers"]["accept"]["value"] for request in run(events)]


def test_accept_becomes_one_type() -> None:
    events = [make_event(f"{CONTENT}/small", accept=accept) for accept, _ in ACCEPT]
    assert get_accepts(events) == [expected for _, expected in ACCEPT]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.text("image/avfwebp*;q=01., ", max_size=60), ACCEPTS), min_size=50))
def test_rewritten_accept_means_to_the_api_what_the_one_that_was_sent_means(accepts: list[str]) -> None:
    rewritten = get_accepts([make_event(CONTENT, accept=accept) for accept in accepts])

    def choose(accept: str) -> VariantFormat:
        return choose_accept_format(accept, lambda: False)

    def is_page(accept: str) -> bool:
        return is_for_people("GET", accept)

    assert [*map(choose, rewritten)] == [*map(choose, accepts)]
    assert [*map(is_page, rewritten)] == [*map(is_page, accepts)]
    plain = {accept.removesuffix(FOR_PEOPLE) for accept in rewritten}
    assert plain <= {"image/avif", "image/webp", "image/jpeg"}


def test_accept_that_comes_in_several_lines_is_read_whole() -> None:
    event = make_event(CONTENT, accept="text/html")
    event["request"]["headers"]["accept"]["multiValue"] = [{"value": "text/html"}, {"value": "image/avif"}]
    assert get_accepts([event]) == ["image/avif"]


def test_orders_of_a_query_are_one() -> None:
    pairs = [("width", "640"), ("v", "1"), ("expires", "9"), ("signature", "a-_"), ("format", "auto")]
    requests = run([make_event(CONTENT, query) for query in permutations(pairs)])
    expected = "expires=9&format=auto&signature=a-_&v=1&width=640"
    assert {request["querystring"] for request in requests} == {expected}


def test_values_of_a_query_stay_as_they_were_sent() -> None:
    (request,) = run([make_event(CONTENT, [("v", "2"), ("v", "1"), ("a", "%20%26+"), ("download", "")])])
    assert request["querystring"] == "a=%20%26+&download=&v=1&v=2"


@pytest.mark.parametrize(
    "uri", ["/", "/images", "/images/a", "/images/a/contents", "/docs", "/files/a/content"]
)
def test_requests_for_anything_else_stay_as_they_were_sent(uri: str) -> None:
    event = make_event(uri, [("tags", "b"), ("limit", "1")], accept="text/html,*/*")
    (request,) = run([event])
    del request["headers"][VIEWER_ADDRESS_HEADER.lower()]
    assert request == event["request"]


@pytest.mark.parametrize("sent", [None, "203.0.113.7"])
def test_address_is_that_of_the_viewer_whatever_was_sent(sent: str | None) -> None:
    name = VIEWER_ADDRESS_HEADER.lower()
    event = make_event("/images")
    if sent:
        event["request"]["headers"][name] = {"value": sent}
    (request,) = run([event])
    assert request["headers"][name] == {"value": "198.51.100.7"}
