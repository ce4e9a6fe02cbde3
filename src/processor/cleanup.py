"""The images table's stream: where a record ended, its objects end too."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from shared.aws import Deadline, create_client
from shared.images import parse_record_key
from shared.observability import get_logger
from shared.settings import Settings
from shared.storage import ImageStorage

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_storage() -> ImageStorage:
    return ImageStorage(create_client("s3", deadline=get_deadline()), Settings().bucket)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Delete the objects of removed records, then raise what failed: it comes back, in smaller batches.

    Naming those records would be finer, but MiniStack takes that for success. Deleting twice does no harm.
    """
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        failures = [error for record in event["Records"] if (error := _clean_up(record))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} cleanups failed", failures)


def _clean_up(record: dict[str, Any]) -> Exception | None:
    key = record["dynamodb"]["Keys"]
    image_id = parse_record_key((key["pk"]["S"], key["sk"]["S"]))
    if record["eventName"] != "REMOVE" or image_id is None:
        return None
    try:
        get_storage().delete_image(image_id)
    except Exception as error:  # noqa: BLE001 - raised again, after the other records
        get_logger().exception("cleanup failed", image_id=image_id)
        return error
    get_logger().info("cleaned up", image_id=image_id)
    return None
