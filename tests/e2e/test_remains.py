"""The service removes what was left behind. `leave_remains` ran first, so these tests wait less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.redrive import redrive
from tests.support.client import ABANDONED_ID, ORPHAN_ID, await_value

if TYPE_CHECKING:
    from local.stack import Stack

PATIENCE_SECONDS = 90


def list_objects(stack: Stack, prefix: str) -> Any:  # noqa: ANN401 - JSON
    found = stack.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"], Prefix=prefix)
    return found.get("Contents", [])


def test_abandoned_upload_disappears_with_its_record(stack: Stack) -> None:
    key = {"pk": {"S": f"IMAGE#{ABANDONED_ID}"}, "sk": {"S": "IMAGE"}}

    def is_gone() -> bool | None:
        row = stack.client("dynamodb").get_item(TableName=stack.outputs["ImagesTableName"], Key=key)
        left = "Item" in row or list_objects(stack, f"renditions/{ABANDONED_ID}")
        return None if left else True

    await_value(is_gone, seconds=PATIENCE_SECONDS)


def test_original_without_a_record_disappears(stack: Stack) -> None:
    """AWS tries its event again a minute later. The emulator does so within seconds, and gives it up."""

    def is_gone() -> bool | None:
        redrive(stack.client, stack.outputs)
        return None if list_objects(stack, f"originals/{ORPHAN_ID}") else True

    await_value(is_gone, seconds=PATIENCE_SECONDS)
