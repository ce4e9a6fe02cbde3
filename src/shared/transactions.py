"""Writes that happen together, or not at all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from shared.errors import Contended
from shared.retries import make_pauses
from shared.rows import encode, encode_key, encode_model
from shared.writes import list_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef
    from pydantic import BaseModel

    from shared.rows import Key, Row
    from shared.writes import Write

MAX_WRITES = 100
"""DynamoDB's limit for a transaction."""


class ConditionFailed(Exception):
    """The row is not what the write expected. `row` is what a single write has found, None for no row."""

    def __init__(self, row: Row | None = None) -> None:
        super().__init__()
        self.row = row


class Transaction:
    """Writes that happen together. Each names the error to raise if its condition does not hold."""

    def __init__(self) -> None:
        self._writes: list[tuple[str, dict[str, Any]]] = []
        self._make_failures: list[Callable[[], Exception]] = []

    def add(self, key: Key, model: BaseModel) -> Self:
        """Write a row that must not exist yet."""
        item = encode_model(key, model)
        return self._write("Put", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def replace(self, key: Key, model: BaseModel, *, version: int) -> Self:
        """Replace a row if it is still at `version`."""
        return self._write("Put", Item=encode_model(key, model), **_at(version))

    def delete(self, key: Key, *, version: int) -> Self:
        """Delete a row if it is still at `version`."""
        return self._write("Delete", Key=encode_key(key), **_at(version))

    def update(self, key: Key, write: Write) -> Self:
        """Change attributes of a row if the conditions hold. A row that is missing begins with them."""
        condition = " AND ".join(write.conditions)
        values = {f":{name}": value for name, value in write.expression_values.items()}
        return self._write(
            "Update",
            Key=encode_key(key),
            UpdateExpression=write.expression,
            ExpressionAttributeNames=list_names(write.expression, condition),
            ExpressionAttributeValues=encode(values),
            **({"ConditionExpression": condition} if condition else {}),
        )

    def claim(self, key: Key, model: BaseModel, *, now: datetime, failure: Callable[[], Exception]) -> Self:
        """Write a row that has `expires_at`, unless there is one that has not ended."""
        return self._write(
            "Put",
            failure,
            Item=encode_model(key, model),
            ConditionExpression="attribute_not_exists(pk) OR expires_at < :now",
            ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
        )

    def require(self, key: Key, *, version: int | None) -> Self:
        """Write nothing here, but fail unless the row is at this version, or missing if it is None."""
        condition = {"ConditionExpression": "attribute_not_exists(pk)"} if version is None else _at(version)
        return self._write("ConditionCheck", Key=encode_key(key), **condition)

    def put_entries(self, entries: Mapping[Key, int | None]) -> Self:
        """Write rows that hold nothing but their keys and their end, in seconds since 1970."""
        for key, expires_at in entries.items():
            end = {} if expires_at is None else encode({"expires_at": expires_at})
            self._write("Put", Item=encode_key(key) | end)
        return self

    def delete_entries(self, keys: Iterable[Key]) -> Self:
        for key in keys:
            self._write("Delete", Key=encode_key(key))
        return self

    def make_writes(self, table: str) -> list[TransactWriteItemTypeDef]:
        return [{kind: {"TableName": table, **write}} for kind, write in self._writes]  # type: ignore[misc] # the kind decides

    def __len__(self) -> int:
        return len(self._writes)

    def make_failure(self, index: int) -> Exception:
        """The error for the write at this place."""
        return self._make_failures[index]()

    def _write(
        self,
        kind: str,
        failure: Callable[[], Exception] = ConditionFailed,
        /,
        **write: Any,  # noqa: ANN401 - DynamoDB's shapes
    ) -> Self:
        self._writes.append((kind, write))
        self._make_failures.append(failure)
        return self


def repeat[T](attempt: Callable[[], T]) -> T:
    """Try a write on the newest version until no other write overtakes it. Raises Contended."""
    for pause in make_pauses():
        time.sleep(pause)
        try:
            return attempt()
        except ConditionFailed:
            continue
    raise Contended


def _at(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": encode({":version": version}),
    }
