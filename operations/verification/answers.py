"""Judges answers: their status, and the form of errors."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from operations.verification.verdicts import require, require_equal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

SHOWN_CHARS = 200


def require_status(response: httpx.Response, *statuses: int) -> httpx.Response:
    """Return an answer that has one of these statuses. Raises Refuted."""
    request = response.request
    require(
        response.status_code in statuses,
        f"{request.method} {request.url.path} answers {response.status_code}: {response.text[:SHOWN_CHARS]}",
    )
    return response


def require_problem(response: httpx.Response, *statuses: int) -> Any:  # noqa: ANN401 - JSON
    """Return the body of an error in the form that the documents promise. Raises Refuted."""
    require_status(response, *statuses)
    for name, value in (("Content-Type", "application/problem+json"), ("X-Content-Type-Options", "nosniff")):
        found = response.headers.get(name, "").partition(";")[0]
        require_equal(found, value, f"{name} of the {response.status_code}")
    problem = response.json()
    require_equal(problem.get("status"), response.status_code, "status in the body")
    require(problem.get("code"), "the body names no code")
    return problem


def describe_times(seconds: Sequence[float]) -> str:
    """Describe how long requests took: their median and their 95th percentile."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return f"median {1000 * statistics.median(ordered):.0f} ms, p95 {1000 * p95:.0f} ms"
