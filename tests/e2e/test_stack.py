"""The stack itself: what the template grants and wires."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from local.stack import Stack


def test_api_responds(api: httpx.Client) -> None:
    assert api.get("/health").status_code == HTTPStatus.OK


def test_a_body_beyond_api_gateways_limit_never_reaches_the_function(stack: Stack) -> None:
    response = httpx.post(f"{stack.api_url}/images/upload", content=b"x" * (10 * 1024 * 1024 + 1))

    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "too_large"


def test_the_bucket_is_closed_to_strangers(stack: Stack) -> None:
    response = httpx.get(f"{stack.aws_url}/{stack.outputs['BucketName']}/originals/anything")

    assert response.status_code == HTTPStatus.FORBIDDEN


def test_body_that_is_not_text_is_refused(stack: Stack) -> None:
    """`sam local` itself fails on such a body."""
    response = httpx.post(
        f"{stack.api_url}/items", content=b"\xff", headers={"Content-Type": "application/json"}
    )

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json()["code"] == "malformed_request"


@pytest.mark.parametrize("method", ["TRACE", "QUERY"])
def test_method_that_reaches_no_function_is_405_too(stack: Stack, method: str) -> None:
    response = httpx.request(method, f"{stack.api_url}/images")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "PATCH" in response.headers["Allow"]
