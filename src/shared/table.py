"""A DynamoDB table: models in, rows out, and transactions that survive a lost response."""

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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactGetItemTypeDef, TransactWriteItemTypeDef
    from pydantic import BaseModel

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.8
PATIENCE_SECONDS = 8
"""How long a write waits for others who write the same rows, or for a throttled table."""
MAX_KEYS_PER_READ = 100
"""DynamoDB's limit for BatchGetItem and TransactGetItems."""

_THROTTLED = {"ThrottlingError", "ProvisionedThroughputExceeded"}

type Key = tuple[str, str]
type Row = dict[str, Any]


class ConditionFailed(Exception):
    """The row is not what the write expected."""


class Table:
    """The calls that the repositories make to a table with the keys `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key) -> Row | None:
        """Read a row consistently: a client sees what it has just written."""
        with translate_errors():
            output = self._client.get_item(TableName=self._name, Key=_encode_key(key), ConsistentRead=True)
        return _decode(output["Item"]) if "Item" in output else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """Read up to 100 rows in one call, eventually consistent. Missing rows are left out."""
        rows: dict[Key, Row] = {}
        pending = [_encode_key(key) for key in keys]
        for pause in make_pauses():
            if not pending:
                return rows
            time.sleep(pause)
            with translate_errors():
                output = self._client.batch_get_item(RequestItems={self._name: {"Keys": pending}})
            for item in output["Responses"].get(self._name, []):
                row = _decode(item)
                rows[row["pk"], row["sk"]] = row
            unprocessed = output["UnprocessedKeys"].get(self._name)
            pending = [dict(key) for key in unprocessed["Keys"]] if unprocessed else []
        if pending:
            raise Throttled
        return rows

    def get_together(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """Read up to 100 rows as they were at one moment. Raises Conflict while others write them."""
        reads: list[TransactGetItemTypeDef] = [
            {"Get": {"TableName": self._name, "Key": _encode_key(key)}} for key in keys
        ]
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors(), suppress(self._client.exceptions.TransactionCanceledException):
                output = self._client.transact_get_items(TransactItems=reads)
                rows = (_decode(item["Item"]) for item in output["Responses"] if "Item" in item)
                return {(row["pk"], row["sk"]): row for row in rows}
        raise Conflict

    def scan(self) -> Iterator[list[Row]]:
        """Read every row, in pages of a megabyte. A row that is written meanwhile may be missing."""
        start: dict[str, Any] = {}
        while True:
            with translate_errors():
                output = self._client.scan(TableName=self._name, **start)
            yield [_decode(item) for item in output["Items"]]
            if "LastEvaluatedKey" not in output:
                return
            start = {"ExclusiveStartKey": output["LastEvaluatedKey"]}

    def query_entries(  # noqa: PLR0913 - they are one range
        self, partition: str, low: str, high: str, *, descending: bool, limit: int, after: str | None = None
    ) -> tuple[list[tuple[str, int | None]], bool]:
        """Read entries of a partition within inclusive bounds: the sort key and the end of each.

        The flag tells if there are more. An end is in seconds since 1970, None for an entry that stays.
        """
        start: dict[str, Any] = {}
        if after is not None:
            start["ExclusiveStartKey"] = _encode_key((partition, after))
        with translate_errors():
            output = self._client.query(
                TableName=self._name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={":pk": {"S": partition}, ":low": {"S": low}, ":high": {"S": high}},
                ProjectionExpression="sk, expires_at",
                ScanIndexForward=not descending,
                Limit=limit,
                **start,
            )
        entries = [
            (item["sk"]["S"], int(item["expires_at"]["N"]) if "expires_at" in item else None)
            for item in output["Items"]
        ]
        return entries, "LastEvaluatedKey" in output

    def transact(self, transaction: Transaction) -> None:
        """Write all or nothing.

        Raises the failure of the first write whose condition does not hold, Conflict if others keep writing
        the same rows, and Throttled if the table cannot take it. One token names all tries of the
        transaction, so that a try after a lost response is no second write.
        """
        token = str(uuid.uuid4())
        writes = transaction.make_writes(self._name)
        obstacle: type[DomainError] = Conflict
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors():
                try:
                    self._client.transact_write_items(TransactItems=writes, ClientRequestToken=token)
                except self._client.exceptions.TransactionCanceledException as error:
                    reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
                    if "ConditionalCheckFailed" in reasons:
                        raise transaction.make_failure(reasons.index("ConditionalCheckFailed")) from error
                    if _THROTTLED.intersection(reasons):
                        obstacle = Throttled
                    elif "TransactionConflict" in reasons:
                        obstacle = Conflict
                    else:
                        raise
                except self._client.exceptions.TransactionInProgressException:
                    pass
                else:
                    return
        raise obstacle


class Transaction:
    """Writes that happen together. Each names the error to raise if its condition does not hold."""

    def __init__(self) -> None:
        self._writes: list[tuple[str, dict[str, Any]]] = []
        self._make_failures: list[Callable[[], Exception]] = []

    def add(self, key: Key, model: BaseModel) -> Self:
        """Write a row that must not exist yet."""
        item = _encode_key(key) | _encode(dump(model))
        return self._write("Put", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def replace(self, key: Key, model: BaseModel, *, version: int) -> Self:
        """Replace a row if it is still at `version`."""
        return self._write("Put", Item=_encode_key(key) | _encode(dump(model)), **_at(version))

    def delete(self, key: Key, *, version: int) -> Self:
        """Delete a row if it is still at `version`."""
        return self._write("Delete", Key=_encode_key(key), **_at(version))

    def claim(self, key: Key, model: BaseModel, *, now: datetime, failure: Callable[[], Exception]) -> Self:
        """Write a row that has `expires_at`, unless there is one that has not ended."""
        return self._write(
            "Put",
            failure,
            Item=_encode_key(key) | _encode(dump(model)),
            ConditionExpression="attribute_not_exists(pk) OR expires_at < :now",
            ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
        )

    def count(
        self,
        key: Key,
        amounts: Mapping[str, int],
        limits: Mapping[str, int],
        *,
        failure: Callable[[], Exception],
    ) -> Self:
        """Add to the counters of a row if none of them is above its limit before."""
        names = {f"#{name}": name for name in amounts}
        values = {f":{name}": amount for name, amount in amounts.items()}
        values |= {f":max_{name}": limit for name, limit in limits.items()}
        within = " AND ".join(f"#{name} <= :max_{name}" for name in limits)
        condition = {"ConditionExpression": f"attribute_not_exists(pk) OR ({within})"} if limits else {}
        return self._write(
            "Update",
            failure,
            Key=_encode_key(key),
            UpdateExpression="ADD " + ", ".join(f"#{name} :{name}" for name in amounts),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_encode(values),
            **condition,
        )

    def require(self, key: Key, *, version: int | None) -> Self:
        """Write nothing here, but fail unless the row is at this version, or missing if it is None."""
        condition = {"ConditionExpression": "attribute_not_exists(pk)"} if version is None else _at(version)
        return self._write("ConditionCheck", Key=_encode_key(key), **condition)

    def put_entries(self, entries: Mapping[Key, int | None]) -> Self:
        """Write rows that hold nothing but their keys and their end, in seconds since 1970."""
        for key, expires_at in entries.items():
            end = {} if expires_at is None else _encode({"expires_at": expires_at})
            self._write("Put", Item=_encode_key(key) | end)
        return self

    def delete_entries(self, keys: Iterable[Key]) -> Self:
        for key in keys:
            self._write("Delete", Key=_encode_key(key))
        return self

    def make_writes(self, table: str) -> list[TransactWriteItemTypeDef]:
        return [{kind: {"TableName": table, **write}} for kind, write in self._writes]  # type: ignore[misc] # the kind decides

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


def make_pauses() -> Iterator[float]:
    """Seconds to wait before each try: none before the first, then twice as long each time, with jitter."""
    yield 0
    longest, waited = FIRST_PAUSE_SECONDS, 0.0
    while waited < PATIENCE_SECONDS:
        pause = random.uniform(0, longest)  # noqa: S311 - no secret
        yield pause
        waited += max(pause, FIRST_PAUSE_SECONDS / 2)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)


def dump(model: BaseModel) -> Row:
    """Turn a model into what DynamoDB stores: texts, whole numbers and decimals, and nothing for None."""
    row: Row = json.loads(model.model_dump_json(exclude_none=True), parse_float=Decimal)
    return row


def _at(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": _encode({":version": version}),
    }


def _encode_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _encode(row: Row) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in row.items()}


def _decode(item: Mapping[str, Any]) -> Row:
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}
