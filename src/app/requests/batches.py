"""Batches: an action, and the images that it is for."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from app.requests.fields import Input
from app.requests.inputs import ImageUpdate
from shared.limits import MAX_BATCH_IDS

MAX_ID_CHARS = 36  # of a UUID


class BatchAction(StrEnum):
    """An action that every image of a batch gets."""

    DELETE = "delete"
    TRASH = "trash"
    RESTORE = "restore"
    UPDATE = "update"
    REPROCESS = "reprocess"


def _require_number(ids: object) -> object:
    """Refuse a long list at once: pydantic would first look at each element."""
    if isinstance(ids, list) and not 1 <= len(ids) <= MAX_BATCH_IDS:
        raise ValueError(f"must have 1 to {MAX_BATCH_IDS} elements")
    return ids


def _require_distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len({*ids}) < len(ids):
        raise ValueError("names an image twice")
    return ids


ImageId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS)]
ImageIds = Annotated[
    tuple[ImageId, ...],
    BeforeValidator(
        _require_number,
        json_schema_input_type=Annotated[
            list[ImageId],
            Field(min_length=1, max_length=MAX_BATCH_IDS, json_schema_extra={"uniqueItems": True}),
        ],
    ),
    AfterValidator(_require_distinct),
]


class BatchCreate(Input):
    """One action on many images."""

    example: ClassVar[dict[str, Any]] = {
        "action": "update",
        "ids": ["9b2fb7a8-6c1f-4b7e-9c39-3f0a4a3c7d11"],
        "update": {"addTags": ["beach"]},
    }

    action: BatchAction
    ids: ImageIds
    update: ImageUpdate | None = Field(
        default=None, validate_default=True, description="The change, for the action `update` alone."
    )

    @field_validator("update")
    @classmethod
    def require_change(cls, update: ImageUpdate | None, info: ValidationInfo) -> ImageUpdate | None:
        action = info.data.get("action")
        if action is BatchAction.UPDATE and update is None:
            raise ValueError("is required for the action update")
        if action not in {BatchAction.UPDATE, None} and update is not None:
            raise ValueError("is for the action update alone")
        return update

    @property
    def change(self) -> ImageUpdate:
        assert self.update is not None  # noqa: S101 - for the type checker
        return self.update

    @property
    def tokens(self) -> int:
        """The tokens of the user's rate that it takes: as many as its images would take one by one."""
        return 0 if self.action is BatchAction.DELETE else len(self.ids)
