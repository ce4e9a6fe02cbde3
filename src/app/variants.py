"""Variants of an image: each is read from the bucket, or made of a rendition and kept there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.responses.contents import make_absence
from app.responses.formats import choose_accept_format
from shared.errors import DomainError, NotFound, UnacceptableImage, Unavailable
from shared.headers import webp
from shared.keys import make_rendition_key, make_variant_key
from shared.metrics import Metric, Metrics
from shared.renditions import RenditionName
from shared.variants import choose_source, find_rendition

if TYPE_CHECKING:
    from collections.abc import Callable

    from imaging.decoder import Decoder
    from shared.aws import Deadline
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage
    from shared.variants import Variant, VariantRequest

VARIANT_SECONDS = 15
VARIANT_CPU_SECONDS = 20  # 2000 x 2000 pixels of noise take 6, on a busy processor 12
VARIANT_MEMORY_BYTES = 500 * 2**20  # they take 300; the function has more than three times as much

type MakeVariant = Callable[[bytes, Variant], bytes]
"""Makes a variant of the bytes of a rendition. Raises UnacceptableImage, or an error that may pass."""


class VariantDecoder:
    """Makes variants in the decoder's process, which starts when the first one is made."""

    def __init__(self, deadline: Deadline, metrics: Metrics) -> None:
        self._deadline = deadline
        self._metrics = metrics
        self._decoder: Decoder | None = None

    def make(self, data: bytes, variant: Variant) -> bytes:
        """Raises as `Decoder.make_variant` does."""
        seconds = min(VARIANT_SECONDS, self._deadline.get_seconds())
        return self._get_decoder().make_variant(data, variant, seconds)

    def _get_decoder(self) -> Decoder:
        if self._decoder is None:
            from imaging.decoder import Decoder  # noqa: PLC0415 - only for a variant that is made

            self._decoder = Decoder(
                cpu_seconds=VARIANT_CPU_SECONDS, memory_bytes=VARIANT_MEMORY_BYTES, metrics=self._metrics
            )
        return self._decoder


@dataclass(frozen=True)
class VariantMaker:
    """Serves the variants of images that the caller may see."""

    images: ImageRepository
    storage: ImageStorage
    make: MakeVariant
    metrics: Metrics = field(default_factory=Metrics)

    def choose(self, image: Image, request: VariantRequest, accept: str | None) -> Variant:
        """Return what a request comes to for a client that accepts these formats. Raises NotFound.

        Only for a client that knows neither AVIF nor WebP, a rendition is read.
        """
        if not image.renditions:
            raise make_absence(image, "renditions")
        chosen = request.fixed_format or choose_accept_format(accept, lambda: self._has_alpha(image))
        return request.resolve(image.stills, chosen)

    def get(self, image: Image, variant: Variant, *, is_kept: bool) -> bytes:
        """Return the bytes of a variant.

        One that is kept is stored for the next request. Keep those of the closed set alone.
        Raises NotFound if the image is gone, and Unavailable if it has other bytes since it was read.
        """
        if name := find_rendition(image.stills, variant):
            return self.read(image, name)
        self.metrics.add(Metric.VARIANTS_SERVED)
        if not is_kept:
            return self._make(image, variant)
        key = make_variant_key(image.id, variant, image.revision)
        with suppress(NotFound):
            return self.storage.get(key)
        data = self._make(image, variant)
        self._keep(image, key, data, variant.format.content_type)
        return data

    def _make(self, image: Image, variant: Variant) -> bytes:
        source = self.read(image, choose_source(image.stills, variant))
        try:
            made = self.make(source, variant)
        except UnacceptableImage as error:
            raise Unavailable("The image could not be made in this size and format.") from error
        self.metrics.add(Metric.VARIANTS_MADE)
        return made

    def _keep(self, image: Image, key: str, data: bytes, content_type: str) -> None:
        """Store a variant, unless the image has ended meanwhile: its bytes may have been deleted before."""
        try:
            with suppress(Unavailable):  # the bytes are right in any case
                self.storage.add(key, data, content_type)
            self._require_current(image)
        except DomainError:
            self.storage.delete(key)
            raise

    def _has_alpha(self, image: Image) -> bool:
        return webp.has_alpha(self.read(image, RenditionName.THUMBNAIL))

    def read(self, image: Image, name: RenditionName) -> bytes:
        """Return the bytes of a rendition. Raises NotFound and Unavailable as `get` does."""
        try:
            return self.storage.get(make_rendition_key(image.id, name, image.revision))
        except NotFound:
            self._require_current(image)
            raise

    def _require_current(self, image: Image) -> None:
        if self.images.get(image.id).revision != image.revision:
            raise Unavailable
