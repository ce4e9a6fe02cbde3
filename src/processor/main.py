"""Handles the events of the bucket: one call of the processor for each object."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from imaging.decoder import Decoder
from processor.processing import Processor
from shared.aws import Deadline, create_client
from shared.images import ImageRepository
from shared.observability import get_logger
from shared.quotas import Quota
from shared.settings import Settings
from shared.storage import ImageStorage, parse_original_key, parse_upload_key
from shared.table import Table
from shared.usages import UsageRepository

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RENDER_CPU_SECONDS = 40  # the slowest images of 100 megapixels take 7
RESERVED_BYTES = 300 * 2**20  # for both processes themselves, and two copies of an upload of 50 MiB
RESERVED_SECONDS = 10  # to store the result, and to note it


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_decoder() -> Decoder:
    memory_bytes = Settings().memory_bytes - RESERVED_BYTES
    return Decoder(cpu_seconds=RENDER_CPU_SECONDS, memory_bytes=memory_bytes)


@cache
def create_processor() -> Processor:
    settings = Settings()
    get_decoder().start()  # it imports while the clients are made
    dynamodb = create_client("dynamodb", deadline=get_deadline())
    table = Table(dynamodb, settings.images_table)
    quota = Quota(settings.max_user_images, settings.max_user_bytes)
    storage = ImageStorage(create_client("s3", deadline=get_deadline()), settings.bucket)
    return Processor(
        ImageRepository(table), UsageRepository(table, quota), storage, render=get_decoder().render
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Process every object of the event, then raise the errors. Lambda tries the event again, and keeps it
    in the failure queue after the last try. S3's test event names no objects.
    """
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_logger().append_context_keys(request_id=context.aws_request_id):
        failures = [error for entry in event.get("Records", []) if (error := _process(entry, context))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} objects failed", failures)


def _process(entry: dict[str, Any], context: LambdaContext) -> Exception | None:
    key = unquote_plus(entry["s3"]["object"]["key"])
    upload, original = parse_upload_key(key), parse_original_key(key)
    revision = upload or original
    if revision is None:
        return None
    try:
        uploaded_at = datetime.fromisoformat(entry["eventTime"])
        if upload:
            outcome = create_processor().accept(upload, uploaded_at)
        else:
            seconds = context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS
            outcome = create_processor().process(revision, uploaded_at, seconds=seconds)
    except Exception as error:  # noqa: BLE001 - raised again, after the other objects
        get_logger().exception("failed", image_id=revision.image_id)
        return error
    get_logger().info("processed", image_id=revision.image_id, outcome=outcome)
    return None
