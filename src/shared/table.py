"""A DynamoDB table: models in, models out, and transactions that survive a lost answer."""

from __future__ import annotations

import json
import random
import time
import uuid
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from shared.aws import translate_errors
from shared.errors import Conflict, DomainError, Throttled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactGetItemTypeDef, TransactWriteItemTypeDef
    from pydantic import BaseModel

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.8
PATIENCE_SECONDS = 8  # with others who write the same rows, or with a table that is throttled

_THROTTLED = {"ThrottlingError", "ProvisionedThroughputExceeded"}

type Key = tuple[str, str]
type Row = dict[str, Any]


class ConditionFailed(Exception):
    """The row is not what the write expected."""


class Table:
    """The calls that the repositories make, on a table with the keys `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key) -> Row | None:
        """Read a row, consistently: a client sees what it has just written."""
        with translate_errors():
            answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return _decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """Read up to 100 rows in one call. Rows that do not exist are not in the answer."""
        rows: dict[Key, Row] = {}
        wanted = [_key(key) for key in keys]
        for pause in make_pauses():
            if not wanted:
                return rows
            time.sleep(pause)
            with translate_errors():
                answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": wanted}})
            for item in answer["Responses"].get(self._name, []):
                row = _decode(item)
                rows[row["pk"], row["sk"]] = row
            left = answer["UnprocessedKeys"].get(self._name)
            wanted = [dict(key) for key in left["Keys"]] if left else []
        if wanted:
            raise Throttled
        return rows

    def get_together(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """Read up to 100 rows as they were at one moment. Raises Conflict while others write them."""
        reads: list[TransactGetItemTypeDef] = [
            {"Get": {"TableName": self._name, "Key": _key(key)}} for key in keys
        ]
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors(), suppress(self._client.exceptions.TransactionCanceledException):
                answer = self._client.transact_get_items(TransactItems=reads)
                rows = (_decode(item["Item"]) for item in answer["Responses"] if "Item" in item)
                return {(row["pk"], row["sk"]): row for row in rows}
        raise Conflict

    def scan(self) -> Iterator[list[Row]]:
        """Read every row, in pages of a megabyte. What is written meanwhile may be in them or not."""
        start: dict[str, Any] = {}
        while True:
            with translate_errors():
                answer = self._client.scan(TableName=self._name, **start)
            yield [_decode(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def query_keys(  # noqa: PLR0913 - they are one range
        self, partition: str, low: str, high: str, *, descending: bool, limit: int, after: str | None = None
    ) -> tuple[list[str], bool]:
        """Read sort keys of a partition within inclusive bounds; the flag tells whether there are more."""
        start: dict[str, Any] = {"ExclusiveStartKey": _key((partition, after))} if after is not None else {}
        with translate_errors():
            answer = self._client.query(
                TableName=self._name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={":pk": {"S": partition}, ":low": {"S": low}, ":high": {"S": high}},
                ProjectionExpression="sk",
                ScanIndexForward=not descending,
                Limit=limit,
                **start,
            )
        return [item["sk"]["S"] for item in answer["Items"]], "LastEvaluatedKey" in answer

    def transact(self, transaction: Transaction) -> None:
        """Write all or nothing. Raises the failure of the first write whose condition fails; Conflict when
        others keep writing the same rows, Throttled when the table cannot take it.

        One token names all tries of the transaction: after a lost answer, the next is no second write.
        """
        token = str(uuid.uuid4())
        writes = transaction.writes_to(self._name)
        obstacle: DomainError = Conflict()
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors():
                try:
                    self._client.transact_write_items(TransactItems=writes, ClientRequestToken=token)
                except self._client.exceptions.TransactionCanceledException as error:
                    reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
                    if "ConditionalCheckFailed" in reasons:
                        raise transaction.failures[reasons.index("ConditionalCheckFailed")] from error
                    if _THROTTLED.intersection(reasons):
                        obstacle = Throttled()
                    elif "TransactionConflict" in reasons:
                        obstacle = Conflict()
                    else:
                        raise
                except self._client.exceptions.TransactionInProgressException:
                    pass
                else:
                    return
        raise obstacle


class Transaction:
    """Writes that happen together."""

    def __init__(self) -> None:
        self._writes: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[Exception] = []
        """What it means when the condition of each write fails."""

    def add(self, key: Key, model: BaseModel) -> Self:
        """Write a row that must not exist yet."""
        return self._write("Put", Item=_item(key, model), ConditionExpression="attribute_not_exists(pk)")

    def replace(self, key: Key, model: BaseModel, *, version: int) -> Self:
        """Write a row anew if it is still at `version`."""
        return self._write("Put", Item=_item(key, model), **_at(version))

    def delete(self, key: Key, *, version: int) -> Self:
        """Delete a row if it is still at `version`."""
        return self._write("Delete", Key=_key(key), **_at(version))

    def claim(self, key: Key, model: BaseModel, *, now: datetime, failure: Exception) -> Self:
        """Write a row that has `expires_at`, unless there is one that has not expired."""
        return self._write(
            "Put",
            failure,
            Item=_item(key, model),
            ConditionExpression="attribute_not_exists(pk) OR expires_at < :now",
            ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
        )

    def count(
        self, key: Key, amounts: Mapping[str, int], limits: Mapping[str, int], *, failure: Exception
    ) -> Self:
        """Add to the counters of a row, where none of them is above its limit before."""
        names = {f"#{name}": name for name in amounts}
        values = {f":{name}": amount for name, amount in amounts.items()}
        values |= {f":max_{name}": limit for name, limit in limits.items()}
        within = " AND ".join(f"#{name} <= :max_{name}" for name in limits)
        condition = {"ConditionExpression": f"attribute_not_exists(pk) OR ({within})"} if limits else {}
        return self._write(
            "Update",
            failure,
            Key=_key(key),
            UpdateExpression="ADD " + ", ".join(f"#{name} :{name}" for name in amounts),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_encode(values),
            **condition,
        )

    def check(self, key: Key, *, version: int | None) -> Self:
        """Write nothing here, but let all fail unless the row is at this version, or missing with None."""
        condition = {"ConditionExpression": "attribute_not_exists(pk)"} if version is None else _at(version)
        return self._write("ConditionCheck", Key=_key(key), **condition)

    def add_entries(self, keys: Iterable[Key]) -> Self:
        """Write rows that have nothing but keys."""
        for key in keys:
            self._write("Put", Item=_key(key))
        return self

    def delete_entries(self, keys: Iterable[Key]) -> Self:
        for key in keys:
            self._write("Delete", Key=_key(key))
        return self

    def writes_to(self, table: str) -> list[TransactWriteItemTypeDef]:
        return [{kind: {"TableName": table, **write}} for kind, write in self._writes]  # type: ignore[misc] # the kind decides

    def _write(self, kind: str, failure: Exception | None = None, /, **write: Any) -> Self:  # noqa: ANN401 - DynamoDB's shapes
        self._writes.append((kind, write))
        self.failures.append(failure or ConditionFailed())
        return self


def _at(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": _encode({":version": version}),
    }


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _item(key: Key, model: BaseModel) -> dict[str, Any]:
    return _key(key) | _encode(dump(model))


def dump(model: BaseModel) -> Row:
    """Turn a model into what DynamoDB stores: texts, whole numbers and decimals; nothing for None."""
    row: Row = json.loads(model.model_dump_json(exclude_none=True), parse_float=Decimal)
    return row


def _encode(row: Row) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in row.items()}


def _decode(item: Mapping[str, Any]) -> Row:
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}


def make_pauses() -> Iterator[float]:
    """Seconds before each try: nothing before the first, then doubling up to a bound, with jitter."""
    yield 0
    longest, waited = FIRST_PAUSE_SECONDS, 0.0
    while waited < PATIENCE_SECONDS:
        pause = random.uniform(0, longest)  # noqa: S311 - no secret
        yield pause
        waited += max(pause, FIRST_PAUSE_SECONDS / 2)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)
