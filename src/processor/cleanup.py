"""The images table's stream: where a record ended, its objects end too."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from shared.aws import create_client
from shared.images import parse_record_key
from shared.observability import get_logger
from shared.settings import Settings
from shared.storage import ImageStorage

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def get_storage() -> ImageStorage:
    return ImageStorage(create_client("s3"), Settings().bucket)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Delete the objects of removed records. What fails comes again, with all that follows it."""
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        for record in event["Records"]:
            if not _clean_up(record):
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _clean_up(record: dict[str, Any]) -> bool:
    key = record["dynamodb"]["Keys"]
    image_id = parse_record_key((key["pk"]["S"], key["sk"]["S"]))
    if record["eventName"] != "REMOVE" or image_id is None:
        return True
    try:
        get_storage().delete_image(image_id)
    except Exception:  # noqa: BLE001 - whatever it was, the stream is to come back here
        get_logger().exception("cleanup failed", image_id=image_id)
        return False
    get_logger().info("cleaned up", image_id=image_id)
    return True
