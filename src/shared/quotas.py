"""Quotas: the most that a user may have, and what they use of it."""

from dataclasses import dataclass
from typing import Self

from shared.errors import QuotaExceeded
from shared.models import Model


class Usage(Model):
    """The number of a user's images, and the bytes of their originals."""

    images: int = 0
    bytes: int = 0

    def __add__(self, other: Self) -> "Usage":
        return Usage(images=self.images + other.images, bytes=self.bytes + other.bytes)

    def __neg__(self) -> "Usage":
        return Usage(images=-self.images, bytes=-self.bytes)

    @property
    def is_zero(self) -> bool:
        return self == Usage()


@dataclass(frozen=True)
class Quota:
    """The most that a user may have. None stands for no bound."""

    max_images: int | None = None
    max_bytes: int | None = None

    def require_room(self, used: Usage, added: Usage) -> None:
        """Raises QuotaExceeded."""
        limits = self.get_limits_before(added)
        if any(getattr(used, name) > limit for name, limit in limits.items()):
            raise self.make_error()

    def get_limits_before(self, added: Usage) -> dict[str, int]:
        """The most that a user may have before `added` comes on top, by the field names of `Usage`."""
        limits = {}
        if self.max_images is not None:
            limits["images"] = self.max_images - added.images
        if self.max_bytes is not None:
            limits["bytes"] = self.max_bytes - added.bytes
        return limits

    def make_error(self) -> QuotaExceeded:
        bounds = []
        if self.max_images is not None:
            bounds.append(f"{self.max_images} images")
        if self.max_bytes is not None:
            bounds.append(f"{self.max_bytes} bytes")
        return QuotaExceeded(f"A user may have {' and '.join(bounds)}. Delete images to make room.")
