"""Handles the stream of the images table: one call of the follower for each batch of changes."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from processor.erasing import Eraser
from processor.following import Follower
from processor.publishing import Publisher
from processor.purging import Purger
from shared.aws import Deadline, create_client, translate_errors
from shared.deletions import DeletionRepository
from shared.erasures import ErasureRepository
from shared.files import FileRepository
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.metrics import Metric, Metrics
from shared.observability import get_logger
from shared.settings import Settings
from shared.storage import ImageStorage
from shared.table import Table
from shared.tag_counts import TagRepository
from shared.tombstones import TombstoneStorage
from shared.usages import UsageRepository
from shared.versions import VersionStorage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from processor.events import ImageEvent


@cache
def get_settings() -> Settings:
    return Settings()


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_metrics() -> Metrics:
    return Metrics(get_settings().metrics_namespace, get_settings().service_name)


@cache
def create_follower() -> Follower:
    settings = get_settings()
    dynamodb = create_client("dynamodb", deadline=get_deadline(), metrics=get_metrics())
    table, items = Table(dynamodb, settings.images_table), Table(dynamodb, settings.items_table)
    usages, tags = UsageRepository(table), TagRepository(table)
    s3 = create_client("s3", deadline=get_deadline(), metrics=get_metrics())
    days = settings.recovery_days
    deletions = DeletionRepository(table, days) if days else None
    eraser = Eraser(
        ErasureRepository(table),
        usages,
        ImageRepository(table),
        FileRepository(table),
        ItemRepository(items),
        tags,
        TombstoneStorage(s3, settings.bucket),
        purger=Purger(deletions, VersionStorage(s3, settings.bucket)) if deletions else None,
        sleep=time.sleep,
    )
    return Follower(
        usages,
        tags,
        ImageStorage(s3, settings.bucket),
        eraser,
        send=send_failure,
        withdraw=send_withdrawn if settings.invalidation_queue else None,
        publish=publish_events if settings.event_bus else None,
        deletions=deletions,
    )


@cache
def create_publisher() -> Publisher:
    settings = get_settings()
    assert settings.event_bus  # noqa: S101 - for the type checker
    client = create_client("events", deadline=get_deadline(), metrics=get_metrics())
    return Publisher(client, settings.event_bus, settings.stack_id)


def publish_events(events: Mapping[str, ImageEvent]) -> dict[str, Exception]:
    """Publish events. Returns the errors by the numbers of their changes."""
    failures = create_publisher().publish(events)
    get_metrics().add(Metric.EVENTS, len(events) - len(failures))
    return failures


def send_failure(message: str) -> None:
    """Put a message into the failure queue."""
    _send(get_settings().failure_queue, message)
    get_metrics().add(Metric.PUT_ASIDE)


def send_withdrawn(image_ids: Sequence[str]) -> None:
    """Tell the queue of `processor.invalidations` which images the CDN has to forget."""
    queue = get_settings().invalidation_queue
    assert queue  # noqa: S101 - for the type checker
    _send(queue, json.dumps({"images": [*image_ids]}))


def _send(queue_url: str, message: str) -> None:
    queue = create_client("sqs", deadline=get_deadline(), metrics=get_metrics())
    with translate_errors():
        queue.send_message(QueueUrl=queue_url, MessageBody=message)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Follow all changes of a batch. Those that failed for a moment come again.

    AWS sends the named records again. MiniStack takes their names for success, so there the whole batch has
    to fail. To follow a change twice is harmless.
    """
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_metrics().collect(), get_logger().append_context_keys(request_id=context.aws_request_id):
        if event["Records"]:
            get_metrics().add(Metric.CHANGES, len(event["Records"]))
        failures = create_follower().follow(event["Records"])
    if failures and not get_settings().reports_batch_failures:
        raise ExceptionGroup(f"{len(failures)} changes failed", [*failures.values()])
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failures]}
