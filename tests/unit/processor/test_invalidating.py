from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from processor.invalidating import Invalidator
from shared.aws import create_client
from shared.errors import Throttled, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.errors import DomainError

MAX_PATHS = 3


def make_messages(*batches: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"messageId": f"m{number}", "body": json.dumps({"images": batch})}
        for number, batch in enumerate(batches)
    ]


def invalidate(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what CloudFront is asked for."""
    asked: list[dict[str, Any]] = []
    client = create_client("cloudfront")
    client.meta.events.register(
        "provide-client-params.cloudfront.CreateInvalidation", lambda params, **_: asked.append(params)
    )
    with Stubber(client) as stubber:
        stubber.add_response("create_invalidation", {}, {"DistributionId": "E1", "InvalidationBatch": ANY})
        Invalidator(client, "E1", MAX_PATHS).invalidate(messages)
    (batch,) = (each["InvalidationBatch"] for each in asked)
    assert batch["Paths"]["Quantity"] == len(batch["Paths"]["Items"])
    return {"paths": batch["Paths"]["Items"], "reference": batch["CallerReference"]}


@pytest.mark.parametrize(
    ("batches", "paths"),
    [
        ([["a"]], ["/images/a/*"]),
        ([["b", "a"], ["c", "a"]], ["/images/a/*", "/images/b/*", "/images/c/*"]),
        ([["a", "b"], ["c", "d"]], ["/images/*"]),
        ([["a"] * 100] * 100, ["/images/a/*"]),
    ],
)
def test_batch_is_one_invalidation_of_few_paths(batches: list[list[str]], paths: list[str]) -> None:
    assert invalidate(make_messages(*batches))["paths"] == paths


@given(st.permutations(make_messages(["a"], ["b"], ["c"])))
def test_same_messages_have_the_same_reference_in_any_order(messages: list[dict[str, Any]]) -> None:
    expected = invalidate(make_messages(["a"], ["b"], ["c"]))
    assert invalidate(messages) == expected
    assert invalidate(messages[1:])["reference"] != expected["reference"]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("TooManyInvalidationsInProgress", 400, Throttled),
        ("Throttling", 400, Throttled),
        ("ServiceUnavailable", 503, Unavailable),
    ],
)
def test_messages_come_again_if_cloudfront_takes_no_more(
    code: str, status: int, expected: type[DomainError]
) -> None:
    client = create_client("cloudfront")
    invalidator = Invalidator(client, "E1", MAX_PATHS)
    with Stubber(client) as stubber:
        stubber.add_client_error("create_invalidation", code, http_status_code=status)
        with pytest.raises(expected):
            invalidator.invalidate(make_messages(["a"]))
