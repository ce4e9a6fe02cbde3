"""Checks that every file has its bytes, and that no bytes are without their file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from operations.findings import Finding, Flaw, get_all
from shared.keys import make_file_key, parse_file_key
from shared.models import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.files import FileRepository
    from shared.rows import Row
    from shared.storage import ImageStorage

MAX_CONCURRENT_CALLS = 16


def check_files(files: FileRepository, storage: ImageStorage, rows: Sequence[Row]) -> Iterator[Finding]:
    """Check the files among some rows of the table."""

    def lacks_bytes(file: File) -> bool:
        return not storage.has(make_file_key(file)) and files.table.get(files.make_key(file.id)) is not None

    found = [file for row in rows if row["sk"] == files.kind and (file := _read_file(row))]
    with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as executor:
        for file, is_lost in zip(found, executor.map(lacks_bytes, found), strict=True):
            if is_lost:
                yield Finding(Flaw.LOST_FILE, file.id, partial(files.delete, file.id))


def check_file_objects(
    files: FileRepository, storage: ImageStorage, keys: Sequence[str]
) -> Iterator[Finding]:
    """Check the objects of files among some keys of the bucket. Each is old enough to have a record."""
    record_keys = {key: files.make_key(file_id) for key in keys if (file_id := parse_file_key(key))}
    rows = get_all(files.table, {*record_keys.values()})
    for key, record_key in record_keys.items():
        if record_key not in rows:
            yield Finding(Flaw.ORPHAN, key, partial(storage.delete, key))


def _read_file(row: Row) -> File | None:
    """Return None for a row that cannot be read, and for one that has ended."""
    try:
        file = File.model_validate(row)
    except ValidationError:
        return None
    return file if file.expires_at is None else None
