"""Places that an export goes to: a folder, or a bucket below a prefix."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shared.models import Image

CHUNK_BYTES = 2**20


class MissingOriginal(Exception):
    """The original is not in the bucket, or is another one now."""


class Bucket:
    """The bucket of the service, whose originals are exported."""

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401 - of boto3
        self.client = client
        self.name = name

    def open(self, key: str) -> Any:  # noqa: ANN401 - same
        """Raises MissingOriginal."""
        try:
            return self.client.get_object(Bucket=self.name, Key=key)["Body"]
        except self.client.exceptions.NoSuchKey as error:
            raise MissingOriginal from error


class FolderDestination:
    """A folder on this machine. Each file appears complete, or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def copy(self, bucket: Bucket, key: str, name: str, image: Image) -> None:
        """Copy an original, unless it is there. Raises MissingOriginal, also if the bytes are others."""
        path = self._root / name
        if path.is_file() and path.stat().st_size == image.size:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        partial = path.with_name(f"{path.name}.part")
        with partial.open("wb") as file:
            for chunk in bucket.open(key).iter_chunks(CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
        if image.sha256 and digest.hexdigest() != image.sha256:
            partial.unlink()
            raise MissingOriginal
        partial.replace(path)

    def write(self, name: str, data: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.part")
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def read(self, name: str) -> bytes | None:
        path = self._root / name
        return path.read_bytes() if path.is_file() else None

    def join(self, parts: Sequence[str], name: str) -> None:
        """Write one file from several, in their order."""
        partial = self._root / f"{name}.part"
        with partial.open("wb") as file:
            for part in parts:
                with (self._root / part).open("rb") as source:
                    shutil.copyfileobj(source, file)
        partial.replace(self._root / name)

    def delete(self, name: str) -> None:
        """Delete a file, and its folder if it was the last one there."""
        path = self._root / name
        path.unlink(missing_ok=True)
        if path.parent != self._root and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


class BucketDestination:
    """The objects of a bucket below a prefix. S3 copies the originals itself."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:  # noqa: ANN401 - of boto3
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def copy(self, bucket: Bucket, key: str, name: str, image: Image) -> None:
        """Raises MissingOriginal."""
        try:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                CopySource={"Bucket": bucket.name, "Key": key},
                MetadataDirective="REPLACE",
                ContentType=image.content_type,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            raise MissingOriginal from error

    def write(self, name: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)

    def read(self, name: str) -> bytes | None:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"]
        except self._client.exceptions.NoSuchKey:
            return None
        data: bytes = body.read()
        return data

    def join(self, parts: Sequence[str], name: str) -> None:
        """Write one object from several, by way of a file on this machine."""
        with tempfile.TemporaryFile() as file:
            for part in parts:
                self._client.download_fileobj(self._bucket, self._prefix + part, file)
            file.seek(0)
            self._client.upload_fileobj(file, self._bucket, self._prefix + name)

    def delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
