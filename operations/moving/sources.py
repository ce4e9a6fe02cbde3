"""Places that images come from: a folder, or a bucket of S3 or of a service that speaks like it."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from operations.moving.entries import Entry, InvalidEntry, read_entry
from shared.limits import MAX_DIRECT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_BYTES = MAX_DIRECT_BYTES
MANIFEST = "images.jsonl"
"""The manifest of an export. A source that holds it is read by it."""


class SourceError(Exception):
    """The bytes of one entry cannot be had. The message says why."""


class FolderSource:
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def open_manifest(self) -> BinaryIO | None:
        path = self._root / MANIFEST
        return path.open("rb") if path.is_file() else None

    def list_entries(self) -> Iterator[Entry | InvalidEntry]:
        """Yield every file, with the time of its last change. Hidden files and links are left out."""
        folders = [os.fspath(self._root)]
        while folders:
            with os.scandir(folders.pop()) as children:
                for child in children:
                    if child.name.startswith("."):
                        continue
                    if child.is_dir(follow_symlinks=False):
                        folders.append(child.path)
                    elif child.is_file(follow_symlinks=False):
                        path = os.path.relpath(child.path, self._root)
                        yield _make_entry(path, datetime.fromtimestamp(child.stat().st_mtime, UTC))

    def read(self, entry: Entry) -> bytes:
        """Raises SourceError, also for a path that leads out of the folder."""
        try:
            path = (self._root / _get_path(entry)).resolve()
            if not path.is_relative_to(self._root):
                raise SourceError("leads out of the folder")
            if not path.is_file():
                raise SourceError("is not there")
            with path.open("rb") as file:
                return read_bounded(file.read)
        except (OSError, ValueError) as error:
            raise SourceError(f"cannot be read: {error}") from error


class BucketSource:
    """The objects of a bucket below a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:  # noqa: ANN401 - of boto3
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def open_manifest(self) -> BinaryIO | None:
        """Copy the manifest to this machine: an import may take longer than a connection lasts."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
        try:
            self._client.download_fileobj(self._bucket, self._prefix + MANIFEST, file)
        except ClientError:
            file.close()
            return None
        file.seek(0)
        return file

    def list_entries(self) -> Iterator[Entry | InvalidEntry]:
        """Yield every object, with the time when it was written."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        for page in pages:
            for item in page.get("Contents", []):
                path = item["Key"].removeprefix(self._prefix)
                if path and not path.endswith("/"):
                    yield _make_entry(path, item["LastModified"])

    def read(self, entry: Entry) -> bytes:
        """Raises SourceError."""
        try:
            output = self._client.get_object(Bucket=self._bucket, Key=self._prefix + _get_path(entry))
            return read_bounded(output["Body"].read)
        except (ClientError, BotoCoreError, OSError) as error:
            raise SourceError(f"cannot be read: {error}") from error


def read_bounded(read: Callable[[int], bytes]) -> bytes:
    """Read everything. Raises SourceError if that is more than an image may have."""
    data = read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SourceError(f"has more than {MAX_BYTES} bytes")
    return data


def _get_path(entry: Entry) -> str:
    if entry.path is None:
        raise SourceError("has no path below the source")
    return entry.path


def _make_entry(path: str, at: datetime) -> Entry | InvalidEntry:
    created_at = min(at, datetime.now(UTC)).isoformat()
    return read_entry(path, {"path": path, "createdAt": created_at})
