"""Restores the tables to a time: into new tables, which have all that a stack needs of its own ones.

DynamoDB restores the rows alone. Expiry, stream, backups and protection are switched on here. Every record
gets a higher version, and its next revision comes after all before. The erasures of users that the bucket
remembers begin again, before the stack uses the tables. The stream has all of it as changes.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.console import Problem
from operations.erasures import make_registry
from operations.restored_records import raise_revisions, raise_versions
from shared.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

TABLES = {"ImagesTableName": "KeptImagesTableName", "ItemsTableName": "KeptItemsTableName"}
"""The outputs that name the tables, and the parameters that do."""
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
EXPIRY = {"Enabled": True, "AttributeName": "expires_at"}
SUFFIX = re.compile(r"-at-\d{8}-\d{6}$")
PAUSE_SECONDS = 10
REFUSALS = {"InvalidRestoreTimeException", "PointInTimeRecoveryUnavailableException", "ValidationException"}


class TableRestore:
    """Restores the tables of one stack. It may stop at any point and run again."""

    def __init__(
        self,
        client: Callable[[str], Any],
        outputs: Mapping[str, str],
        at: datetime,
        *,
        report: Callable[[str], object] = print,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._dynamodb = client("dynamodb")
        self._outputs = outputs
        self._at = at
        self._report = report
        self._sleep = sleep

    def run(self) -> dict[str, str]:
        """Return the parameters with which the stack uses the restored tables."""
        sources = {parameter: self._outputs[output] for output, parameter in TABLES.items()}
        targets = {parameter: name_restored(source, self._at) for parameter, source in sources.items()}
        for parameter, source in sources.items():
            self._begin(source, targets[parameter])
        for target in targets.values():
            self._await_active(target)
            self._complete(target)
        images = targets["KeptImagesTableName"]
        stream_arn = self._provide_stream(images)
        # First, because it raises versions too, and tells nobody.
        raise_revisions(
            Table(self._dynamodb, self._outputs["ImagesTableName"]), Table(self._dynamodb, images)
        )
        for target in targets.values():
            self._raise_versions(target)
        outputs = {**self._outputs, "ImagesTableName": images}
        user_ids = make_registry(self._client, outputs).erase_again()
        self._report(f"{len(user_ids)} users will be erased again as soon as the stack uses the tables")
        return {**targets, "KeptImagesStreamArn": stream_arn}

    def _begin(self, source: str, target: str) -> None:
        if self._describe(target):
            self._report(f"{target} is there already")
            return
        try:
            self._dynamodb.restore_table_to_point_in_time(
                SourceTableName=source, TargetTableName=target, RestoreDateTime=self._at
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in REFUSALS:
                raise
            raise Problem(f"{source} cannot be restored to {self._at:%FT%TZ}: {error}") from error
        self._report(f"{source} is being restored as {target}")

    def _await_active(self, table: str) -> None:
        while (self._describe(table) or {}).get("TableStatus") != "ACTIVE":
            self._sleep(PAUSE_SECONDS)

    def _complete(self, table: str) -> None:
        """Switch on the expiry of rows, backups, and protection."""
        expiry = self._dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if expiry.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
            self._dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=EXPIRY)
        self._dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        self._dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
        self._await_active(table)

    def _provide_stream(self, table: str) -> str:
        if not (self._describe(table) or {}).get("StreamSpecification", {}).get("StreamEnabled"):
            self._dynamodb.update_table(TableName=table, StreamSpecification=STREAM)
            self._await_active(table)
        arn: str = (self._describe(table) or {})["LatestStreamArn"]
        return arn

    def _raise_versions(self, table: str) -> None:
        made_at: datetime = (self._describe(table) or {})["CreationDateTime"]
        count = raise_versions(Table(self._dynamodb, table), made_at)
        self._report(f"{table}: {count} records have a version that is higher than all before")

    def _describe(self, table: str) -> Mapping[str, Any] | None:
        try:
            described: Mapping[str, Any] = self._dynamodb.describe_table(TableName=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return described


def name_restored(source: str, at: datetime) -> str:
    """Name a restored table after its source and the time. One that was restored twice has one time."""
    return f"{SUFFIX.sub('', source)[:230]}-at-{at:%Y%m%d-%H%M%S}"
