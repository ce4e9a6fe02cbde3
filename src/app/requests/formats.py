"""Upload formats: a form, JSON with base64, or the image alone. Each becomes a file and its metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools.event_handler import Request
from jiter import from_json
from pydantic.alias_generators import to_camel

from app.requests.body import (
    MULTIPART,
    decode_base64,
    get_media_type,
    get_query,
    parse_json,
    read_body,
    read_json,
    refuse_query,
    validate,
)
from app.requests.headers import DISPOSITION_HEADER, read_filename
from app.requests.inputs import (
    DirectContentCreate,
    DirectUploadCreate,
    FileCreate,
    ImageCreate,
    ImageMetadata,
    ImageQueryMetadata,
)
from app.requests.names import strip_list_suffix
from shared.errors import FieldError, InvalidFields, MalformedRequest, TooLarge, UnsupportedMediaType
from shared.limits import MAX_DIRECT_BYTES, MAX_INLINE_BYTES, MAX_JSON_IMAGE_BYTES

JSON = "application/json"
TAGS_FIELD = "tags"
UNTYPED = {"", "application/octet-stream", "binary/octet-stream"}
"""The types of clients that do not know what they send."""


@dataclass(frozen=True)
class UploadedFile:
    """Bytes, and the name and type that the client gave them. `field` is their name in errors."""

    data: bytes
    filename: str | None
    content_type: str | None
    field: str
    max_bytes: int = MAX_INLINE_BYTES
    direct_path: str = "/images/uploads"

    def require_size(self) -> None:
        """Raises InvalidFields for an empty file, TooLarge for one above the limit."""
        if not self.data:
            raise InvalidFields([FieldError(self.field, "is empty")])
        if len(self.data) > self.max_bytes:
            raise TooLarge(
                f"The file has {len(self.data)} bytes. This format takes at most {self.max_bytes}."
                f" For an image of up to {MAX_DIRECT_BYTES} bytes use POST {self.direct_path}.",
                [FieldError(self.field, f"has more than {self.max_bytes} bytes")],
            )


@dataclass(frozen=True)
class ImageUpload:
    """An upload, whatever format it came in."""

    file: UploadedFile
    metadata: ImageMetadata


def read_image_upload(request: Request) -> ImageUpload:
    """Read any upload format. Raises MalformedRequest, InvalidFields or UnsupportedMediaType."""
    media_type = get_media_type(request)
    if media_type == MULTIPART:
        refuse_query(request)
        file, fields = _read_form(request)
        return ImageUpload(file, validate(ImageMetadata, fields))
    if media_type.startswith("image/") or media_type in UNTYPED:
        metadata = validate(ImageQueryMetadata, _read_fields(get_query(request)))
        filename = metadata.filename or read_filename(request.headers.get(DISPOSITION_HEADER, ""))
        return ImageUpload(UploadedFile(read_body(request), filename, media_type, "body"), metadata)
    if media_type != JSON:
        raise UnsupportedMediaType(
            f"Send the image as {MULTIPART}, as {JSON}, or as the whole body with its own type (image/png)."
        )
    refuse_query(request)
    body = validate(ImageCreate, parse_json(read_body(request)))
    image = body.image
    return ImageUpload(
        _decode_file(image.content, image.filename, image.content_type, "image.content"), body.metadata
    )


def read_content(request: Request) -> UploadedFile:
    """Read other bytes for an image, in any upload format. Raises InvalidFields for metadata too."""
    upload = read_image_upload(request)
    media_type = get_media_type(request)
    is_query = media_type not in {JSON, MULTIPART}  # in a query, any write may name its user
    _refuse_metadata(
        upload.metadata,
        {"filename", "user_id"} if is_query else set(),
        "metadata." if media_type == JSON else "",
    )
    return replace(upload.file, direct_path="/images/{id}/content/uploads")


def read_announced_content(request: Request) -> DirectContentCreate:
    """The same for bytes that go to S3."""
    announced = read_json(DirectUploadCreate)(request)
    _refuse_metadata(announced.metadata, set(), "metadata.")
    return announced


def _refuse_metadata(metadata: ImageMetadata, allowed: set[str], prefix: str) -> None:
    """Raises InvalidFields. Of all that an upload may name, only the file name goes with other bytes."""
    names = [to_camel(name) for name in sorted(metadata.model_fields_set - allowed)]
    if names:
        message = "does not go with other bytes; PATCH /images/{id} changes metadata"
        raise InvalidFields([FieldError(prefix + name, message) for name in names])


def read_file_upload(request: Request) -> UploadedFile:
    """Read either format of the legacy upload."""
    media_type = get_media_type(request)
    if media_type not in {MULTIPART, JSON}:
        raise UnsupportedMediaType(f"Send the upload as {MULTIPART} or {JSON}.")
    if media_type == MULTIPART:
        file, fields = _read_form(request)
        if fields:
            raise InvalidFields([FieldError(name, "is not a known field") for name in fields])
        return file
    body = validate(FileCreate, parse_json(read_body(request)))
    return _decode_file(body.content, body.filename, body.content_type, "content")


def _read_form(request: Request) -> tuple[UploadedFile, dict[str, Any]]:
    from app.requests.multipart import parse_form  # noqa: PLC0415 - only a form needs it

    form = parse_form(read_body(request), request.headers["Content-Type"])
    part = form.file
    file = UploadedFile(part.data, part.filename or None, part.content_type, part.name)
    return file, _read_fields(form.own_fields)


def _read_fields(fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Read texts as a form means them: an empty field counts as missing, and tags are a list."""
    data: dict[str, Any] = {}
    for name, values in fields.items():
        given = [value for value in values if value.strip()]
        if strip_list_suffix(name) == TAGS_FIELD:
            data.setdefault(TAGS_FIELD, []).extend(tag for value in given for tag in _read_tags(value))
        elif len(given) > 1:
            raise InvalidFields([FieldError(name, "appears more than once")])
        elif given:
            data[name] = given[0]
    return data


def _read_tags(value: str) -> list[Any]:
    if not value.lstrip().startswith("["):
        return [tag for tag in (part.strip() for part in value.split(",")) if tag]
    try:
        tags = from_json(value.encode())
    except ValueError:
        tags = None
    if not isinstance(tags, list):
        raise InvalidFields([FieldError(TAGS_FIELD, "is not a JSON array")])
    return tags


def _decode_file(content: str, filename: str | None, content_type: str | None, field: str) -> UploadedFile:
    try:
        data = decode_base64(content)
    except ValueError as error:
        raise MalformedRequest("The content is not base64.", [FieldError(field, "is not base64")]) from error
    return UploadedFile(data, filename, content_type, field, MAX_JSON_IMAGE_BYTES)
