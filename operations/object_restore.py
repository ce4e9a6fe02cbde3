"""Brings back the objects of the bucket as they were at a time, from the versions that it keeps.

An object that was deleted since gets its bytes back: the marker that hides them is removed. So S3 sends no
event, and nothing is processed. If it has other bytes since, it gets a copy of the old ones. Objects that are
newer stay, and the consistency check finds those that no record needs. What an erasure has purged has no
version.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched, chain, groupby, takewhile
from typing import TYPE_CHECKING, Any

from local.console import Problem
from shared.aws import translate_errors
from shared.keys import FILES_PREFIX, ORIGINALS_PREFIX, RENDITIONS_PREFIX
from shared.versions import Version, VersionStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

PREFIXES = (FILES_PREFIX, ORIGINALS_PREFIX, RENDITIONS_PREFIX)
"""In the order of the keys. Uploads and variants are made anew. Tombstones of the erased have to stay."""
KEYS_PER_STEP = 1000
MAX_CONCURRENT_CALLS = 16


@dataclass(frozen=True)
class Plan:
    """The way to bring one object back: remove markers, and then copy a version if there is one to copy."""

    markers: Sequence[Version]
    copied: Version | None = None


class ObjectRestore:
    """Restores one bucket. It may stop at any point and run again."""

    def __init__(self, client: S3Client, bucket: str, at: datetime) -> None:
        self._client = client
        self._bucket = bucket
        self._versions = VersionStorage(client, bucket)
        self._at = at

    def run(self, *, after: str = "", report: Callable[[str], object] = print) -> int:
        """Restore the objects whose keys come after a key. Report each step, and return their number."""
        counts: Counter[str] = Counter()
        for step in batched(self._list_objects(after), KEYS_PER_STEP, strict=False):
            plans = [plan for versions in step if (plan := make_plan(versions, self._at))]
            self._carry_out(plans)
            counts["looked at"] += len(step)
            counts["brought back"] += len(plans)
            amounts = ", ".join(f"{count} {name}" for name, count in counts.items())
            report(f"{amounts}; to go on from here: AFTER={step[-1][0].key}")
        return counts["brought back"]

    def _list_objects(self, after: str) -> Iterator[Sequence[Version]]:
        """Yield the versions of each object."""
        for prefix in PREFIXES:
            found = chain.from_iterable(self._versions.list_versions(prefix, after=after))
            for _, versions in groupby(found, key=lambda version: version.key):
                yield [*versions]

    def _carry_out(self, plans: Sequence[Plan]) -> None:
        """Remove markers, and copy versions."""
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
            for _ in executor.map(self._copy, (plan.copied for plan in plans if plan.copied)):
                pass
        self._versions.delete(marker for plan in plans for marker in plan.markers)

    def _copy(self, version: Version) -> None:
        """Copy a version of an object over the object, with its type and its other headers."""
        with translate_errors():
            self._client.copy_object(
                Bucket=self._bucket,
                Key=version.key,
                CopySource={"Bucket": self._bucket, "Key": version.key, "VersionId": version.id},
            )


def make_plan(versions: Iterable[Version], at: datetime) -> Plan | None:
    """Return the way back to an object of a time. None: it is still that, or there was none."""
    ordered = sorted(versions, key=_get_order, reverse=True)
    wanted = next((version for version in ordered if version.written_at <= at), None)
    if wanted is None or wanted.is_marker:
        return None
    markers = [*takewhile(lambda version: version.is_marker, ordered)]
    newest = ordered[len(markers)]
    if newest.tag != wanted.tag:
        return Plan([], copied=wanted)
    return Plan(markers) if markers else None


def restore_objects(
    client: Callable[[str], Any],
    outputs: Mapping[str, str],
    at: datetime,
    *,
    after: str = "",
    now: datetime | None = None,
) -> int:
    """Restore the bucket of a stack. Raises Problem if it does not keep versions for so long."""
    now, days = now or datetime.now(UTC), int(outputs["RecoveryDays"])
    if at > now:
        raise Problem("AT is a time that has passed: the objects are brought back as they were then")
    if now - at > timedelta(days=days):
        raise Problem(f"the bucket keeps versions for {days} days (RecoveryDays), and AT is before that")
    return ObjectRestore(client("s3"), outputs["BucketName"], at).run(after=after)


def _get_order(version: Version) -> tuple[datetime, bool, bool]:
    """Order versions by their age. S3 tells times to the second: what is deleted was written before."""
    return version.written_at, version.is_latest, version.is_marker
