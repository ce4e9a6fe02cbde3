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
    """Process every record, then raise what failed: Lambda tries the event again, and keeps it after that."""
    logger = get_logger()
    failures: list[Exception] = []
    for record in event.get("Records", []):  # S3's test event has none
        image_id = parse_original_key(unquote_plus(record["s3"]["object"]["key"]))
        if image_id is None:
            continue
        try:
            outcome = create_processor().process(image_id, datetime.fromisoformat(record["eventTime"]))
        except Exception as error:
            logger.exception("failed", image_id=image_id, request_id=context.aws_request_id)
            failures.append(error)
        else:
            logger.info("processed", image_id=image_id, outcome=outcome, request_id=context.aws_request_id)
    if failures:
        raise ExceptionGroup(f"{len(failures)} images failed", failures)
