"""The upload use cases: an image with its metadata, and any file as it is."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pybase64
from aws_lambda_powertools.event_handler import Request
from pydantic_core import from_json

from app.auth import Caller
from app.fields import MAX_INLINE_BYTES
from app.filenames import make_default_filename
from app.requests import get_media_type, parse_json, read_body, validate
from app.schemas import FileCreate, FilePublic, ImageCreate, ImageMetadata
from shared.errors import FieldError, InvalidFields, MalformedRequest, TooLarge, UnsupportedMediaType
from shared.images import ImageRepository
from shared.inspection import inspect
from shared.models import Image
from shared.storage import ImageStorage, make_file_key, make_original_key

MULTIPART = "multipart/form-data"
UNKNOWN_TYPE = "application/octet-stream"
DEFAULT_FILENAME = "upload"

_DATA_URI = re.compile(r"data:[^,]{0,200};base64,")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}", re.ASCII)
_UNSAFE_IN_KEY = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True)
class UploadedFile:
    """Bytes, and what the client calls them. `field` names them in errors."""

    data: bytes
    filename: str | None
    content_type: str | None
    field: str

    def check_size(self) -> None:
        """Raises InvalidFields for nothing, TooLarge for too much."""
        if not self.data:
            raise InvalidFields([FieldError(self.field, "is empty")])
        if len(self.data) > MAX_INLINE_BYTES:
            raise TooLarge(
                f"The file has {len(self.data)} bytes; an inline upload takes at most {MAX_INLINE_BYTES}.",
                [FieldError(self.field, f"has more than {MAX_INLINE_BYTES} bytes")],
            )


@dataclass(frozen=True)
class ImageUpload:
    """An upload, from whichever format it came."""

    file: UploadedFile
    metadata: ImageMetadata


def read_image_upload(request: Request) -> ImageUpload:
    """Read either upload format. Raises MalformedRequest, InvalidFields or UnsupportedMediaType."""
    if _is_multipart(request):
        file, fields = _read_form(request)
        return ImageUpload(file, validate(ImageMetadata, fields))
    body = validate(ImageCreate, parse_json(read_body(request)))
    content = _decode_content(body.image.content, "image.content")
    file = UploadedFile(content, body.image.filename, body.image.content_type, "image.content")
    return ImageUpload(file, body.metadata)


def read_file_upload(request: Request) -> UploadedFile:
    """Read either format of the legacy upload."""
    if _is_multipart(request):
        file, fields = _read_form(request)
        if fields:
            raise InvalidFields([FieldError(name, "is not a known field") for name in fields])
        return file
    body = validate(FileCreate, parse_json(read_body(request)))
    return UploadedFile(_decode_content(body.content, "content"), body.filename, body.content_type, "content")


def upload_image(
    images: ImageRepository, storage: ImageStorage, caller: Caller, upload: ImageUpload
) -> Image:
    """Judge the bytes, store them, then record them: no row is ever without its object."""
    file, metadata = upload.file, upload.metadata
    owner_id = caller.act_as(metadata.user_id).user_id
    if owner_id is None:
        raise InvalidFields([FieldError("userId", "is required where no X-User-Id header names the user")])
    file.check_size()
    inspection = inspect(file.data)
    now = datetime.now(UTC)
    image = Image(
        id=str(uuid.uuid4()),
        user_id=owner_id,
        filename=file.filename or make_default_filename(inspection.content_type),
        content_type=inspection.content_type,
        size=len(file.data),
        width=inspection.width,
        height=inspection.height,
        sha256=hashlib.sha256(file.data).hexdigest(),
        description=metadata.description,
        visibility=metadata.visibility,
        tags=metadata.tags,
        animated=inspection.animated,
        created_at=now,
        updated_at=now,
        shard=images.choose_shard(),
    )
    storage.add(make_original_key(image.id), file.data, image.content_type)
    images.add(image)
    return image


def upload_file(storage: ImageStorage, file: UploadedFile) -> FilePublic:
    """Store any file, as a download: whatever it is, no browser shows it as a page of ours."""
    file.check_size()
    filename = file.filename or DEFAULT_FILENAME
    key = make_file_key(str(uuid.uuid4()), _UNSAFE_IN_KEY.sub("_", filename))
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


def _is_multipart(request: Request) -> bool:
    media_type = get_media_type(request)
    if media_type not in {MULTIPART, "application/json"}:
        raise UnsupportedMediaType(f"Send the upload as {MULTIPART} or application/json.")
    return media_type == MULTIPART


def _read_form(request: Request) -> tuple[UploadedFile, dict[str, Any]]:
    from app.multipart import parse_form  # noqa: PLC0415 - regexes and dataclasses for forms only

    form = parse_form(read_body(request), request.headers["Content-Type"])
    part = form.file
    file = UploadedFile(part.data, part.filename or None, part.content_type, "file")
    return file, _read_fields(form.fields)


def _read_fields(fields: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """What a form cannot say otherwise: a field left empty is not given, and tags are a list."""
    data: dict[str, Any] = {}
    for name, values in fields.items():
        given = [value for value in values if value.strip()]
        if name == "tags":
            data[name] = [tag for value in given for tag in _read_tags(value)]
        elif len(given) > 1:
            raise InvalidFields([FieldError(name, "is given more than once")])
        elif given:
            data[name] = given[0]
    return data


def _read_tags(value: str) -> list[Any]:
    if not value.lstrip().startswith("["):
        return [tag for tag in value.split(",") if tag.strip()]
    try:
        tags = from_json(value)
    except ValueError:
        tags = None
    if not isinstance(tags, list):
        raise InvalidFields([FieldError("tags", "is not a JSON array")])
    return tags


def _decode_content(content: str, field: str) -> bytes:
    encoded = content
    if content.startswith("data:"):
        match = _DATA_URI.match(content)
        if not match:
            raise MalformedRequest("The content is not base64.", [FieldError(field, "is no base64 data URI")])
        encoded = content[match.end() :]
    try:
        return pybase64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise MalformedRequest("The content is not base64.", [FieldError(field, "is not base64")]) from error
