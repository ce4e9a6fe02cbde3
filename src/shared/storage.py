"""Bytes in S3: uploads, originals, renditions and legacy files. Every key is built and parsed here.

A client posts its bytes to `uploads/`, and may post again while its form is valid. Bytes that are verified
are copied to `originals/`, where nobody writes twice.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from shared.aws import translate_errors
from shared.errors import NotFound, Unavailable
from shared.renditions import RenditionName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from shared.models import Image

URL_LIFETIME_SECONDS = 300
DOWNLOAD_LIFETIME_SECONDS = 3600
UPLOADS_PREFIX = "uploads/"
ORIGINALS_PREFIX = "originals/"
RENDITIONS_PREFIX = "renditions/"


@dataclass(frozen=True)
class UploadForm:
    """The URL that a client posts its bytes to, and the fields that go before them (S3's POST Object)."""

    url: str
    fields: Mapping[str, str]


def make_upload_key(image_id: str) -> str:
    return f"{UPLOADS_PREFIX}{image_id}"


def make_original_key(image_id: str) -> str:
    return f"{ORIGINALS_PREFIX}{image_id}"


def make_rendition_key(image_id: str, name: RenditionName) -> str:
    return f"{RENDITIONS_PREFIX}{image_id}/{name}.webp"


def make_file_key(file_id: str, filename: str) -> str:
    return f"files/{file_id}/{filename}"


def parse_upload_key(key: str) -> str | None:
    """Return the image's id, or None for a key that is not a direct upload's."""
    return _parse_key(key, UPLOADS_PREFIX)


def parse_original_key(key: str) -> str | None:
    """Return the image's id, or None for a key that is not an original's."""
    return _parse_key(key, ORIGINALS_PREFIX)


def parse_rendition_key(key: str) -> str | None:
    """Return the image's id, or None for a key that is not a rendition's."""
    path = _parse_key(key, RENDITIONS_PREFIX)
    return path.partition("/")[0] if path else None


def _parse_key(key: str, prefix: str) -> str | None:
    return key.removeprefix(prefix) if key.startswith(prefix) else None


class ImageStorage:
    """The bucket. `signer` signs URLs for clients, who may reach S3 at another address than the functions."""

    def __init__(self, client: S3Client, bucket: str, *, signer: S3Client | None = None) -> None:
        self._client = client
        self._signer = signer or client
        self._bucket = bucket

    def add(self, key: str, data: bytes, content_type: str, *, disposition: str = "inline") -> bool:
        """Write a new object. False if there is one already: it stays as it is.

        Keys hold random ids, so that object is our own, from a try whose response was lost.
        """
        with translate_errors():
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=data,
                    ContentType=content_type,
                    ContentDisposition=disposition,
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "PreconditionFailed":
                    raise
                return False
        return True

    def replace(self, key: str, data: bytes, content_type: str) -> None:
        """Write an object. It replaces an older one of the same key."""
        with translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """Raises NotFound."""
        with translate_errors():
            try:
                output = self._client.get_object(Bucket=self._bucket, Key=key)
                return output["Body"].read()
            except self._client.exceptions.NoSuchKey as error:
                raise NotFound from error

    def touch(self, key: str, content_type: str) -> None:
        """Copy an object onto itself, so that S3 sends its event again. Raises NotFound."""
        with translate_errors():
            try:
                self._client.copy_object(
                    Bucket=self._bucket,
                    Key=key,
                    CopySource={"Bucket": self._bucket, "Key": key},
                    MetadataDirective="REPLACE",  # S3 copies nothing onto itself unchanged
                    ContentType=content_type,
                    ContentDisposition="inline",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                raise NotFound from error

    def has(self, key: str) -> bool:
        """Tell whether the object exists. An error of S3 is raised, and does not count as missing."""
        with translate_errors():
            try:
                self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                    raise
                return False
        return True

    def list_keys(self) -> Iterator[list[tuple[str, datetime]]]:
        """Yield every key and when its object was written, in pages of up to 1000."""
        start: dict[str, Any] = {}
        while True:
            with translate_errors():
                output = self._client.list_objects_v2(Bucket=self._bucket, **start)
            yield [(item["Key"], item["LastModified"]) for item in output.get("Contents", [])]
            if "NextContinuationToken" not in output:
                return
            start = {"ContinuationToken": output["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Delete one object. A missing one is no error."""
        with translate_errors():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def delete_image(self, image_id: str) -> None:
        """Delete every byte of an image. Missing objects are no error."""
        keys = [make_upload_key(image_id), make_original_key(image_id)]
        keys += [make_rendition_key(image_id, name) for name in RenditionName]
        with translate_errors():
            output = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        if output.get("Errors"):
            raise Unavailable

    def sign_upload(
        self, image_id: str, *, content_type: str, size: int, sha256: str | None, lifetime_seconds: int
    ) -> UploadForm:
        """Make a form for this image only. S3 refuses another size, type, key or checksum (hex)."""
        fields = {"Content-Type": content_type}
        if sha256:
            checksum = b64encode(bytes.fromhex(sha256)).decode()
            fields |= {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": checksum}
        form = self._signer.generate_presigned_post(
            Bucket=self._bucket,
            Key=make_upload_key(image_id),
            Fields=fields,
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", size, size],
            ],
            ExpiresIn=lifetime_seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def sign_original(self, image: Image) -> str:
        """Make a URL of an image's original, valid for 5 minutes."""
        return self._sign_image(make_original_key(image.id), image.filename, image.content_type)

    def sign_rendition(self, image: Image, name: RenditionName) -> str:
        """Make a URL of a rendition, valid for 5 minutes."""
        rendition = image.renditions[name]
        filename = f"{image.filename.rpartition('.')[0] or image.filename}-{name}.webp"
        return self._sign_image(make_rendition_key(image.id, name), filename, rendition.content_type)

    def sign_download(self, key: str, filename: str) -> str:
        """Make a URL that downloads an object under this file name, valid for an hour."""
        disposition = _make_disposition("attachment", filename)
        return self._sign(DOWNLOAD_LIFETIME_SECONDS, Key=key, ResponseContentDisposition=disposition)

    def _sign_image(self, key: str, filename: str, content_type: str) -> str:
        """S3 serves the object with the type of its bytes, whatever its metadata says."""
        return self._sign(
            URL_LIFETIME_SECONDS,
            Key=key,
            ResponseContentType=content_type,
            ResponseContentDisposition=_make_disposition("inline", filename),
            ResponseCacheControl=f"private, max-age={URL_LIFETIME_SECONDS}",
        )

    def _sign(self, seconds: int, **parameters: str) -> str:
        return self._signer.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, **parameters}, ExpiresIn=seconds
        )


def _make_disposition(kind: str, filename: str) -> str:
    """A Content-Disposition (RFC 6266) with an encoded file name (RFC 5987)."""
    return f"{kind}; filename*=UTF-8''{quote(filename, safe='')}"
