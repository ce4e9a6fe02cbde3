"""Every route has what a route needs: a line in the docs, access cases, a place in the fault matrix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.main import create_app
from app.repeats import idempotent
from tests.support.access import ACCESS
from tests.support.documents import ROOT
from tests.support.matrix import OPERATIONS

if TYPE_CHECKING:
    from tests.support.api import Api

NOT_IN_THE_DOCUMENT = {("GET", "/openapi.json"), ("GET", "/docs")}
CALLS_NO_AWS = {("GET", "/"), ("GET", "/health")}

type Route = tuple[str, str]
"""A method, and a path with `{}` for each parameter."""


def simplify(path: str) -> str:
    return re.sub(r"\{\w*\}", "{}", path.partition("?")[0])


@pytest.fixture
def routes(api: Api) -> set[Route]:
    paths = api.get("/openapi.json").json["paths"]
    return {
        (method.upper(), simplify(path).rstrip("/") or "/")
        for path, methods in paths.items()
        for method in methods
    }


def test_every_route_is_in_the_table_of_endpoints(routes: set[Route]) -> None:
    text = (ROOT / "docs/api.md").read_text()
    section = text.partition("\n## Endpoints\n")[2].partition("\n## ")[0]
    told = {(method, simplify(path)) for method, path in re.findall(r"`([A-Z]+) (/[^`]*)`", section)}
    assert told == routes | NOT_IN_THE_DOCUMENT


def test_every_route_is_in_the_fault_matrix(routes: set[Route]) -> None:
    broken = {(operation.method, simplify(operation.url)) for operation in OPERATIONS}
    both_ways = {("PUT", "/images/{}")}  # one route for PUT and PATCH
    renditions = {("GET", "/images/{}/content/{}"), ("GET", "/images/{}/content/original")}
    assert broken | both_ways | renditions | CALLS_NO_AWS >= routes


def test_every_route_of_an_image_has_its_access_cases(routes: set[Route]) -> None:
    paths = [(method, path.partition("?")[0].replace("/small", "/{}")) for method, path, *_ in ACCESS]
    cases = {(method, f"/images/{{}}{path}") for method, path in paths}
    assert cases == {(method, path) for method, path in routes if path.startswith("/images/{}")}


def test_every_post_can_be_retried_with_a_key_and_so_can_other_bytes(api: Api) -> None:
    app = create_app()
    routes = app._static_routes + app._dynamic_routes  # noqa: SLF001 - Powertools has no public list of them
    named = idempotent().__name__
    keyed = {
        (route.method.lower(), route.openapi_path)
        for route in routes
        if named in {middleware.__name__ for middleware in route.middlewares}
    }
    assert keyed >= {(route.method.lower(), route.openapi_path) for route in routes if route.method == "POST"}
    assert {path for method, path in keyed if method != "post"} == {"/images/{image_id}/content"}
    documented = {
        (method, path.rstrip("/"))
        for path, methods in api.get("/openapi.json").json["paths"].items()
        for method, operation in methods.items()
        if "Idempotency-Key" in {parameter["name"] for parameter in operation.get("parameters", [])}
    }
    assert documented == keyed
