"""Tombstones in the bucket: the users that were erased, for as long as a restored table may hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from shared.aws import translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

TOMBSTONES_PREFIX = "erasures/"


class TombstoneStorage:
    """The tombstones. A lifecycle rule of the bucket deletes each some time after it was written last."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def add(self, user_id: str) -> None:
        """Write the tombstone of a user, once more if there is one: it then stays longer."""
        key = TOMBSTONES_PREFIX + quote(user_id, safe="")
        with translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=b"")

    def list_users(self) -> Iterator[str]:
        """Yield the ids of all users that have a tombstone."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=TOMBSTONES_PREFIX
        )
        with translate_errors():
            for page in pages:
                for found in page.get("Contents", []):
                    yield unquote(found["Key"].removeprefix(TOMBSTONES_PREFIX))
