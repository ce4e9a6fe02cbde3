"""Requests with an Idempotency-Key, and what they leave behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.api import Api, ApiResponse

KEY = {"Idempotency-Key": "8f4d6a3e"}


def send(
    api: Api, path: str, options: dict[str, Any], *, key: str = "8f4d6a3e", user: str = "ann"
) -> ApiResponse:
    headers = {**options.get("headers", {}), "Idempotency-Key": key}
    return api.post(path, user=user, **{**options, "headers": headers})


def find_names(response: ApiResponse) -> set[str]:
    """Ids, paths and keys: signatures and ends may change with time."""
    return {*re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", response.body.decode())} | {*response.json}


def count_rows(dynamodb: DynamoDBClient) -> int:
    """Rows of records, without entries, claims and counters."""
    keys = [row for table in ("images", "items") for row in dynamodb.scan(TableName=table)["Items"]]
    return sum(row["sk"]["S"] in {"IMAGE", "ITEM"} for row in keys)
