"""Versions of objects, in a bucket that keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.errors import Unavailable
from shared.storage import DeletionFailed, ImageStorage
from shared.versions import VersionStorage
from tests.support.faults import break_calls
from tests.support.handlers import watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


@pytest.fixture
def versions(s3: S3Client) -> VersionStorage:
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    return VersionStorage(s3, "bucket")


def read(versions: VersionStorage, prefix: str = "", *, after: str = "") -> list[tuple[str, bool]]:
    """Key and kind of every version."""
    pages = versions.list_versions(prefix, after=after)
    return sorted((version.key, version.is_marker) for page in pages for version in page)


def test_deleted_object_is_hidden_and_its_versions_are_kept(
    versions: VersionStorage, storage: ImageStorage
) -> None:
    storage.add("originals/1/1", b"a", "image/jpeg")
    storage.delete("originals/1/1")
    assert not storage.has("originals/1/1")
    assert [*storage.list_keys()] == [[]]
    assert read(versions) == [("originals/1/1", False), ("originals/1/1", True)]


def test_deleted_object_can_be_written_again(versions: VersionStorage, storage: ImageStorage) -> None:
    for data in (b"a", b"b"):
        assert storage.add("originals/1/1", data, "image/jpeg")
        assert storage.get("originals/1/1") == data
        storage.delete_all(["originals/1/1"])
    assert len(read(versions)) == 4


def test_versions_of_a_prefix_are_read_page_by_page(s3: S3Client, versions: VersionStorage) -> None:
    calls = watch(s3, "ListObjectVersions", MaxKeys=2)
    for key in ("a/1", "a/2", "a/3", "b/1"):
        for _ in range(2):
            s3.put_object(Bucket="bucket", Key=key, Body=b"x")
        s3.delete_object(Bucket="bucket", Key=key)
    expected = [(key, is_marker) for key in ("a/1", "a/2", "a/3") for is_marker in (False, False, True)]
    assert read(versions, "a/") == expected
    assert len(calls) > 3
    assert read(versions, "a/", after="a/1") == expected[3:]


def test_purged_prefix_has_no_version_left_and_others_keep_theirs(
    versions: VersionStorage, storage: ImageStorage
) -> None:
    for key in ("originals/1/1", "originals/1/2", "originals/10/1", "renditions/1/1/small.webp"):
        storage.add(key, b"a", "image/jpeg")
    storage.delete("originals/1/1")
    versions.purge(["originals/1/", "renditions/1/", "files/1/"])
    assert read(versions) == [("originals/10/1", False)]


def test_bucket_without_versions_loses_its_objects(s3: S3Client, storage: ImageStorage) -> None:
    storage.add("originals/1/1", b"a", "image/jpeg")
    VersionStorage(s3, "bucket").purge(["originals/1/"])
    assert not storage.has("originals/1/1")


@pytest.mark.parametrize(("code", "error"), [("SlowDown", Unavailable), ("AccessDenied", DeletionFailed)])
def test_version_that_s3_does_not_delete_is_an_error(
    versions: VersionStorage, storage: ImageStorage, s3: S3Client, code: str, error: type[Exception]
) -> None:
    storage.add("originals/1/1", b"a", "image/jpeg")

    def refuse(**_: object) -> Iterator[None]:
        return {"Errors": [{"Code": code}]}  # type: ignore[return-value] # as S3 responds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3, "delete_objects", refuse)
        with pytest.raises(error):
            versions.purge(["originals/1/"])


def test_bucket_that_does_not_respond_is_unavailable(s3: S3Client, versions: VersionStorage) -> None:
    break_calls(s3, "ListObjectVersions")
    with pytest.raises(Unavailable):
        read(versions)
