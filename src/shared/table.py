"""A DynamoDB table: models in, rows out, and writes that survive a lost response."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.aws import CONFLICT_CODE, CONFLICT_REASON, THROTTLING_REASONS, translate_errors
from shared.errors import Contended, DomainError, Throttled
from shared.retries import make_pauses
from shared.rows import decode, encode, encode_key, encode_model
from shared.transactions import ConditionFailed
from shared.writes import list_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactGetItemTypeDef
    from pydantic import BaseModel

    from shared.rows import Key, Row
    from shared.transactions import Transaction

MAX_KEYS_PER_READ = 100
"""DynamoDB's limit for BatchGetItem and TransactGetItems."""


class Table:
    """The calls that the repositories make to a table with the keys `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Key) -> Row | None:
        """Read a row consistently: a client sees what it has just written."""
        with translate_errors():
            output = self._client.get_item(TableName=self.name, Key=encode_key(key), ConsistentRead=True)
        return decode(output["Item"]) if "Item" in output else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """Read up to 100 rows in one call, consistently. Missing rows are left out."""
        rows: dict[Key, Row] = {}
        pending = [encode_key(key) for key in keys]
        for pause in make_pauses():
            if not pending:
                return rows
            time.sleep(pause)
            with translate_errors():
                output = self._client.batch_get_item(
                    RequestItems={self.name: {"Keys": pending, "ConsistentRead": True}}
                )
            for item in output["Responses"].get(self.name, []):
                row = decode(item)
                rows[row["pk"], row["sk"]] = row
            unprocessed = output["UnprocessedKeys"].get(self.name)
            pending = [dict(key) for key in unprocessed["Keys"]] if unprocessed else []
        if pending:
            raise Throttled
        return rows

    def get_together(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """Read up to 100 rows as they were at one moment. Raises Contended while others write them."""
        reads: list[TransactGetItemTypeDef] = [
            {"Get": {"TableName": self.name, "Key": encode_key(key)}} for key in keys
        ]
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors(), suppress(self._client.exceptions.TransactionCanceledException):
                output = self._client.transact_get_items(TransactItems=reads)
                rows = (decode(item["Item"]) for item in output["Responses"] if "Item" in item)
                return {(row["pk"], row["sk"]): row for row in rows}
        raise Contended

    def scan(self, *, after: Key | None = None) -> Iterator[list[Row]]:
        """Read every row, in pages of a megabyte. A row that is written meanwhile may be missing.

        `after` is the key of the last row of a page: the rows that follow it are read.
        """
        start: dict[str, Any] = {"ExclusiveStartKey": encode_key(after)} if after else {}
        while True:
            with translate_errors():
                output = self._client.scan(TableName=self.name, **start)
            yield [decode(item) for item in output["Items"]]
            if "LastEvaluatedKey" not in output:
                return
            start = {"ExclusiveStartKey": output["LastEvaluatedKey"]}

    def query_entries(  # noqa: PLR0913 - they are one range
        self, partition: str, low: str, high: str, *, descending: bool, limit: int, after: str | None = None
    ) -> tuple[list[tuple[str, int | None]], bool]:
        """Read entries of a partition within inclusive bounds: the sort key and the end of each.

        The read is consistent. The flag tells if there are more. An end is in seconds since 1970, None for an
        entry that stays.
        """
        start: dict[str, Any] = {}
        if after is not None:
            start["ExclusiveStartKey"] = encode_key((partition, after))
        with translate_errors():
            output = self._client.query(
                TableName=self.name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={":pk": {"S": partition}, ":low": {"S": low}, ":high": {"S": high}},
                ProjectionExpression="sk, expires_at",
                ScanIndexForward=not descending,
                Limit=limit,
                ConsistentRead=True,
                **start,
            )
        entries = [
            (item["sk"]["S"], int(item["expires_at"]["N"]) if "expires_at" in item else None)
            for item in output["Items"]
        ]
        return entries, "LastEvaluatedKey" in output

    def query(self, partition: str, low: str, high: str, *, limit: int) -> list[Row]:
        """Read rows of a partition within inclusive bounds, as they were a moment ago."""
        with translate_errors():
            output = self._client.query(
                TableName=self.name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={":pk": {"S": partition}, ":low": {"S": low}, ":high": {"S": high}},
                Limit=limit,
            )
        return [decode(item) for item in output["Items"]]

    def read_time(self) -> datetime:
        """Return the time of DynamoDB's clock, to the second."""
        with translate_errors():
            output = self._client.get_item(TableName=self.name, Key=encode_key(("CLOCK", "CLOCK")))
        return parsedate_to_datetime(output["ResponseMetadata"]["HTTPHeaders"]["date"])

    def add(self, key: Key, model: BaseModel) -> None:
        """Write a row that must not exist yet. Raises ConditionFailed if there is another one.

        A row that equals it comes from an earlier try, whose response was lost.
        """
        item = encode_model(key, model)
        try:
            self._write_alone(
                self._client.put_item, Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        except ConditionFailed as error:
            if error.row != decode(item):
                raise

    def put(self, key: Key, model: BaseModel) -> None:
        """Write a row, whether or not there is one."""
        with translate_errors():
            self._client.put_item(TableName=self.name, Item=encode_model(key, model))

    def delete(self, key: Key) -> None:
        """Delete a row. A missing one is no error."""
        with translate_errors():
            self._client.delete_item(TableName=self.name, Key=encode_key(key))

    def update(self, key: Key, update: str, values: Row, *, condition: str) -> None:
        """Change attributes of a row. Raises ConditionFailed with the row that was found.

        `#name` stands for the attribute `name`. A response may get lost, and then the update is sent again.
        """
        self._write_alone(
            self._client.update_item,
            Key=encode_key(key),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=list_names(update, condition),
            ExpressionAttributeValues=encode({f":{name}": value for name, value in values.items()}),
        )

    def transact(self, transaction: Transaction) -> None:
        """Write all or nothing.

        Raises the failure of the first write whose condition does not hold, Contended if others keep writing
        the same rows, and Throttled if the table cannot take it. One token names all tries of the
        transaction, so that a try after a lost response is no second write.
        """
        token = str(uuid.uuid4())
        writes = transaction.make_writes(self.name)
        obstacle: type[DomainError] = Contended
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors():
                try:
                    self._client.transact_write_items(TransactItems=writes, ClientRequestToken=token)
                except self._client.exceptions.TransactionCanceledException as error:
                    reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
                    if "ConditionalCheckFailed" in reasons:
                        raise transaction.make_failure(reasons.index("ConditionalCheckFailed")) from error
                    if THROTTLING_REASONS.intersection(reasons):
                        obstacle = Throttled
                    elif CONFLICT_REASON in reasons:
                        obstacle = Contended
                    else:
                        raise
                except self._client.exceptions.TransactionInProgressException:
                    pass
                else:
                    return
        raise obstacle

    def _write_alone(self, write: Callable[..., object], **parameters: Any) -> None:  # noqa: ANN401 - DynamoDB's shapes
        """Make a conditional write of one row. DynamoDB refuses it while a transaction holds the row."""
        for pause in make_pauses():
            time.sleep(pause)
            with translate_errors():
                try:
                    write(
                        TableName=self.name,
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                        **parameters,
                    )
                except self._client.exceptions.ConditionalCheckFailedException as error:
                    found: Any = error.response
                    raise ConditionFailed(decode(found["Item"]) if "Item" in found else None) from error
                except ClientError as error:
                    if error.response["Error"]["Code"] != CONFLICT_CODE:
                        raise
                else:
                    return
        raise Contended
