"""The restore of objects, on a bucket that keeps versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console import Problem
from operations.object_restore import ObjectRestore, make_plan, restore_objects
from shared.versions import Version
from tests.support.handlers import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEY = "originals/1/1"


def make_versions(*told: tuple[int, str | None]) -> list[Version]:
    """Make the versions of an object from their seconds and bytes, the oldest first. None is a deletion."""
    return [
        Version(KEY, str(number), NOW + timedelta(seconds=seconds), number == len(told) - 1, tag)
        for number, (seconds, tag) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "removed", "copied"),
    [
        ([(-9, "a")], None, None),
        ([(-9, "a"), (5, None)], ["1"], None),
        ([(-9, "a"), (0, None)], None, None),
        ([(-9, "a"), (5, None), (6, None)], ["1", "2"], None),
        ([(-9, "a"), (5, "b")], [], "0"),
        ([(-9, "a"), (5, "b"), (6, None)], [], "0"),
        ([(-9, "a"), (5, "a")], None, None),
        ([(-9, "a"), (5, "a"), (6, None)], ["2"], None),
        ([(-9, "a"), (-8, None)], None, None),
        ([(-9, "a"), (-8, None), (5, "b")], None, None),
        ([(-9, "a"), (-8, None), (-7, "b"), (5, None)], ["3"], None),
        ([(-9, "a"), (-9, None), (5, None)], None, None),
        ([(5, "a")], None, None),
        ([(-9, None)], None, None),
    ],
)
def test_plan_leads_back_to_what_was_there(
    told: list[tuple[int, str | None]], removed: list[str] | None, copied: str | None
) -> None:
    plan = make_plan(reversed(make_versions(*told)), NOW)
    if removed is None:
        assert plan is None
    else:
        assert plan
        assert [marker.id for marker in plan.markers] == [*reversed(removed)]
        assert (plan.copied.id if plan.copied else None) == copied


@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from(["a", "b", None])), max_size=6))
def test_plan_never_brings_back_what_was_not_there(told: list[tuple[int, str | None]]) -> None:
    versions = make_versions(*sorted(told, key=lambda each: each[0]))
    then = [version for version in versions if version.written_at <= NOW]
    plan = make_plan(reversed(versions), NOW)  # S3 lists the newest first
    if plan:
        assert {*then} & {version for version in versions if not version.is_marker}
        shown = plan.copied or next(version for version in reversed(versions) if version not in plan.markers)
        assert shown.tag in {version.tag for version in then} - {None}


class Bucket:
    """A bucket with versions, on a clock: times of S3 are the real ones, so the restore gets them moved."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})

    def put(self, key: str, data: bytes = b"a") -> None:
        self.s3.put_object(Bucket="bucket", Key=key, Body=data, ContentType="image/webp")

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.s3.delete_object(Bucket="bucket", Key=key)

    def read(self) -> dict[str, bytes]:
        found = self.s3.list_objects_v2(Bucket="bucket").get("Contents", [])
        return {
            each["Key"]: self.s3.get_object(Bucket="bucket", Key=each["Key"])["Body"].read() for each in found
        }


@pytest.fixture
def bucket(s3: S3Client) -> Bucket:
    return Bucket(s3)


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], datetime]:
    """Move the clock of the emulated S3 by a minute. Return its time in the middle."""
    hours = [datetime.now(UTC)]

    def read() -> datetime:
        return hours[0].replace(tzinfo=None)

    def advance() -> datetime:
        hours[0] += timedelta(minutes=1)
        return hours[0] - timedelta(seconds=30)

    monkeypatch.setattr("moto.s3.models.utcnow", read)
    return advance


def test_deleted_objects_are_back_and_others_are_as_they_are(
    bucket: Bucket, pass_time: Callable[[], datetime]
) -> None:
    for key in (
        "files/1/a.pdf",
        "originals/1/1",
        "originals/2/1",
        "renditions/1/1/small.webp",
        "originals/0/1",
    ):
        bucket.put(key)
    bucket.delete("originals/0/1")
    before = bucket.read()
    at = pass_time()
    bucket.delete("files/1/a.pdf", "originals/1/1", "renditions/1/1/small.webp")
    bucket.put("originals/3/1")
    assert ObjectRestore(bucket.s3, "bucket", at).run(report=lambda _: None) == 3
    assert bucket.read() == before | {"originals/3/1": b"a"}


def test_overwritten_object_has_its_bytes_and_its_type_again(
    bucket: Bucket, pass_time: Callable[[], datetime]
) -> None:
    bucket.put("renditions/1/1/small.webp", b"good")
    at = pass_time()
    bucket.s3.put_object(
        Bucket="bucket", Key="renditions/1/1/small.webp", Body=b"bad", ContentType="text/html"
    )
    ObjectRestore(bucket.s3, "bucket", at).run(report=lambda _: None)
    found = bucket.s3.get_object(Bucket="bucket", Key="renditions/1/1/small.webp")
    assert (found["Body"].read(), found["ContentType"]) == (b"good", "image/webp")


@pytest.mark.parametrize("key", ["uploads/1/1", "variants/1/1/w_64.webp", "erasures/ann"])
def test_uploads_variants_and_tombstones_stay_as_they_are(
    bucket: Bucket, pass_time: Callable[[], datetime], key: str
) -> None:
    bucket.put(key)
    at = pass_time()
    bucket.delete(key)
    assert ObjectRestore(bucket.s3, "bucket", at).run(report=lambda _: None) == 0
    assert bucket.read() == {}


def test_restore_goes_on_after_a_key_and_may_run_twice(
    bucket: Bucket, pass_time: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.object_restore.KEYS_PER_STEP", 2)
    keys = [f"originals/{number}/1" for number in range(5)]
    for key in keys:
        bucket.put(key)
    at = pass_time()
    bucket.delete(*keys)
    watch(bucket.s3, "ListObjectVersions", MaxKeys=3)
    lines: list[str] = []
    restore = ObjectRestore(bucket.s3, "bucket", at)
    assert restore.run(after=keys[1], report=lines.append) == 3
    assert [line.partition("AFTER=")[2] for line in lines] == [keys[3], keys[4]]
    assert [*bucket.read()] == keys[2:]
    assert restore.run(report=lines.append) == 2
    assert [*bucket.read()] == keys
    assert restore.run(report=lines.append) == 0


@pytest.mark.parametrize(
    ("at", "days", "words"),
    [
        (NOW + timedelta(seconds=1), 7, "AT is a time that has passed"),
        (NOW - timedelta(days=7, seconds=1), 7, "keeps versions for 7 days"),
        (NOW - timedelta(seconds=1), 0, "keeps versions for 0 days"),
    ],
)
def test_time_that_the_bucket_does_not_know_is_refused(
    s3: S3Client, at: datetime, days: int, words: str
) -> None:
    clients: dict[str, Any] = {"s3": s3}
    outputs = {"BucketName": "bucket", "RecoveryDays": str(days)}
    with pytest.raises(Problem, match=words):
        restore_objects(clients.__getitem__, outputs, at, now=NOW)


def test_time_within_the_days_is_taken(s3: S3Client) -> None:
    clients: dict[str, Any] = {"s3": s3}
    outputs = {"BucketName": "bucket", "RecoveryDays": "7"}
    assert restore_objects(clients.__getitem__, outputs, NOW - timedelta(days=7), now=NOW) == 0
