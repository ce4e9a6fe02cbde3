"""Delivery: gives the bytes of an image to those who look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from app.responses.conditions import find_known
from app.responses.contents import (
    Content,
    make_absence,
    make_file_disposition,
    make_headers,
    make_terms,
    show_rendition,
    show_variant,
)
from shared.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.requests.contents import ContentQuery, VariantQuery
    from app.variants import VariantMaker
    from shared.models import Image
    from shared.renditions import RenditionName
    from shared.storage import ImageStorage
    from shared.variants import VariantMode


@dataclass(frozen=True)
class Delivery:
    """Makes the responses of one request for bytes. Whether the caller may see them is decided before."""

    variants: VariantMaker
    storage: ImageStorage
    request_headers: Mapping[str, str]
    cdn_seconds: int
    mode: VariantMode

    def deliver(
        self, image: Image, name: RenditionName, query: ContentQuery, *, link_seconds: int | None = None
    ) -> Response[bytes]:
        """Respond with a rendition. `link_seconds` is as in `make_terms`.

        Raises NotFound for a rendition that the image does not have, and NotReady if it soon will.
        """
        if name not in image.renditions:
            raise make_absence(image, "such rendition")
        read = partial(self.variants.read, image, name)
        return self._respond(image, show_rendition(image, name), read, query, link_seconds)

    def deliver_variant(
        self, image: Image, query: VariantQuery, *, link_seconds: int | None = None
    ) -> Response[bytes]:
        """Respond with a variant. A link may ask for any, everyone else for those of the closed set.

        Raises NotFound, and InvalidFields, which names what is allowed.
        """
        wanted, is_signed = query.variant, link_seconds is not None
        wanted.require_allowed(self.mode, is_signed=is_signed)
        variant = self.variants.choose(image, wanted, self.request_headers.get("Accept"))
        is_kept = wanted.is_listed and not is_signed
        read = partial(self.variants.get, image, variant, is_kept=is_kept)
        response = self._respond(image, show_variant(image, variant), read, query, link_seconds)
        if wanted.fixed_format is None:
            response.headers["Vary"] = "Accept"
        return response

    def redirect_to_original(self, image: Image, query: ContentQuery) -> Response[bytes]:
        """Originals may be larger than a function can send. Raises NotFound."""
        if not image.serves_original:
            raise NotFound(f"This image has no original, because it is {image.status}.")
        url = self.storage.sign_original(image, is_download=query.is_download)
        return Response(HTTPStatus.FOUND, headers={"Location": url, "Cache-Control": "private, no-store"})

    def _respond(
        self,
        image: Image,
        content: Content,
        read: Callable[[], bytes],
        query: ContentQuery,
        link_seconds: int | None,
    ) -> Response[bytes]:
        """Respond with bytes, which are read only for a client that does not have them."""
        terms = make_terms(
            image,
            is_current=query.v == str(image.revision),
            link_seconds=link_seconds,
            cdn_seconds=self.cdn_seconds,
        )
        headers = make_headers(content, terms)
        if find_known(self.request_headers, content.etag):
            return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
        disposition = make_file_disposition(image, content, is_download=query.is_download)
        headers["Content-Disposition"] = disposition
        return Response(HTTPStatus.OK, content.content_type, read(), headers)
