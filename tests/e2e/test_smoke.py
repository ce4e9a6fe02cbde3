"""The smoke test on the embedded stack: it passes, leaves nothing, and fails where something is broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from operations.connection import connect
from operations.smoke import CHECKS, smoke
from operations.verification.deployment import Options
from operations.verification.runner import run_claims
from operations.verification.sessions import open_deployment

if TYPE_CHECKING:
    import pytest

    from local.stack import Stack

HASTE = 10
"""Seconds of the check in a second of the test."""


def list_everything(stack: Stack) -> set[str]:
    """Everything in the tables and in the bucket."""
    dynamodb, s3 = stack.client("dynamodb"), stack.client("s3")
    rows = {
        f"{table} {row.get('pk')} {row.get('sk')} {row.get('id')}"
        for table in ("ImagesTableName", "ItemsTableName", "IdempotencyTableName")
        for page in dynamodb.get_paginator("scan").paginate(TableName=stack.outputs[table])
        for row in page["Items"]
    }
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["BucketName"])
    return rows | {item["Key"] for page in pages for item in page.get("Contents", [])}


def test_smoke_passes_and_leaves_nothing(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    before = list_everything(stack)
    smoke(stack.client, stack.outputs, "")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" (")[0] for line in lines[1:-1]] == [f"{check.id}: ok" for check in CHECKS]
    assert list_everything(stack) - before == set()


def test_smoke_with_tokens_passes(jwt_stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    smoke(jwt_stack.client, jwt_stack.outputs, "")
    assert "6 checks passed" in capsys.readouterr().out


def test_smoke_names_what_is_broken(stack: Stack) -> None:
    """The bucket tells nobody of new objects."""
    stack.client("s3").put_bucket_notification_configuration(
        Bucket=stack.outputs["BucketName"], NotificationConfiguration={}
    )
    lines: list[str] = []
    try:
        with open_deployment(stack.client, stack.outputs, "", Options()) as deployment:
            hasty = replace(deployment, clock=lambda: HASTE * deployment.clock())
            run_claims(hasty, [check for check in CHECKS if check.id == "raw"], lines.append)
    finally:
        connect(stack.client, stack.outputs)
    assert lines[0] == "raw: FAILED: ready: the image is not ready after 60 s"
