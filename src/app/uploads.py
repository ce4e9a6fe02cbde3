"""Uploads: an image with its metadata, here or straight to S3."""

import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from app.access.callers import Caller
from app.duplicates import find_duplicate
from app.requests.formats import ImageUpload
from app.requests.inputs import (
    DirectContentCreate,
    DirectUploadCreate,
    ImageDetails,
    ImageMetadata,
    OnDuplicate,
)
from app.responses.outputs import DirectUpload, UploadTarget
from shared import lifecycle
from shared.counters import Form
from shared.details import make_default_filename
from shared.errors import (
    Conflict,
    FieldError,
    InvalidFields,
    NotFound,
    StillProcessing,
    TooLarge,
    Unavailable,
    UnsupportedImage,
)
from shared.images import ImageRepository, get_image_usage
from shared.inspection import CONTENT_TYPES, inspect
from shared.keys import Revision, make_original_key, make_upload_key
from shared.lifecycle import Event, ImpossibleChange, Status
from shared.limits import MAX_DIRECT_BYTES
from shared.models import Image, Replacement
from shared.replacements import AWAITED_REASON, REJECTED_REASON, get_open, get_source, retry
from shared.reservations import add_reserved
from shared.storage import ImageStorage
from shared.usages import UsageRepository

UPLOAD_GRACE_SECONDS = 300
"""How long after the end of its form an upload may still be on its way."""
LOST_REASON = "Its original is lost. Upload the image again."
NOT_BEGUN_REASON = "Processing could not begin. Ask for it again."


@dataclass(frozen=True)
class Uploaded:
    """The image of an upload: a new one, or one with the same bytes that was there."""

    image: Image
    is_new: bool = True


def upload_image(  # noqa: PLR0913 - the stores that it writes to
    images: ImageRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    caller: Caller,
    upload: ImageUpload,
    *,
    claim: str | None = None,
) -> Uploaded:
    """Inspect the bytes, reserve room, store the bytes, then write the record.

    So no row is ever without its object. If a step fails, the steps before it are undone. `claim` is as in
    `RecordRepository.add`. Raises Duplicate as `find_duplicate` does.
    """
    file = upload.file
    owner_id = _require_owner(caller, upload.metadata)
    file.require_size()
    inspection = inspect(file.data)
    sha256 = hashlib.sha256(file.data).hexdigest()
    if same := find_duplicate(images, owner_id, sha256, upload.metadata.on_duplicate, claim=claim):
        return Uploaded(same, is_new=False)
    image = Image.begin(
        lifecycle.start_processing(datetime.now(UTC)),
        user_id=owner_id,
        filename=file.filename or make_default_filename(inspection.content_type),
        size=len(file.data),
        sha256=sha256,
        shard=images.choose_shard(),
        **asdict(inspection),
        **_get_details(upload.metadata),
    )
    counted = get_image_usage(image)
    key = make_original_key(image.id)
    stored = add_reserved(
        images,
        image,
        reserve=lambda: usages.reserve(image.id, owner_id, counted),
        release=lambda: usages.release(image.id, owner_id, counted),
        write=lambda: storage.add(key, file.data, image.content_type),
        erase=lambda: storage.delete(key),
        claim=claim,
    )
    return Uploaded(stored)


def begin_upload(  # noqa: PLR0913 - the stores that it needs
    images: ImageRepository,
    usages: UsageRepository,
    storage: ImageStorage,
    caller: Caller,
    announced: DirectUploadCreate,
    *,
    claim: str | None = None,
) -> DirectUpload | Image:
    """Write the record of an image whose bytes come later, and make the form that takes them.

    Or return the image that is used in its place, as `find_duplicate` does. `claim` is as in
    `RecordRepository.add`.
    """
    owner_id = _require_owner(caller, announced.metadata)
    form = plan_form(announced)
    wish = announced.metadata.on_duplicate
    if announced.sha256 is None and wish is not OnDuplicate.ALLOW:
        raise InvalidFields([FieldError("sha256", "is required with onDuplicate")])
    if announced.sha256 and (same := find_duplicate(images, owner_id, announced.sha256, wish, claim=claim)):
        return same
    pending = Image.begin(
        lifecycle.await_upload(form.ends_at),
        user_id=owner_id,
        filename=announced.filename or make_default_filename(announced.content_type),
        content_type=announced.content_type,
        size=announced.size,
        sha256=announced.sha256,
        shard=images.choose_shard(),
        **_get_details(announced.metadata),
    )
    image = add_reserved(
        images,
        pending,
        reserve=lambda: usages.begin_upload(pending.id, owner_id, form),
        release=lambda: usages.end_upload(pending.id, owner_id, form.bytes),
        claim=claim,
    )
    return make_form(storage, image.id, image)


