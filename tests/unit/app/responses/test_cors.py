"""Headers that pages of other origins may send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.responses.cors import MAX_REQUESTED_CHARS, MAX_REQUESTED_HEADERS, allow_requested_headers

if TYPE_CHECKING:
    from tests.support.api import Api

PAGE = {"Origin": "https://a.example"}
BASE = "Content-Type,If-Match"


def allow(requested: str) -> list[str]:
    """Return the names that a preflight is allowed beside the base."""
    headers = {"Access-Control-Allow-Headers": [BASE]}
    allow_requested_headers(headers, {"Access-Control-Request-Headers": requested})
    (allowed,) = headers["Access-Control-Allow-Headers"]
    assert allowed.startswith(BASE)
    return [name for name in allowed.removeprefix(BASE).split(",") if name]


@pytest.mark.parametrize(
    ("requested", "allowed"),
    [
        ("cache-control,x-requested-with", ["cache-control", "x-requested-with"]),
        (
            "tus-resumable, upload-length,upload-metadata",
            ["tus-resumable", "upload-length", "upload-metadata"],
        ),
        ("X-Requested-With, x-requested-with,content-type,IF-MATCH", ["x-requested-with"]),
        ("", []),
        (" , ,", []),
        ("*", []),
        ("x-a, *, x-*", ["x-a"]),
        ('x-a\r\nSet-Cookie: b=1, x y, x:, "x", ü, \0', []),
        ("x" * 101, []),
    ],
)
def test_requested_headers_are_allowed_if_they_are_names(requested: str, allowed: list[str]) -> None:
    assert allow(requested) == allowed


@given(st.text(), st.integers(1, 2000))
def test_nothing_but_names_within_bounds_is_allowed(text: str, times: int) -> None:
    for requested in (text * times, ",".join(f"{text}{number}" for number in range(times))):
        names = allow(requested)
        assert len(names) <= MAX_REQUESTED_HEADERS
        assert len(",".join(names)) <= MAX_REQUESTED_CHARS
        assert all(re.fullmatch(r"[!#$%&'+.^_`|~0-9a-z-]+", name) for name in names)


@pytest.mark.parametrize("path", ["/images/upload", "/images", "/images/x", "/upload", "/nope"])
def test_preflight_of_any_path_allows_what_a_widget_sends(api: Api, path: str) -> None:
    requested = {"Access-Control-Request-Headers": "cache-control,x-requested-with"}
    headers = api.request("OPTIONS", path, headers=PAGE | requested).headers
    assert headers["Access-Control-Allow-Headers"].endswith(",cache-control,x-requested-with")
    assert "Access-Control-Allow-Credentials" not in headers


def test_response_that_is_no_preflight_reflects_nothing(api: Api) -> None:
    headers = api.get("/health", headers=PAGE | {"Access-Control-Request-Headers": "x-a"}).headers
    assert "x-a" not in headers["Access-Control-Allow-Headers"]


def test_page_of_an_origin_that_may_not_call_is_allowed_nothing() -> None:
    headers: dict[str, list[str]] = {}
    allow_requested_headers(headers, {"Access-Control-Request-Headers": "x-a"})
    assert headers == {}
