"""Outputs: the models of what the API returns."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue

from shared.bases import Model, Timestamp
from shared.erasures import Deleted
from shared.lifecycle import Status
from shared.models import Exif, Placeholder, Rendition, Visibility
from shared.quotas import Usage
from shared.renditions import (
    RENDITION_TYPE,
    RenditionName,
)

RecordVersion = Annotated[int, Field(json_schema_extra={"format": "int64"})]
"""After a restore it is larger than 32 bits."""


class RenditionPublic(Rendition):
    """A rendition, and its URL."""

    content_type: str = RENDITION_TYPE
    url: str


class ReplacementPublic(Model):
    """Other bytes for an image, on their way to become it."""

    status: Literal[Status.PENDING, Status.PROCESSING, Status.REJECTED, Status.FAILED]
    status_reason: str | None
    filename: str | None = Field(description="The new file name. Null if the image keeps its own.")
    content_type: str
    size: int
    sha256: str | None
    created_at: Timestamp


class ImagePublic(Model):
    """An image as a caller may see it."""

    id: str
    user_id: str
    filename: str
    content_type: str
    size: int | None = Field(description="Of the original, for its owner alone.")
    width: int | None
    height: int | None
    sha256: str | None = Field(description="Of the original, for its owner alone.")
    description: str | None
    visibility: Visibility
    tags: tuple[str, ...]
    status: Status
    status_reason: str | None
    revision: int = Field(description="Counts the revisions of the bytes and the renditions.")
    replacement: ReplacementPublic | None = Field(
        description="Other bytes on their way, or why they were rejected. For the owner alone."
    )
    renditions: dict[RenditionName, RenditionPublic]
    placeholder: Placeholder | None
    exif: Exif | None = Field(description="Facts that the camera recorded, for the owner alone.")
    animated: bool
    url: str | None = Field(description="URL of the original, for its owner alone. Null until it is stored.")
    trashed_at: Timestamp | None = Field(description="When it came into the trash. Null outside of it.")
    created_at: Timestamp
    updated_at: Timestamp
    version: RecordVersion


class UploadTarget(Model):
    """The form that takes the bytes of a direct upload. Its `file` comes after all fields."""

    url: str
    fields: Mapping[str, str]


class DirectUpload(Model):
    """A direct upload that has begun."""

    id: str
    upload: UploadTarget
    expires_at: Timestamp


class Link(Model):
    """A URL that shows a rendition to anyone who has it."""

    url: str
    expires_at: Timestamp


class ImageList(Model):
    """A page of images."""

    images: list[ImagePublic]
    next_cursor: str | None = Field(description="Leads to the next page. Null only on the last page.")


class ItemPublic(Model):
    """An item."""

    id: str
    user_id: str | None
    name: str
    description: str | None
    attributes: dict[str, JsonValue]
    created_at: Timestamp
    updated_at: Timestamp
    version: RecordVersion


class ItemList(Model):
    """A page of items."""

    items: list[ItemPublic]
    next_cursor: str | None


class FilePublic(Model):
    """A file of the legacy upload."""

    id: str
    key: str
    filename: str
    content_type: str = Field(description="What the client said. The file is served as a download.")
    size: int
    url: str = Field(description="Downloads the file, for half an hour.")
    created_at: Timestamp


class FileList(Model):
    """A page of files."""

    files: list[FilePublic]
    next_cursor: str | None


class TagPublic(Model):
    """A tag, and how many images of its user have it."""

    name: str = Field(description="As it was written last.")
    count: int


class TagList(Model):
    """A page of tags, by their names."""

    tags: list[TagPublic]
    next_cursor: str | None


class FileUploaded(Model):
    """The response of the legacy upload."""

    message: str
    file: FilePublic


class Health(Model):
    """Liveness and version of the service."""

    status: Literal["ok"] = "ok"
    version: str


class ServiceDescription(Model):
    """The service, and where everything begins."""

    name: str
    version: str
    links: dict[str, str]

    @classmethod
    def of(cls, name: str, version: str, base_url: str, *, has_docs: bool) -> Self:
        paths = ["images", "tags", "items", "files", "me", "limits", "health", "openapi.json"]
        paths += ["docs"] if has_docs else []
        links = {path.partition(".")[0]: f"{base_url}/{path}" for path in paths}
        return cls(name=name, version=version, links=links)


class ErasurePublic(Model):
    """The erasure of everything that a user has."""

    started_at: Timestamp
    finished_at: Timestamp | None = Field(description="Null while something may be left.")
    deleted: Deleted


class Me(Model):
    """The caller, as the service knows it."""

    user_id: str
    is_admin: bool
    used: Usage
    erasure: ErasurePublic | None = Field(description="Null for a user who has asked for none.")


class ProblemField(Model):
    """One wrong field."""

    field: str
    message: str


def _is_none(value: object) -> bool:
    return value is None


class Problem(Model):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[ProblemField, ...] = ()
    challenge: str | None = Field(
        default=None,
        exclude_if=_is_none,
        description="Of a 401: the value of WWW-Authenticate, which API Gateway sends under another name.",
    )
    image_id: str | None = Field(
        default=None,
        exclude_if=_is_none,
        description="Of a 409 `duplicate`: your image with the same bytes.",
    )


class BatchResult(Model):
    """The end of the action for one image, as the route of that image would tell it."""

    id: str
    status: int
    error: Problem | None = None
    retry_after: int | None = Field(
        default=None, description="Seconds after which to send this id again. Null if that does not help."
    )


class BatchResults(Model):
    """The results of a batch, in the order of its ids."""

    results: list[BatchResult]

    @property
    def outcome(self) -> str | None:
        """The results as they are kept for a repeat. None: a part has to be sent again, so it runs again."""
        is_over = all(result.retry_after is None for result in self.results)
        return self.model_dump_json() if is_over else None
