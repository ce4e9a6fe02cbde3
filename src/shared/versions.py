"""Versions of the objects in the bucket, which it keeps for some days with `RecoveryDays`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.aws import translate_errors
from shared.storage import MAX_KEYS_PER_DELETION, delete_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


@dataclass(frozen=True)
class Version:
    """One version of an object. A marker says that the object was deleted."""

    key: str
    id: str
    written_at: datetime
    is_latest: bool
    tag: str | None = None
    """What S3 calls the ETag: it tells if bytes are the same. None: a marker."""

    @property
    def is_marker(self) -> bool:
        return self.tag is None


class VersionStorage:
    """The bucket, with every version of its objects. Without versioning each object has one."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def list_versions(self, prefix: str, *, after: str = "") -> Iterator[list[Version]]:
        """Yield every version, in pages of up to 1000, by key. Those of one key are in no order.

        `after`: the key behind which it begins.
        """
        start: dict[str, Any] = {"KeyMarker": after} if after else {}
        while True:
            with translate_errors():
                output = self._client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **start)
            found: list[Any] = [*output.get("Versions", []), *output.get("DeleteMarkers", [])]
            versions = [_read_version(each) for each in found if each["Key"] > after]
            yield sorted(versions, key=lambda version: version.key)
            if not output["IsTruncated"]:
                return
            start = {
                "KeyMarker": output["NextKeyMarker"],
                "VersionIdMarker": output.get("NextVersionIdMarker", ""),
            }

    def purge(self, prefixes: Iterable[str]) -> None:
        """Delete every version under these prefixes for good.

        Raises DeletionFailed if S3 refuses some of them.
        """
        self.delete(version for prefix in prefixes for page in self.list_versions(prefix) for version in page)

    def delete(self, versions: Iterable[Version]) -> None:
        """Delete versions for good. Raises DeletionFailed if S3 refuses some of them."""
        for batch in batched(versions, MAX_KEYS_PER_DELETION, strict=False):
            objects: list[ObjectIdentifierTypeDef] = [
                {"Key": version.key, "VersionId": version.id} for version in batch
            ]
            delete_objects(self._client, self._bucket, objects)


def _read_version(found: Any) -> Version:  # noqa: ANN401 - a version or a marker, as S3 lists them
    return Version(
        key=found["Key"],
        id=found["VersionId"],
        written_at=found["LastModified"],
        is_latest=found["IsLatest"],
        tag=found.get("ETag"),
    )
