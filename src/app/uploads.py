"""The upload use cases: an image with its metadata, here or straight to S3, and any file as it is."""

import hashlib
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.auth import Caller
from app.fields import MAX_DIRECT_BYTES
from app.filenames import make_default_filename
from app.formats import ImageUpload, UploadedFile
from app.inputs import DirectUploadCreate, ImageMetadata
from app.schemas import DirectUpload, FilePublic, UploadTarget
from shared.errors import Conflict, FieldError, InvalidFields, TooLarge, UnsupportedImage
from shared.images import ImageRepository
from shared.inspection import CONTENT_TYPES, inspect
from shared.models import Image, Status
from shared.storage import ImageStorage, make_file_key, make_original_key, make_upload_key

UPLOAD_GRACE_SECONDS = 300
"""How long after the end of its form an upload may still be on its way."""
UNKNOWN_TYPE = "application/octet-stream"
DEFAULT_FILENAME = "upload"

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}", re.ASCII)
_UNSAFE_IN_KEY = re.compile(r"[^\w.-]+", re.ASCII)


def upload_image(
    images: ImageRepository,
    storage: ImageStorage,
    caller: Caller,
    upload: ImageUpload,
    claim: str | None = None,
) -> Image:
    """Judge the bytes, store them, then record them: no row is ever without its object.

    `claim` is as in `RecordRepository.add`.
    """
    file = upload.file
    owner_id = _find_owner(caller, upload.metadata)
    file.check_size()
    inspection = inspect(file.data)
    images.check_quota(owner_id, len(file.data), claim=claim)
    image = _make_image(
        upload.metadata,
        user_id=owner_id,
        filename=file.filename or make_default_filename(inspection.content_type),
        size=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        shard=images.choose_shard(),
        **asdict(inspection),
    )
    storage.add(make_original_key(image.id), file.data, image.content_type)
    return images.add(image, claim=claim)


def begin_upload(
    images: ImageRepository,
    storage: ImageStorage,
    caller: Caller,
    wanted: DirectUploadCreate,
    claim: str | None = None,
) -> DirectUpload:
    """Record an image whose bytes are to come, and make the form that takes them.

    `claim` is as in `RecordRepository.add`.
    """
    owner_id = _find_owner(caller, wanted.metadata)
    if wanted.content_type not in CONTENT_TYPES.values():
        raise UnsupportedImage(
            f"Accepted are {', '.join(CONTENT_TYPES.values())}.",
            [FieldError("contentType", "is not an accepted type")],
        )
    if wanted.size > MAX_DIRECT_BYTES:
        raise TooLarge(
            f"An image has at most {MAX_DIRECT_BYTES} bytes.",
            [FieldError("size", f"is more than {MAX_DIRECT_BYTES} bytes")],
        )
    images.check_quota(owner_id, wanted.size, claim=claim)
    now = datetime.now(UTC)
    wanted_image = _make_image(
        wanted.metadata,
        user_id=owner_id,
        filename=wanted.filename or make_default_filename(wanted.content_type),
        content_type=wanted.content_type,
        size=wanted.size,
        sha256=wanted.sha256,
        status=Status.PENDING,
        shard=images.choose_shard(),
        listed=False,
        expires_at=int(now.timestamp()) + wanted.expires_in + UPLOAD_GRACE_SECONDS,
    )
    image = images.add(wanted_image, claim=claim)
    if image.expires_at is None or not image.awaits_bytes:
        raise Conflict("The bytes of this upload have come already.")
    expires_at = datetime.fromtimestamp(image.expires_at - UPLOAD_GRACE_SECONDS, UTC)
    form = storage.sign_upload(
        image.id,
        content_type=image.content_type,
        size=image.size,
        sha256=image.sha256,
        lifetime_seconds=max(1, math.ceil((expires_at - now).total_seconds())),
    )
    return DirectUpload(
        id=image.id, upload=UploadTarget(url=form.url, fields=form.fields), expires_at=expires_at
    )


def reprocess_image(
    images: ImageRepository, storage: ImageStorage, image_id: str, check: Callable[[Image], None]
) -> Image:
    """Have an image processed once more, with `check` as in `ImageRepository.update`. Raises Conflict."""
    image = images.update(image_id, _restart, check)
    key = make_upload_key(image.id) if image.awaits_bytes else make_original_key(image.id)
    storage.touch(key, image.content_type)
    return image


def _restart(image: Image) -> Image:
    if image.status is Status.PENDING:
        raise Conflict("Its bytes have not been uploaded yet.")
    if image.status is Status.REJECTED and not image.listed:
        raise Conflict("Its bytes were refused: begin a new upload.")
    return image.model_copy(update={"status": Status.PROCESSING, "status_reason": None})


def _find_owner(caller: Caller, metadata: ImageMetadata) -> str:
    owner_id = caller.act_as(metadata.user_id).user_id
    if owner_id is None:
        raise InvalidFields([FieldError("userId", "is required where no X-User-Id header names the user")])
    return owner_id


def _make_image(metadata: ImageMetadata, **fields: Any) -> Image:  # noqa: ANN401 - any field of an image
    now = datetime.now(UTC)
    return Image(
        id=str(uuid.uuid4()),
        description=metadata.description,
        visibility=metadata.visibility,
        tags=metadata.tags,
        created_at=now,
        updated_at=now,
        **fields,
    )


def upload_file(storage: ImageStorage, file: UploadedFile, claim: str | None = None) -> FilePublic:
    """Store any file, as a download: whatever it is, no browser shows it as a page of ours.

    All tries of a request, which `claim` names, store one file.
    """
    file.check_size()
    filename = file.filename or DEFAULT_FILENAME
    file_id = uuid.UUID(claim[:32], version=4) if claim else uuid.uuid4()
    key = make_file_key(str(file_id), _UNSAFE_IN_KEY.sub("_", filename))
    storage.add(key, file.data, UNKNOWN_TYPE, disposition="attachment")
    declared = file.content_type or ""
    content_type = declared if _MEDIA_TYPE.fullmatch(declared) else UNKNOWN_TYPE
    return FilePublic(
        key=key,
        filename=filename,
        content_type=content_type,
        size=len(file.data),
        url=storage.sign_download(key, filename),
    )
