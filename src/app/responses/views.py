"""Views: what each caller sees of a record, under which ETag, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from pydantic_core import to_json

from app.access.policy import Action, authorize, may
from app.responses.html import HTML_TYPE, ImagePage, make_page_headers
from app.responses.outputs import (
    DirectUpload,
    ErasurePublic,
    ImagePublic,
    ItemPublic,
    Me,
    RenditionPublic,
    ReplacementPublic,
)
from shared import lifecycle
from shared.erasures import Deleted
from shared.renditions import RenditionName
from shared.replacements import get_shown

if TYPE_CHECKING:
    from app.access.callers import Caller
    from app.access.links import LinkSigner
    from shared.erasures import Erasure
    from shared.items import Item
    from shared.models import Image, Record
    from shared.quotas import Usage

PUBLIC_VIEW = "public"
OVERDUE_VIEW = "overdue"
OVERDUE_REPLACEMENT_VIEW = "late"
ENDED_REPLACEMENT_VIEW = "ended"
ORIGINAL_FACTS = ("size", "sha256", "exif")
"""They tell of the original and not of its renditions, so strangers do not get them."""


def serialize(body: object) -> str:
    """Turn a model into the JSON that clients get."""
    return to_json(body, by_alias=True).decode()


def make_etag(record: Record, *views: str) -> str:
    """Make an ETag of the version and of the view: one version may look different to different callers."""
    return f'"{"-".join([str(record.version), *filter(None, views)])}"'


def respond_with_item(
    item: Item, base_url: str, *, status: HTTPStatus = HTTPStatus.OK
) -> Response[ItemPublic]:
    headers = {"ETag": make_etag(item), "Cache-Control": "private, no-cache"}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"{base_url}/items/{item.id}"
    return Response(status, "application/json", ItemPublic(**dict(item)), headers)


def show_caller(caller: Caller, used: Usage, erasure: Erasure | None) -> Me:
    assert caller.user_id is not None  # noqa: S101 - for the type checker
    shown = ErasurePublic(**dict(erasure), deleted=Deleted(**erasure.amounts)) if erasure else None
    return Me(user_id=caller.user_id, is_admin=caller.is_admin, used=used, erasure=shown)


@dataclass(frozen=True)
class ImageViews:
    """Makes the responses of one request. A full view is for the owner of an image and for admins."""

    links: LinkSigner
    base_url: str
    is_for_people: bool = False

    def show(self, image: Image, *, is_full: bool) -> ImagePublic:
        shows_original = is_full and image.serves_original
        replacement = get_shown(image) if is_full else None
        return ImagePublic.model_validate(
            dict(image)
            | {
                "renditions": {
                    name: RenditionPublic(
                        **dict(rendition), url=self.links.make_url(self.base_url, image, name)
                    )
                    for name, rendition in image.renditions.items()
                },
                "status_reason": image.status_reason if is_full else None,
                "replacement": replacement and ReplacementPublic.model_validate(dict(replacement)),
                **({} if is_full else dict.fromkeys(ORIGINAL_FACTS)),
                "trashed_at": image.trash and image.trash.at,
                "url": f"{self.get_location(image.id)}/content" if shows_original else None,
            }
        )

    def respond(
        self,
        image: Image,
        *,
        is_full: bool = True,
        status: HTTPStatus = HTTPStatus.OK,
        is_upload: bool = False,
    ) -> Response[ImagePublic]:
        """The response to an upload says where its image is."""
        headers = {
            "ETag": self._make_etag(image, is_full=is_full),
            "Cache-Control": "private, no-cache" if is_full else "public, no-cache",
        }
        if is_upload:
            headers["Location"] = self.get_location(image.id)
        return Response(status, "application/json", self.show(image, is_full=is_full), headers)

    def respond_to_upload(self, image: Image, *, is_new: bool) -> Response[Any]:
        """Show the image of an upload: as a page to people, as JSON to programs."""
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        if not self.is_for_people:
            return self.respond(image, status=status, is_upload=True)
        picture_url = self.links.make_url(self.base_url, image, RenditionName.LARGE)
        page = ImagePage(self.show(image, is_full=True), picture_url)
        headers = {"Location": self.get_location(image.id), **make_page_headers()}
        return Response(status, HTML_TYPE, page, headers)

    def respond_to(
        self,
        caller: Caller,
        image: Image,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        is_upload: bool = False,
    ) -> Response[ImagePublic]:
        """Show an image as the caller may see it. Raises NotFound."""
        authorize(Action.READ, caller, image)
        is_full = may(Action.READ_ORIGINAL, caller, image)
        return self.respond(image, is_full=is_full, status=status, is_upload=is_upload)

    def respond_to_announcement(self, begun: DirectUpload | Image) -> Response[Any]:
        """Show the form of a direct upload, or the image that is used in its place."""
        if isinstance(begun, DirectUpload):
            return self.respond_with_form(begun)
        return self.respond(begun, is_upload=True)

    def respond_with_form(
        self, upload: DirectUpload, *, status: HTTPStatus = HTTPStatus.CREATED
    ) -> Response[DirectUpload]:
        return Response(status, "application/json", upload, {"Location": self.get_location(upload.id)})

    def get_location(self, image_id: str) -> str:
        return f"{self.base_url}/images/{image_id}"

    def _make_etag(self, image: Image, *, is_full: bool) -> str:
        """A lease or a form that ends makes no new version. Signed URLs change with time."""
        overdue = OVERDUE_VIEW if lifecycle.is_overdue(image.state) else ""
        if not is_full:
            return make_etag(image, PUBLIC_VIEW, overdue)
        replacement = get_shown(image)
        late = OVERDUE_REPLACEMENT_VIEW if replacement and lifecycle.is_overdue(replacement.state) else ""
        ended = ENDED_REPLACEMENT_VIEW if image.replacement and not replacement else ""
        has_signed_urls = bool(image.renditions) and not image.is_public
        urls = f"{int(self.links.get_url_expiry(image.id).timestamp()):x}" if has_signed_urls else ""
        return make_etag(image, urls, overdue, late, ended)
