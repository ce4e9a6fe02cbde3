"""Everything that a stack holds at a time, and tables that are restored to it.

The emulated AWS restores a table as it is now. So the rows of that time are written down here, and a restored
table gets them. It keeps versions of objects as AWS does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.stack import Stack

type Rows = dict[tuple[str, str], Any]


@dataclass(frozen=True)
class Snapshot:
    """Everything at a time: the rows of both tables, by table, and the bytes of every object."""

    at: datetime
    rows: Mapping[str, Rows]
    objects: Mapping[str, bytes] = field(repr=False)


def read_rows(stack: Stack, table: str) -> Rows:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {(row["pk"]["S"], row["sk"]["S"]): row for page in pages for row in page["Items"]}


def read_objects(stack: Stack) -> dict[str, bytes]:
    s3, bucket = stack.client("s3"), stack.outputs["BucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def take_snapshot(stack: Stack) -> Snapshot:
    """S3 tells times to the second: nothing else happens in the second of the snapshot."""
    time.sleep(1.1)
    at = datetime.now(UTC).replace(microsecond=0)
    tables = [stack.outputs[name] for name in ("ImagesTableName", "ItemsTableName")]
    found = Snapshot(at, {table: read_rows(stack, table) for table in tables}, read_objects(stack))
    time.sleep(1.1)
    return found


def make_client(stack: Stack, before: Snapshot) -> Callable[[str], Any]:
    """Make clients of the stack. DynamoDB's restores a table as it was, and not as it is now."""
    dynamodb = stack.client("dynamodb")
    restore = dynamodb.restore_table_to_point_in_time

    def restore_as_it_was(**parameters: Any) -> None:  # noqa: ANN401 - of the call
        assert parameters["RestoreDateTime"] == before.at
        source, target = parameters["SourceTableName"], parameters["TargetTableName"]
        restore(**parameters)
        for pk, sk in read_rows(stack, target):
            dynamodb.delete_item(TableName=target, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        for row in before.rows[source].values():
            dynamodb.put_item(TableName=target, Item=row)

    dynamodb.restore_table_to_point_in_time = restore_as_it_was
    return lambda service: dynamodb if service == "dynamodb" else stack.client(service)
