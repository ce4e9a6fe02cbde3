"""Sends the events again that the emulated AWS forgot, because it ended before they were handled."""

from __future__ import annotations

import json
from itertools import batched
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

# As in `shared.keys`.
UPLOADS, ORIGINALS, RENDITIONS, VARIANTS = "uploads/", "originals/", "renditions/", "variants/"
SETTLED = {"ready", "failed"}
ROWS_PER_READ = 100


def send_lost_events(client: Callable[[str], Any], outputs: Mapping[str, str]) -> int:
    """Send the processor the events of uploads that it has not finished, and of objects without a row.

    The processor deletes every object of an image without a row, as the changes function would have done.
    """
    objects = dict(list_objects(client("s3"), outputs["BucketName"]))
    images: dict[str, datetime] = {}
    for key, at in objects.items():
        images.setdefault(key.split("/")[1], at)
    rows = read_rows(client("dynamodb"), outputs["ImagesTableName"], images)
    lost = {key: at for key, at in objects.items() if key.startswith(UPLOADS)}
    for image_id, at in images.items():
        row = rows.get(image_id)
        revision = row["latest_revision"]["N"] if row else "1"
        original = f"{ORIGINALS}{image_id}/{revision}"
        if original in objects and (row is None or row["status"]["S"] not in SETTLED):
            lost[original] = at
        elif row is None and f"{UPLOADS}{image_id}/1" not in objects:
            lost[original] = at  # only what was made of it is left
    for key, at in lost.items():
        record = {"eventTime": at.isoformat(), "s3": {"object": {"key": quote_plus(key, safe="/")}}}
        client("lambda").invoke(
            FunctionName=outputs["ProcessorFunctionName"],
            InvocationType="Event",
            Payload=json.dumps({"Records": [record]}),
        )
    return len(lost)


def list_objects(s3: Any, bucket: str) -> Iterator[tuple[str, datetime]]:  # noqa: ANN401 - a client has no type here
    """Yield the key of every object of an image, and the time when it was written."""
    for prefix in (UPLOADS, ORIGINALS, RENDITIONS, VARIANTS):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield item["Key"], item["LastModified"]


def read_rows(dynamodb: Any, table: str, images: Mapping[str, datetime]) -> dict[str, Any]:  # noqa: ANN401 - same
    """Return the row of each image that has one, by id."""
    rows = {}
    for some in batched(images, ROWS_PER_READ, strict=False):
        pending = [{"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "IMAGE"}} for image_id in some]
        while pending:
            output = dynamodb.batch_get_item(RequestItems={table: {"Keys": pending}})
            for row in output["Responses"][table]:
                rows[row["id"]["S"]] = row
            pending = output["UnprocessedKeys"].get(table, {}).get("Keys", [])
    return rows
