"""Handles the stream of the images table: if a record is removed, its objects are deleted."""

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
    """Delete the objects of every removed record, then raise the errors. The batch comes again, in halves.

    To name the failed entries would be finer, but MiniStack takes that for success. Deleting twice is
    harmless.
    """
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        failures = [error for entry in event["Records"] if (error := _clean_up(entry))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} cleanups failed", failures)


def _clean_up(entry: dict[str, Any]) -> Exception | None:
    key = entry["dynamodb"]["Keys"]
    image_id = parse_record_key((key["pk"]["S"], key["sk"]["S"]))
    if entry["eventName"] != "REMOVE" or image_id is None:
        return None
    try:
        get_storage().delete_image(image_id)
    except Exception as error:  # noqa: BLE001 - raised again, after the other entries
        get_logger().exception("cleanup failed", image_id=image_id)
        return error
    get_logger().info("cleaned up", image_id=image_id)
    return None
