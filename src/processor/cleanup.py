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
    logger = get_logger()
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]
        image_id = parse_record_key((key["pk"]["S"], key["sk"]["S"]))
        if record["eventName"] != "REMOVE" or image_id is None:
            continue
        try:
            get_storage().delete_image(image_id)
        except Exception:
            logger.exception("cleanup failed", image_id=image_id, request_id=context.aws_request_id)
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        logger.info("cleaned up", image_id=image_id, request_id=context.aws_request_id)
    return {"batchItemFailures": []}
