"""S3 event to one call for each record."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from processor.processing import Processor
from shared.aws import create_client
from shared.images import ImageRepository
from shared.observability import get_logger
from shared.settings import Settings
from shared.storage import ImageStorage, parse_original_key
from shared.table import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def create_processor() -> Processor:
    settings = Settings()
    images = ImageRepository(Table(create_client("dynamodb"), settings.images_table))
    return Processor(images, ImageStorage(create_client("s3"), settings.bucket))


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Process every record, then raise what failed: Lambda tries the event again, and keeps it after that.

    S3's test event has no records.
    """
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        failures = [error for record in event.get("Records", []) if (error := _process(record))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} images failed", failures)


def _process(record: dict[str, Any]) -> Exception | None:
    image_id = parse_original_key(unquote_plus(record["s3"]["object"]["key"]))
    if image_id is None:
        return None
    try:
        outcome = create_processor().process(image_id, datetime.fromisoformat(record["eventTime"]))
    except Exception as error:  # noqa: BLE001 - raised again, after the other records
        get_logger().exception("failed", image_id=image_id)
        return error
    get_logger().info("processed", image_id=image_id, outcome=outcome)
    return None
