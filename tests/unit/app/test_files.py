from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.files import describe_file, upload_file
from app.requests.formats import UploadedFile
from shared.errors import Erased, QuotaExceeded
from shared.keys import make_file_key
from shared.quotas import Quota, Usage
from shared.usages import UsageRepository
from tests.support.faults import Fault, break_calls
from tests.support.uploads import list_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from app.responses.outputs import FilePublic
    from shared.files import FileRepository
    from shared.storage import ImageStorage
    from shared.table import Table

    type Upload = Callable[..., FilePublic]

TEXT = UploadedFile(b"x", "a.txt", "text/plain", "file")


@pytest.fixture
def upload(files: FileRepository, usages: UsageRepository, storage: ImageStorage) -> Upload:
    def upload(uploaded: UploadedFile = TEXT, claim: str | None = None) -> FilePublic:
        return describe_file(upload_file(files, usages, storage, "ann", uploaded, claim), storage)

    return upload


def test_tries_of_one_request_store_one_file(upload: Upload, usages: UsageRepository, s3: S3Client) -> None:
    keys = [upload(claim=claim).key for claim in ("0", "0", "1", None, None)]
    assert keys[0] == keys[1]
    assert len({*keys}) == len(list_keys(s3)) == usages.get("ann").files == 4


@pytest.mark.parametrize(
    ("filename", "name"),
    [("a b/ü.txt", "a_b_.txt"), ("a__(1).txt", "a___1_.txt"), (None, "upload"), ("A-z.0_", "A-z.0_")],
)
def test_key_has_only_plain_characters(upload: Upload, filename: str | None, name: str) -> None:
    file = upload(UploadedFile(b"x", filename, None, "file"))
    assert file.key.split("/") == ["files", file.id, name]
    assert file.filename == (filename or "upload")


@pytest.mark.parametrize(
    ("declared", "content_type"),
    [
        ("text/html", "text/html"),
        ("a" * 60 + "/" + "b" * 60, "a" * 60 + "/" + "b" * 60),
        ("a" * 61 + "/b", "application/octet-stream"),
        ("text/html; charset=x", "application/octet-stream"),
        ("text/\n", "application/octet-stream"),
        ("", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_type_is_repeated_only_if_it_is_one(upload: Upload, declared: str | None, content_type: str) -> None:
    assert upload(UploadedFile(b"x", "a", declared, "file")).content_type == content_type


def test_file_counts_for_its_user(upload: Upload, usages: UsageRepository) -> None:
    upload(UploadedFile(b"12345", "a", None, "file"))
    assert usages.get("ann").amounts == Usage(files=1, bytes=5).amounts


@pytest.mark.parametrize("quota", [Quota(max_files=1), Quota(max_bytes=1), Quota(max_images=0, max_files=1)])
def test_file_without_room_is_refused_before_it_is_stored(
    table: Table, files: FileRepository, storage: ImageStorage, s3: S3Client, quota: Quota
) -> None:
    usages = UsageRepository(table, quota)
    upload_file(files, usages, storage, "ann", TEXT)
    with pytest.raises(QuotaExceeded):
        upload_file(files, usages, storage, "ann", TEXT)
    assert len(list_keys(s3)) == 1


def test_file_of_a_user_who_is_erased_is_refused(
    table: Table, upload: Upload, dynamodb: DynamoDBClient, s3: S3Client
) -> None:
    dynamodb.put_item(
        TableName=table.name, Item={"pk": {"S": "USER#ann"}, "sk": {"S": "USAGE"}, "erased_at": {"N": "1"}}
    )
    with pytest.raises(Erased):
        upload()
    assert list_keys(s3) == []


@pytest.mark.parametrize("fault", [Fault.FAILED, Fault.LOST_RESPONSE])
def test_file_whose_record_fails_leaves_nothing(  # noqa: PLR0913, PLR0917 - the stores to look into
    upload: Upload,
    files: FileRepository,
    usages: UsageRepository,
    dynamodb: DynamoDBClient,
    s3: S3Client,
    fault: Fault,
) -> None:
    """If the record was written after all, then the file is there, whole and counted."""
    break_calls(dynamodb, "TransactWriteItems", fault)
    try:
        stored = [make_file_key(files.get(upload().id))]
    except Exception:  # noqa: BLE001 - whichever
        stored = []
    assert list_keys(s3) == stored
    assert usages.get("ann").files == len(stored)
