"""Bytes in S3: originals, renditions, files of the legacy upload. Every key is built and parsed here."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError

from shared.aws import translate_errors
from shared.errors import NotFound, Unavailable
from shared.models import RENDITION_EDGES_PX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.models import RenditionName

URL_LIFETIME_SECONDS = 300
DOWNLOAD_LIFETIME_SECONDS = 3600
ORIGINALS_PREFIX = "originals/"


def make_original_key(image_id: str) -> str:
    return f"{ORIGINALS_PREFIX}{image_id}"


def make_rendition_key(image_id: str, name: RenditionName) -> str:
    return f"renditions/{image_id}/{name}.webp"


def make_file_key(file_id: str, filename: str) -> str:
    return f"files/{file_id}/{filename}"


def parse_original_key(key: str) -> str | None:
    """Return the image's id, or None for a key that is not an original's."""
    return key.removeprefix(ORIGINALS_PREFIX) if key.startswith(ORIGINALS_PREFIX) else None


class ImageStorage:
    """The bucket. `signer` signs URLs for clients, who may reach S3 under another name than we do."""

    def __init__(self, client: S3Client, bucket: str, *, signer: S3Client | None = None) -> None:
        self._client = client
        self._signer = signer or client
        self._bucket = bucket

    def add(self, key: str, data: bytes, content_type: str, *, disposition: str = "inline") -> None:
        """Write a new object.

        Keys are random: an object that is there already is our own, from a try whose answer was lost.
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

    def replace(self, key: str, data: bytes, content_type: str) -> None:
        """Write an object, over an older one of the same key if there is one."""
        with translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """Raises NotFound."""
        with translate_errors():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
                return answer["Body"].read()
            except self._client.exceptions.NoSuchKey as error:
                raise NotFound("There is no such object.") from error

    def has(self, key: str) -> bool:
        with translate_errors():
            try:
                self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                    raise
                return False
        return True

    def delete_image(self, image_id: str) -> None:
        """Delete every byte of an image. What is not there is not missed."""
        keys = [make_original_key(image_id)]
        keys += [make_rendition_key(image_id, name) for name in RENDITION_EDGES_PX]
        with translate_errors():
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        if answer.get("Errors"):
            raise Unavailable("Not every object could be deleted.")

    def sign_url(self, key: str) -> str:
        """Make a URL that reads an object for a while."""
        return self._sign(URL_LIFETIME_SECONDS, Key=key)

    def sign_download(self, key: str, filename: str) -> str:
        """Make a URL that reads an object as a download of that name (RFC 6266, encoded as RFC 5987 says)."""
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        return self._sign(DOWNLOAD_LIFETIME_SECONDS, Key=key, ResponseContentDisposition=disposition)

    def _sign(self, seconds: int, **parameters: str) -> str:
        return self._signer.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, **parameters}, ExpiresIn=seconds
        )