def plan_form(announced: DirectContentCreate) -> Form:
    """Plan the form for announced bytes. Raises UnsupportedImage and TooLarge."""
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
    seconds = announced.expires_in + UPLOAD_GRACE_SECONDS
    return Form(bytes=announced.size, ends_at=int(datetime.now(UTC).timestamp()) + seconds)


def make_form(storage: ImageStorage, image_id: str, awaited: Image | Replacement | None) -> DirectUpload:
    """Make the form that takes the bytes of something pending. Raises Conflict if it is not pending."""
    if awaited is None or awaited.expires_at is None or awaited.status is not Status.PENDING:
        raise Conflict("The bytes of this upload have arrived already.")
    expires_at = datetime.fromtimestamp(awaited.expires_at - UPLOAD_GRACE_SECONDS, UTC)
    form = storage.sign_upload(
        Revision(image_id, awaited.revision),
        content_type=awaited.content_type,
        size=awaited.size,
        sha256=awaited.sha256,
        lifetime_seconds=max(1, math.ceil((expires_at - datetime.now(UTC)).total_seconds())),
    )
    return DirectUpload(
        id=image_id, upload=UploadTarget(url=form.url, fields=form.fields), expires_at=expires_at
    )


def reprocess_image(
    images: ImageRepository, storage: ImageStorage, image_id: str, guard: Callable[[Image], object]
) -> Image:
    """Have an image processed again, with `guard` as in `RecordRepository.update`.

    Raises StillProcessing while a run has time left, and Conflict if there is nothing to process.
    """
    try:
        image = images.update(image_id, _retry, guard)
    except StillProcessing:
        image = images.get(image_id)
        if not _lacks_bytes(image, storage):
            raise
    source = get_source(image)
    if lifecycle.awaits_upload(source.state):
        with suppress(NotFound):  # accepted already, and the event of the original is still to come
            storage.touch(make_upload_key(image.id, source.revision), source.content_type)
            return image
    try:
        storage.begin_revision(image)
    except NotFound as error:
        failed = images.apply(image_id, Event.FAIL, reason=LOST_REASON, revision=image.latest_revision)
        if failed is None:
            return images.get(image_id)  # another run has just finished a newer revision
        raise Conflict(LOST_REASON) from error
    except Unavailable:
        # No run comes, so nobody has to wait until its lease ends.
        images.apply(image_id, Event.FAIL, reason=NOT_BEGUN_REASON, revision=image.latest_revision)
        raise
    return image


def _lacks_bytes(image: Image, storage: ImageStorage) -> bool:
    """Tell if an earlier request has begun a revision, and was killed before it copied the original."""
    is_begun = image.latest_revision > image.revision and get_open(image) is None
    return is_begun and not storage.has(make_original_key(image.id, image.latest_revision))


def _retry(image: Image) -> Image:
    try:
        return retry(image)
    except ImpossibleChange as error:
        match get_source(image).status:
            case Status.PROCESSING:
                raise StillProcessing from error
            case Status.PENDING:
                raise Conflict(AWAITED_REASON) from error
            case _:
                raise Conflict(REJECTED_REASON) from error


def _get_details(metadata: ImageMetadata) -> dict[str, Any]:
    """Return every field of the metadata that the record keeps."""
    return {name: getattr(metadata, name) for name in ImageDetails.model_fields}


def _require_owner(caller: Caller, metadata: ImageMetadata) -> str:
    owner_id = caller.act_as(metadata.user_id).user_id
    if owner_id is None:
        raise InvalidFields([FieldError("userId", "is required if no X-User-Id header names the user")])
    if caller.user_id is None and metadata.on_duplicate is not OnDuplicate.ALLOW:
        # The response would show an image to somebody who may not read it.
        raise InvalidFields([FieldError("onDuplicate", "is not read without the header X-User-Id")])
    return owner_id
