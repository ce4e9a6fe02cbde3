"""Images as answers: what each caller sees of them, under which ETag, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from app.conditions import make_etag
from app.schemas import ImagePublic

if TYPE_CHECKING:
    from app.links import LinkSigner
    from shared.models import Image, RenditionName

PUBLIC_VIEW = "public"


@dataclass(frozen=True)
class ImageViews:
    """Makes the answers of one request."""

    links: LinkSigner
    base_url: str

    def show(self, image: Image, *, sees_all: bool) -> ImagePublic:
        url = f"{self.get_location(image.id)}/content"
        return ImagePublic.of(image, url, self._make_url, sees_all=sees_all)

    def answer(
        self, image: Image, *, sees_all: bool = True, status: HTTPStatus = HTTPStatus.OK
    ) -> Response[ImagePublic]:
        headers = {
            "ETag": make_etag(image, self._name_view(image, sees_all=sees_all)),
            "Cache-Control": "private, no-cache" if sees_all else "public, no-cache",
        }
        return Response(status, "application/json", self.show(image, sees_all=sees_all), headers)

    def get_location(self, image_id: str) -> str:
        return f"{self.base_url}/images/{image_id}"

    def _name_view(self, image: Image, *, sees_all: bool) -> str:
        """Signed URLs change with time: an answer with others is another one, also to `If-None-Match`."""
        if not sees_all:
            return PUBLIC_VIEW
        return "" if image.is_public else f"{int(self.links.find_end().timestamp()):x}"

    def _make_url(self, image: Image, rendition: RenditionName) -> str:
        return self.links.make_url(self.base_url, image, rendition)
