"""Legacy files: any bytes, stored as a download."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from app.responses.outputs import FilePublic, FileUploaded
from shared.files import get_file_usage
from shared.keys import make_file_key
from shared.models import File
from shared.reservations import add_reserved

if TYPE_CHECKING:
    from app.requests.formats import UploadedFile
    from shared.files import FileRepository
    from shared.storage import ImageStorage
    from shared.usages import UsageRepository

UNKNOWN_TYPE = "application/octet-stream"
DEFAULT_FILENAME = "upload"
DEPRECATED_SINCE = "@1795478400"  # 2026-11-24, as RFC 9745 writes it
SUNSET = "Wed, 24 Nov 2027 00:00:00 GMT"

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}", re.ASCII)


def upload_file(  # noqa: PLR0913, PLR0917 - the stores that it writes to
    files: FileRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    user_id: str,
    uploaded: UploadedFile,
    claim: str | None = None,
) -> File:
    """Store any file as a download. Whatever it holds, no browser shows it as a page of this service.

    `claim` is as in `RecordRepository.add`.
    """
    uploaded.require_size()
    declared = uploaded.content_type or ""
    file = File.create(
        user_id=user_id,
        filename=uploaded.filename or DEFAULT_FILENAME,
        content_type=declared if _MEDIA_TYPE.fullmatch(declared) else UNKNOWN_TYPE,
        size=len(uploaded.data),
    )
    counted = get_file_usage(file)
    key = make_file_key(file)
    return add_reserved(
        files,
        file,
        reserve=lambda: usages.reserve(file.id, user_id, counted),
        release=lambda: usages.release(file.id, user_id, counted),
        write=lambda: storage.add(key, uploaded.data, UNKNOWN_TYPE, disposition="attachment"),
        erase=lambda: storage.delete(key),
        claim=claim,
    )


def describe_file(file: File, storage: ImageStorage) -> FilePublic:
    """Describe a file, with a fresh URL that is valid for half an hour."""
    key = make_file_key(file)
    return FilePublic(**dict(file), key=key, url=storage.sign_download(key, file.filename))


def respond_with_upload(file: File, storage: ImageStorage, base_url: str) -> Response[FileUploaded]:
    body = FileUploaded(message="File uploaded successfully", file=describe_file(file, storage))
    headers = {
        "Deprecation": DEPRECATED_SINCE,
        "Sunset": SUNSET,
        "Link": f'<{base_url}/images/upload>; rel="successor-version"',
    }
    return Response(HTTPStatus.CREATED, "application/json", body, headers)
