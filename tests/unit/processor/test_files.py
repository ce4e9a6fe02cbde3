from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from processor.files import follow_file
from processor.waiting import ROW_PATIENCE, NotRecorded
from shared.keys import make_file_key
from shared.models import File

if TYPE_CHECKING:
    from shared.files import FileRepository
    from shared.storage import ImageStorage


@pytest.fixture
def file(storage: ImageStorage) -> File:
    """A file whose bytes are stored, and whose record is not."""
    file = File.create(user_id="ann", filename="a.txt", content_type="text/plain", size=1)
    storage.add(make_file_key(file), b"x", "text/plain")
    return file


def follow(files: FileRepository, storage: ImageStorage, file: File, age: timedelta = timedelta()) -> str:
    at = datetime.now(UTC) - age
    return follow_file(files, storage, make_file_key(file), file.id, at, sleep=lambda _: None)


def test_bytes_of_a_file_are_kept(files: FileRepository, storage: ImageStorage, file: File) -> None:
    files.add(file)
    assert follow(files, storage, file, timedelta(days=1)) == "kept"
    assert storage.has(make_file_key(file))


def test_record_may_come_later_than_the_event(
    files: FileRepository, storage: ImageStorage, file: File
) -> None:
    with pytest.raises(NotRecorded):
        follow(files, storage, file)
    assert storage.has(make_file_key(file))


@pytest.mark.parametrize("withdrawn", [False, True])
def test_bytes_that_never_get_a_record_are_deleted(
    files: FileRepository, storage: ImageStorage, file: File, withdrawn: bool
) -> None:
    if withdrawn:
        files.withdraw(file)
    assert follow(files, storage, file, ROW_PATIENCE + timedelta(seconds=1)) == "deleted"
    assert not storage.has(make_file_key(file))
