"""S3 event to one call for each record."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from processor import sandbox
from processor.processing import Processor
from processor.renditions import Rendered, render
from shared.aws import Deadline, create_client
from shared.images import ImageRepository
from shared.inspection import load_plugins
from shared.observability import get_logger
from shared.quotas import Quota
from shared.settings import Settings
from shared.storage import ImageStorage, parse_original_key, parse_upload_key
from shared.table import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


RENDER_CPU_SECONDS = 40  # the slowest images of 100 megapixels take 7
RESERVED_BYTES = 300 * 2**20  # for the function itself, and an upload of 50 MiB
RESERVED_SECONDS = 10  # to store and to note what came of it


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def create_processor() -> Processor:
    settings = Settings()
    dynamodb = create_client("dynamodb", deadline=get_deadline())
    quota = Quota(settings.max_user_images, settings.max_user_bytes)
    images = ImageRepository(Table(dynamodb, settings.images_table), quota=quota)
    bounds = sandbox.Bounds(RENDER_CPU_SECONDS, settings.memory_bytes - RESERVED_BYTES)
    load_plugins()

    def render_within_bounds(data: bytes, seconds: float) -> Rendered:
        return sandbox.call(render, data, bounds, seconds=seconds)

    storage = ImageStorage(create_client("s3", deadline=get_deadline()), settings.bucket)
    return Processor(images, storage, render=render_within_bounds)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Process every record, then raise what failed: Lambda tries the event again, and keeps it after that.

    S3's test event has no records.
    """
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        failures = [error for record in event.get("Records", []) if (error := _process(record, context))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} images failed", failures)


def _process(record: dict[str, Any], context: LambdaContext) -> Exception | None:
    key = unquote_plus(record["s3"]["object"]["key"])
    upload_id, original_id = parse_upload_key(key), parse_original_key(key)
    try:
        if upload_id:
            outcome = create_processor().accept(upload_id)
        elif original_id:
            uploaded_at = datetime.fromisoformat(record["eventTime"])
            seconds = context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS
            outcome = create_processor().process(original_id, uploaded_at, seconds=seconds)
        else:
            return None
    except Exception as error:  # noqa: BLE001 - raised again, after the other records
        get_logger().exception("failed", image_id=upload_id or original_id)
        return error
    get_logger().info("processed", image_id=upload_id or original_id, outcome=outcome)
    return None
