from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.errors import NotFound
from shared.files import get_file_usage
from shared.listing import Span
from shared.models import File
from shared.quotas import Usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.files import FileRepository


def make_file(user_id: str = "ann", size: int = 5) -> File:
    return File.create(user_id=user_id, filename="a.txt", content_type="text/plain", size=size)


def test_files_are_listed_for_their_owner_alone(files: FileRepository) -> None:
    first, second = files.add(make_file()), files.add(make_file())
    files.add(make_file("ann#FILES"))
    assert files.list_owned("ann", Span(), limit=9).records == [second, first]
    assert files.list_owned("ben", Span(), limit=9).records == []


def test_deleted_file_leaves_no_row(files: FileRepository, dynamodb: DynamoDBClient) -> None:
    file = files.add(make_file())
    assert files.delete(file.id) == file
    assert dynamodb.scan(TableName="images")["Items"] == []


def test_file_that_was_withdrawn_is_gone_and_counts_nothing(files: FileRepository) -> None:
    file = make_file()
    assert files.withdraw(file) is None
    with pytest.raises(NotFound):
        files.get(file.id)
    assert get_file_usage(file.withdrawn()) == get_file_usage(None) == Usage()
    assert get_file_usage(file) == Usage(files=1, bytes=5)


def test_image_of_the_same_id_is_no_file(files: FileRepository) -> None:
    assert files.has_listing("FILES#USER#ann")
    assert not files.has_listing("USER#ann#PUBLIC#TAG#FILES#")
