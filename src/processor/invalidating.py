"""Removes images from the CDN that it must not show any more."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.aws import translate_errors
from shared.observability import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_cloudfront import CloudFrontClient

    type Message = Mapping[str, Any]
    """A message of the queue, as Lambda gets it."""

ALL_IMAGES = "/images/*"


@dataclass(frozen=True)
class Invalidator:
    """Makes one invalidation of each batch of messages.

    CloudFront charges for each path, and takes few paths with a wildcard at a time. So a batch has a bound.
    """

    cloudfront: CloudFrontClient
    distribution_id: str
    max_paths: int

    def invalidate(self, messages: Sequence[Message]) -> None:
        """Raises Unavailable and Throttled. Then the messages come again."""
        ids = {image_id for message in messages for image_id in json.loads(message["body"])["images"]}
        paths = [f"/images/{image_id}/*" for image_id in sorted(ids)]
        if len(paths) > self.max_paths:
            paths = [ALL_IMAGES]
        with translate_errors():
            self.cloudfront.create_invalidation(
                DistributionId=self.distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": paths},
                    "CallerReference": _make_reference(messages),
                },
            )
        get_logger().info("invalidated", images=len(ids), paths=len(paths))


def _make_reference(messages: Sequence[Message]) -> str:
    """The same for the same messages: a call that comes again after a lost response makes nothing new."""
    names = sorted(message["messageId"] for message in messages)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
