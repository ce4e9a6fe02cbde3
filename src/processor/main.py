"""Handles the events of the bucket: one call of the processor for each object."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from imaging.decoder import Decoder
from processor.files import follow_file
from processor.metering import Meter
from processor.processing import Processor
from shared.aws import Deadline, create_client
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.keys import parse_file_key, parse_original_key, parse_upload_key
from shared.metrics import Metrics, Verdict
from shared.observability import get_logger
from shared.settings import Settings
from shared.storage import ImageStorage
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
def get_metrics() -> Metrics:
    return Metrics(Settings().metrics_namespace, Settings().service_name)


@cache
def get_decoder() -> Decoder:
    memory_bytes = Settings().memory_bytes - RESERVED_BYTES
    return Decoder(cpu_seconds=RENDER_CPU_SECONDS, memory_bytes=memory_bytes, metrics=get_metrics())


@cache
def get_table() -> Table:
    client = create_client("dynamodb", deadline=get_deadline(), metrics=get_metrics())
    return Table(client, Settings().images_table)


@cache
def get_storage() -> ImageStorage:
    client = create_client("s3", deadline=get_deadline(), metrics=get_metrics())
    return ImageStorage(client, Settings().bucket)


def get_file_stores() -> tuple[FileRepository, ImageStorage]:
    return FileRepository(get_table()), get_storage()


@cache
def create_processor() -> Processor:
    get_decoder().start()  # it imports while the clients are made
    usages = UsageRepository(get_table(), Settings().quota)
    return Processor(ImageRepository(get_table()), usages, get_storage(), render=get_decoder().render)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Process every object of the event, then raise the errors. Lambda tries the event again, and keeps it
    in the failure queue after the last try. S3's test event names no objects.
    """
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_metrics().collect(), get_logger().append_context_keys(request_id=context.aws_request_id):
        failures = [error for entry in event.get("Records", []) if (error := _process(entry, context))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} objects failed", failures)


def _process(entry: dict[str, Any], context: LambdaContext) -> Exception | None:
    key = unquote_plus(entry["s3"]["object"]["key"])
    upload, original, file_id = parse_upload_key(key), parse_original_key(key), parse_file_key(key)
    revision = upload or original
    if revision is None and file_id is None:
        return None
    names = {"image_id": revision.image_id} if revision else {"file_id": file_id}
    failure: Exception | None = None
    meter = Meter(get_metrics(), entry)
    count = meter.count_upload if upload else meter.count_original if original else None
    try:
        uploaded_at = meter.uploaded_at
        meter.count_try()
        if upload:
            outcome = create_processor().accept(upload, uploaded_at)
        elif original:
            seconds = context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS
            outcome = create_processor().process(original, uploaded_at, seconds=seconds)
        else:
            outcome = follow_file(*get_file_stores(), key, str(file_id), uploaded_at)
    except Exception as error:  # noqa: BLE001 - raised again, after the other objects
        get_logger().exception("failed", **names)
        outcome, failure = Verdict.FAILED, error
    else:
        get_logger().info("processed", outcome=outcome, **names)
    if count:
        count(outcome)
    return failure
