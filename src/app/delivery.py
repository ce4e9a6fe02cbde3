"""Delivery: gives the bytes of an image to those who look at it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from app.responses.conditions import find_known
from app.responses.contents import (
    Content,
    make_file_disposition,
    make_headers,
    make_rendition,
    make_terms,
)
from shared.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.requests.inputs import ContentQuery
    from shared.images import ImageRepository
    from shared.models import Image
    from shared.renditions import RenditionName
    from shared.storage import ImageStorage


@dataclass(frozen=True)
class Delivery:
    """Makes the responses of one request for bytes. Whether the caller may see them is decided before."""

    images: ImageRepository
    storage: ImageStorage
    request_headers: Mapping[str, str]
    cdn_seconds: int

    def deliver(
        self, image: Image, name: RenditionName, query: ContentQuery, *, link_seconds: int | None = None
    ) -> Response[bytes]:
        """Respond with a rendition. `link_seconds` is as in `make_terms`.

        Raises NotFound for a rendition that the image does not have.
        """
        if name not in image.renditions:
            raise NotFound(f"This image has no such rendition. It is {image.status}.")
        content = make_rendition(image, name)
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
        return Response(HTTPStatus.OK, content.content_type, self._read(image, content), headers)

    def redirect_to_original(self, image: Image, query: ContentQuery) -> Response[bytes]:
        """Originals may be larger than a function can send. Raises NotFound."""
        if not image.serves_original:
            raise NotFound(f"This image has no original, because it is {image.status}.")
        url = self.storage.sign_original(image, is_download=query.is_download)
        return Response(HTTPStatus.FOUND, headers={"Location": url, "Cache-Control": "private, no-store"})

    def _read(self, image: Image, content: Content) -> bytes:
        """Raises NotFound, or Unavailable if the image has other bytes since it was read."""
        try:
            return self.storage.get(content.key)
        except NotFound:
            if self.images.get(image.id).revision != image.revision:
                raise Unavailable from None
            raise
