from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Unavailable
from shared.tombstones import TOMBSTONES_PREFIX, TombstoneStorage
from tests.support.faults import break_calls
from tests.support.handlers import watch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

USER_IDS = ["ann", "a/b", "../x", "a b#c%2F", "ann@example.org", "x" * 128, "~!*'()"]


def test_every_user_with_a_tombstone_is_listed_once(s3: S3Client, tombstones: TombstoneStorage) -> None:
    for user_id in [*USER_IDS, *USER_IDS]:
        tombstones.add(user_id)
    s3.put_object(Bucket="bucket", Key="files/1/erasures/x", Body=b"")
    assert sorted(tombstones.list_users()) == sorted(USER_IDS)


def test_tombstone_holds_nothing_but_the_id_in_its_key(s3: S3Client, tombstones: TombstoneStorage) -> None:
    tombstones.add("a/b")
    [found] = s3.list_objects_v2(Bucket="bucket")["Contents"]
    assert (found["Key"], found["Size"]) == (f"{TOMBSTONES_PREFIX}a%2Fb", 0)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128))
def test_key_of_any_user_id_fits_into_s3(user_id: str) -> None:
    keys: list[str] = []

    class Client:
        def put_object(self, **parameters: str) -> None:
            keys.append(parameters["Key"])

    TombstoneStorage(Client(), "bucket").add(user_id)  # type: ignore[arg-type] # the one call that it makes
    [key] = keys
    assert key.count("/") == 1
    assert len(key.encode()) <= 1024


def test_more_tombstones_than_one_page_are_listed(s3: S3Client, tombstones: TombstoneStorage) -> None:
    calls = watch(s3, "ListObjectsV2", MaxKeys=2)
    for number in range(5):
        tombstones.add(f"u{number}")
    assert len([*tombstones.list_users()]) == 5
    assert len(calls) == 3


def test_bucket_that_does_not_respond_is_unavailable(s3: S3Client, tombstones: TombstoneStorage) -> None:
    break_calls(s3, "ListObjectsV2")
    with pytest.raises(Unavailable):
        [*tombstones.list_users()]
