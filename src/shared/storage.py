"""Bytes in S3: uploads, originals, renditions, variants and legacy files."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from itertools import batched
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from shared.aws import TEMPORARY_CODES, translate_errors
from shared.errors import NotFound, Unavailable
from shared.keys import make_original_key, make_upload_key, make_variants_prefix
from shared.replacements import get_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from shared.keys import Revision
    from shared.models import Image

URL_LIFETIME_SECONDS = 60
"""Clients follow a redirect at once, and nobody can take its URL back."""
DOWNLOAD_LIFETIME_SECONDS = 1800
MAX_KEYS_PER_DELETION = 1000
"""S3's limit for DeleteObjects."""


class DeletionFailed(Exception):
    """S3 refused to delete objects, and will refuse again."""


@dataclass(frozen=True)
class UploadForm:
    """The URL that a client posts its bytes to, and the fields that go before them (S3's POST Object)."""

    url: str
    fields: Mapping[str, str]


class ImageStorage:
    """The bucket.

    If it keeps versions, what is deleted here is hidden: nobody gets it, and S3 deletes it some days later.

    `get_signer` returns the client that signs URLs for so many seconds. Clients may reach S3 at another
    address than the functions, and a signature ends with the credentials that made it.
    """

    def __init__(
        self, client: S3Client, bucket: str, *, get_signer: Callable[[int], S3Client] | None = None
    ) -> None:
        self._client = client
        self._get_signer = get_signer or (lambda _: client)
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
        self.copy(key, key, content_type)

    def copy(self, source: str, target: str, content_type: str) -> None:
        """Copy an object. Raises NotFound."""
        with translate_errors():
            try:
                self._client.copy_object(
                    Bucket=self._bucket,
                    Key=target,
                    CopySource={"Bucket": self._bucket, "Key": source},
                    MetadataDirective="REPLACE",  # S3 copies nothing onto itself unchanged
                    ContentType=content_type,
                    ContentDisposition="inline",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                raise NotFound from error

    def begin_revision(self, image: Image) -> None:
        """Copy the original to the latest revision of an image, so that it is processed. Raises NotFound.

        The original of a replacement is copied onto itself.
        """
        source = get_source(image)
        key = make_original_key(image.id, image.latest_revision)
        self.copy(make_original_key(image.id, source.revision), key, source.content_type)

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

    def list_keys(self, prefix: str = "") -> Iterator[list[tuple[str, datetime]]]:
        """Yield every key and when its object was written, in pages of up to 1000."""
        start: dict[str, Any] = {}
        while True:
            with translate_errors():
                output = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **start)
            yield [(item["Key"], item["LastModified"]) for item in output.get("Contents", [])]
            if "NextContinuationToken" not in output:
                return
            start = {"ContinuationToken": output["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Delete one object. A missing one is no error."""
        with translate_errors():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def delete_revisions(self, revisions: Iterable[Revision]) -> None:
        """Delete every byte of these revisions, as `delete_all` does."""
        self.delete_all(self.find_keys(revisions))

    def find_keys(self, revisions: Iterable[Revision]) -> Iterator[str]:
        """Yield the key of every object that these revisions may have, and of every variant of their images.

        Variants are looked for: a revision may have 200 of them, and an earlier release may have made others.
        Those of a revision that stays are only made again.
        """
        image_ids: dict[str, None] = {}
        for revision in revisions:
            image_ids[revision.image_id] = None
            yield from revision.list_keys()
        for image_id in image_ids:
            for page in self.list_keys(make_variants_prefix(image_id)):
                yield from (key for key, _ in page)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Delete objects, as many as possible in one call. Missing objects are no error.

        Raises DeletionFailed if S3 refuses some of them.
        """
        for batch in batched(keys, MAX_KEYS_PER_DELETION, strict=False):
            delete_objects(self._client, self._bucket, [{"Key": key} for key in batch])

    def sign_upload(
        self, upload: Revision, *, content_type: str, size: int, sha256: str | None, lifetime_seconds: int
    ) -> UploadForm:
        """Make a form for this revision only. S3 refuses another size, type, key or checksum (hex)."""
        fields = {"Content-Type": content_type}
        if sha256:
            checksum = b64encode(bytes.fromhex(sha256)).decode()
            fields |= {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": checksum}
        form = self._get_signer(lifetime_seconds).generate_presigned_post(
            Bucket=self._bucket,
            Key=make_upload_key(*upload),
            Fields=fields,
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", size, size],
            ],
            ExpiresIn=lifetime_seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def sign_original(self, image: Image, *, is_download: bool = False) -> str:
        """Make a URL of an image's original, valid for a minute.

        S3 serves the object with the type of its bytes, whatever its metadata says.
        """
        return self._sign(
            URL_LIFETIME_SECONDS,
            Key=make_original_key(image.id, image.revision),
            ResponseContentType=image.content_type,
            ResponseContentDisposition=make_disposition(
                "attachment" if is_download else "inline", image.filename
            ),
            ResponseCacheControl=f"private, max-age={URL_LIFETIME_SECONDS}",
        )

    def sign_download(self, key: str, filename: str) -> str:
        """Make a URL that downloads an object under this file name, valid for half an hour."""
        disposition = make_disposition("attachment", filename)
        return self._sign(DOWNLOAD_LIFETIME_SECONDS, Key=key, ResponseContentDisposition=disposition)

    def _sign(self, seconds: int, **parameters: str) -> str:
        return self._get_signer(seconds).generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, **parameters}, ExpiresIn=seconds
        )


def make_disposition(kind: str, filename: str) -> str:
    """A Content-Disposition (RFC 6266) with an encoded file name (RFC 5987)."""
    return f"{kind}; filename*=UTF-8''{quote(filename, safe='')}"


def delete_objects(client: S3Client, bucket: str, objects: Sequence[ObjectIdentifierTypeDef]) -> None:
    """Delete up to 1000 objects, or versions of objects. Raises DeletionFailed if S3 refuses some of them."""
    with translate_errors():
        output = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    codes = sorted({error.get("Code", "") for error in output.get("Errors", [])})
    if TEMPORARY_CODES.issuperset(codes) and codes:
        raise Unavailable
    if codes:
        raise DeletionFailed(", ".join(codes))
