"""Quotas: the most that a user may have, and what they use of it."""

from dataclasses import dataclass
from typing import Self

from shared.bases import Model
from shared.errors import QuotaExceeded, TooManyPending


class Usage(Model):
    """The things that a user has."""

    images: int = 0
    files: int = 0
    bytes: int = 0
    """Of the originals of images, and of files."""
    items: int = 0
    pending_uploads: int = 0
    """Direct uploads that have begun and not ended."""
    pending_bytes: int = 0
    """The bytes that they have announced."""

    def __add__(self, other: Self) -> "Usage":
        return Usage(**{name: value + getattr(other, name) for name, value in self.amounts.items()})

    def __neg__(self) -> "Usage":
        return Usage(**{name: -value for name, value in self.amounts.items()})

    @property
    def amounts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in Usage.model_fields}

    @property
    def is_zero(self) -> bool:
        return not any(self.amounts.values())


PENDING_FIELDS = frozenset({"pending_uploads", "pending_bytes"})
"""The fields of `Usage` that end by themselves. No record counts for them."""


@dataclass(frozen=True)
class Quota:
    """The most that a user may have. None stands for no bound."""

    max_images: int | None = None
    max_bytes: int | None = None
    max_files: int | None = None
    max_items: int | None = None
    max_pending_uploads: int | None = None
    max_pending_bytes: int | None = None

    def require_room(self, used: Usage, added: Usage) -> None:
        """Raises QuotaExceeded, or TooManyPending."""
        limits = self.get_limits_before(added)
        exceeded = {name for name, limit in limits.items() if getattr(used, name) > limit}
        if exceeded - PENDING_FIELDS:
            raise QuotaExceeded(
                f"A user may have {self._describe(limits.keys() - PENDING_FIELDS)}. Delete some to make room."
            )
        if exceeded:
            raise TooManyPending(
                f"A user may have {self._describe(limits.keys() & PENDING_FIELDS)}."
                " Finish or delete some, or wait until they end."
            )

    def get_limits_before(self, added: Usage) -> dict[str, int]:
        """The most that a user may have before `added` comes on top, by the field names of `Usage`.

        What is not added to has no limit: a user who has too much of one thing may add another.
        """
        limits: dict[str, int] = {}
        for name, amount in added.amounts.items():
            limit: int | None = getattr(self, f"max_{name}")
            if limit is not None and amount > 0:
                limits[name] = limit - amount
        return limits

    def _describe(self, names: set[str]) -> str:
        bounds = [
            f"{getattr(self, f'max_{name}')} {name.replace('_', ' ')}"
            for name in Usage.model_fields
            if name in names
        ]
        return " and ".join(bounds)
