"""Handles the queue of images that the CDN has to forget: one invalidation for each batch of messages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from processor.invalidating import Invalidator
from shared.aws import Deadline, create_client
from shared.metrics import Metrics
from shared.observability import get_logger
from shared.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def get_deadline() -> Deadline:
    return Deadline()


@cache
def get_metrics() -> Metrics:
    return Metrics(Settings().metrics_namespace, Settings().service_name)


@cache
def create_invalidator() -> Invalidator:
    settings = Settings()
    return Invalidator(
        create_client("cloudfront", deadline=get_deadline(), metrics=get_metrics()),
        settings.distribution_id,
        settings.cdn_invalidation_paths,
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Remove what all messages name. If that fails, all of them come again."""
    get_deadline().start(context.get_remaining_time_in_millis() / 1000)
    with get_metrics().collect(), get_logger().append_context_keys(request_id=context.aws_request_id):
        create_invalidator().invalidate(event["Records"])
