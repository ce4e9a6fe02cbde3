"""Uploads: an image with its metadata, here or straight to S3, and a legacy file."""

import hashlib
import math
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.access.callers import Caller
from app.limits import MAX_DIRECT_BYTES
from app.requests.fields import make_default_filename
from app.requests.formats import ImageUpload, UploadedFile
from app.requests.inputs import DirectUploadCreate, ImageDetails, ImageMetadata
from app.responses.outputs import DirectUpload, FilePublic, UploadTarget
from shared import lifecycle
from shared.errors import (
    Conflict,
    FieldError,
    InvalidFields,
    NotFound,
    QuotaExceeded,
    TooLarge,
    UnsupportedImage,
)
from shared.images import ImageRepository, get_image_usage
from shared.inspection import CONTENT_TYPES, inspect
from shared.lifecycle import Event, ImpossibleChange, Status
from shared.models import Image
from shared.quotas import Usage
from shared.storage import ImageStorage, make_file_key, make_original_key, make_upload_key
from shared.usages import UsageRepository

UPLOAD_GRACE_SECONDS = 300
"""How long after the end of its form an upload may still be on its way."""
LOST_REASON = "Its original is lost. Upload the image again."
UNKNOWN_TYPE = "application/octet-stream"
DEFAULT_FILENAME = "upload"

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}", re.ASCII)
_UNSAFE_IN_KEY = re.compile(r"[^\w.-]+", re.ASCII)


def upload_image(  # noqa: PLR0913 - the stores that it writes to
    images: ImageRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    caller: Caller,
    upload: ImageUpload,
    *,
    claim: str | None = None,
) -> Image:
    """Inspect the bytes, reserve room, store the bytes, then write the record.

    So no row is ever without its object. If a step fails, the steps before it are undone. `claim` is as in
    `RecordRepository.add`.
    """
    file = upload.file
    owner_id = _require_owner(caller, upload.metadata)
    file.require_size()
    inspection = inspect(file.data)
    image = Image.begin(
        lifecycle.start_processing(datetime.now(UTC)),
        user_id=owner_id,
        filename=file.filename or make_default_filename(inspection.content_type),
        size=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        shard=images.choose_shard(),
        **asdict(inspection),
        **_get_details(upload.metadata),
    )
    try:
        usages.reserve(image.id, owner_id, get_image_usage(image))
    except QuotaExceeded:
        if claim is None or not images.has_claim(claim):
            raise
        return images.get_claimed(claim)  # its own image may have taken the last room
    try:
        storage.add(make_original_key(image.id), file.data, image.content_type)
        stored = images.add(image, claim=claim)
    except Exception:
        added = images.withdraw(image)
        if added is None:
            _undo(usages, storage, image)
            raise
        return added
    if stored.id != image.id:
        _undo(usages, storage, image)
    return stored


def _undo(usages: UsageRepository, storage: ImageStorage, image: Image) -> None:
    """Delete the bytes of an image that has no record, and give back its room."""
    try:
        storage.delete(make_original_key(image.id))
    finally:
        usages.release(image.id, image.user_id, get_image_usage(image))


def begin_upload(  # noqa: PLR0913 - the stores that it needs
    images: ImageRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    caller: Caller,
    announced: DirectUploadCreate,
    *,
    claim: str | None = None,
) -> DirectUpload:
    """Write the record of an image whose bytes come later, and make the form that takes them.

    `claim` is as in `RecordRepository.add`.
    """
    owner_id = _require_owner(caller, announced.metadata)
    if announced.content_type not in CONTENT_TYPES.values():
        raise UnsupportedImage(
            f"Send one of {', '.join(CONTENT_TYPES.values())}.",
            [FieldError("contentType", "is not an accepted type")],
        )
    if announced.size > MAX_DIRECT_BYTES:
        raise TooLarge(
            f"An image may have at most {MAX_DIRECT_BYTES} bytes.",
            [FieldError("size", f"is more than {MAX_DIRECT_BYTES} bytes")],
        )
    try:
        usages.require_room(owner_id, Usage(images=1, bytes=announced.size))
    except QuotaExceeded:
        if claim is None or not images.has_claim(claim):
            raise
    now = datetime.now(UTC)
    pending = Image.begin(
        lifecycle.await_upload(int(now.timestamp()) + announced.expires_in + UPLOAD_GRACE_SECONDS),
        user_id=owner_id,
        filename=announced.filename or make_default_filename(announced.content_type),
        content_type=announced.content_type,
        size=announced.size,
        sha256=announced.sha256,
        shard=images.choose_shard(),
        **_get_details(announced.metadata),
    )
    image = images.add(pending, claim=claim)
    if image.expires_at is None or image.status is not Status.PENDING:
        raise Conflict("The bytes of this upload have arrived already.")
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
    images: ImageRepository, storage: ImageStorage, image_id: str, guard: Callable[[Image], object]
) -> Image:
    """Have an image processed again, with `guard` as in `RecordRepository.update`. Raises Conflict."""
    image = images.update(image_id, _retry, guard)
    if lifecycle.awaits_upload(image.state):
        with suppress(NotFound):  # accepted already, and the event of the original is still to come
            storage.touch(make_upload_key(image.id, image.revision), image.content_type)
            return image
    try:
        storage.begin_revision(image)
    except NotFound as error:
        if images.apply(image_id, Event.FAIL, reason=LOST_REASON) is None:
            return images.get(image_id)  # another run has just finished a newer revision
        raise Conflict(LOST_REASON) from error
    return image


def _retry(image: Image) -> Image:
    try:
        return image.after(Event.RETRY)
    except ImpossibleChange as error:
        if image.status is Status.PENDING:
            raise Conflict("Its bytes have not been uploaded yet.") from error
        raise Conflict("Its bytes were rejected and are deleted. Upload the image again.") from error


def _get_details(metadata: ImageMetadata) -> dict[str, Any]:
    """Return every field of the metadata that the record keeps."""
    return {name: getattr(metadata, name) for name in ImageDetails.model_fields}


def _require_owner(caller: Caller, metadata: ImageMetadata) -> str:
    owner_id = caller.act_as(metadata.user_id).user_id
    if owner_id is None:
        raise InvalidFields([FieldError("userId", "is required if no X-User-Id header names the user")])
    return owner_id


def upload_file(storage: ImageStorage, file: UploadedFile, claim: str | None = None) -> FilePublic:
    """Store any file as a download. Whatever it holds, no browser shows it as a page of this service.

    All tries of the request that `claim` names store one file.
    """
    file.require_size()
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
