"""How much a user may have, and how much it has."""

from dataclasses import dataclass

from shared.errors import QuotaExceeded
from shared.models import Model


class Usage(Model):
    """What a user has: the number of its images, and the bytes of their originals."""

    images: int = 0
    bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(images=self.images + other.images, bytes=self.bytes + other.bytes)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(images=self.images - other.images, bytes=self.bytes - other.bytes)

    @property
    def is_nothing(self) -> bool:
        return not (self.images or self.bytes)


@dataclass(frozen=True)
class Quota:
    """How much a user may have; None where there is no bound."""

    max_images: int | None = None
    max_bytes: int | None = None

    def check(self, used: Usage, more: Usage) -> None:
        """Raises QuotaExceeded."""
        if self.max_images is not None and used.images + more.images > self.max_images:
            raise self.explain()
        if self.max_bytes is not None and used.bytes + more.bytes > self.max_bytes:
            raise self.explain()

    def explain(self) -> QuotaExceeded:
        bounds = []
        if self.max_images is not None:
            bounds.append(f"{self.max_images} images")
        if self.max_bytes is not None:
            bounds.append(f"{self.max_bytes} bytes")
        return QuotaExceeded(f"A user may have {' and '.join(bounds)}; delete some to make room.")

    def find_limits(self, more: Usage) -> dict[str, int]:
        """What a user may have at most before it gets `more`, by the names of `Usage`."""
        limits = {}
        if self.max_images is not None:
            limits["images"] = self.max_images - more.images
        if self.max_bytes is not None:
            limits["bytes"] = self.max_bytes - more.bytes
        return limits
