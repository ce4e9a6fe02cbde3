from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from app.access.links import LinkSigner
from app.dependencies import get_links
from app.main import create_app
from app.responses.views import ImageViews, make_etag, respond_with_item, serialize
from shared.items import Item
from shared.lifecycle import Status
from shared.models import Exif, Image, Visibility
from tests.support.images import FAR_FUTURE, RENDITIONS, START, make_image, make_pending, make_ready
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api

NOW = datetime(2026, 11, 24, 12, 7, tzinfo=UTC)
READY_PRIVATE = make_ready(visibility=Visibility.PRIVATE)
URLS_END = f"{int(LinkSigner(list, lambda: NOW).get_url_expiry(READY_PRIVATE.id).timestamp()):x}"
PUBLIC, PRIVATE = Visibility.PUBLIC, Visibility.PRIVATE
REJECTED: dict[str, Any] = {"status": Status.REJECTED, "has_original": False, "expires_at": FAR_FUTURE}
OVERDUE: dict[str, Any] = {"status": Status.FAILED, "leased_until": 1}


def make_views(at: datetime = NOW) -> ImageViews:
    return ImageViews(LinkSigner(lambda: [b"key"], clock=lambda: at), "https://x/v1")


@pytest.mark.parametrize(
    ("image", "own", "public"),
    [
        (make_image(visibility=PRIVATE), '"1"', '"1-public"'),
        (make_ready(visibility=PUBLIC, version=12), '"12"', '"12-public"'),
        (READY_PRIVATE, f'"1-{URLS_END}"', '"1-public"'),
        (make_image(visibility=PUBLIC, **OVERDUE), '"1-overdue"', '"1-public-overdue"'),
        (READY_PRIVATE.model_copy(update=OVERDUE), f'"1-{URLS_END}-overdue"', '"1-public-overdue"'),
        (make_image(visibility=PUBLIC, status=Status.FAILED, leased_until=None), '"1"', '"1-public"'),
    ],
    ids=["processing", "public", "private", "overdue", "overdue with renditions", "failed"],
)
def test_etag_names_the_version_and_all_that_changes_without_one(image: Image, own: str, public: str) -> None:
    views = make_views()
    assert views.respond(image).headers["ETag"] == own
    assert views.respond(image, is_full=False).headers["ETag"] == public


@pytest.mark.parametrize(
    ("views", "etag"), [((), '"3"'), (("public",), '"3-public"'), (("", "overdue"), '"3-overdue"')]
)
def test_etag_leaves_out_views_without_a_name(views: tuple[str, ...], etag: str) -> None:
    assert make_etag(make_image(version=3), *views) == etag


@pytest.mark.parametrize(
    ("is_full", "cache_control"), [(True, "private, no-cache"), (False, "public, no-cache")]
)
def test_view_of_the_owner_is_for_no_shared_cache(is_full: bool, cache_control: str) -> None:
    response = make_views().respond(make_ready(), is_full=is_full, status=HTTPStatus.ACCEPTED)
    assert response.headers["Cache-Control"] == cache_control
    assert response.headers["Content-Type"] == "application/json"
    assert response.status_code == 202


def test_client_keeps_an_image_only_as_long_as_its_signed_urls(api: Api) -> None:
    """After a 304, the client would go on with URLs that have ended."""
    clock = [NOW]
    overrides = create_app().dependency_overrides
    overrides[get_links] = lambda keys: LinkSigner(keys.get, clock=lambda: clock[0])
    image_id = api.upload_ready(make_picture(), visibility="private")["id"]
    url, end = f"/images/{image_id}", LinkSigner(list, lambda: NOW).get_url_expiry(image_id)
    first = api.get(url, user="ann")
    known = {"If-None-Match": first.headers["ETag"]}
    clock[0] = end - timedelta(hours=1)
    assert api.get(url, user="ann", headers=known).status == 304
    clock[0] += timedelta(seconds=1)
    second = api.get(url, user="ann", headers=known)
    assert second.status == 200
    assert second.json["renditions"]["small"]["url"] != first.json["renditions"]["small"]["url"]
    assert second.json | {"renditions": {}} == first.json | {"renditions": {}}


@pytest.mark.parametrize(
    ("image", "has_url"),
    [
        (make_pending(), False),
        (make_image(), True),
        (make_ready(), True),
        (make_image(status=Status.FAILED), True),
        (make_image(status=Status.FAILED, has_original=False, expires_at=FAR_FUTURE), False),
        (make_image(status=Status.REJECTED), False),
        (make_image(**REJECTED), False),
    ],
)
def test_url_of_the_original_is_there_while_it_is_served_to_its_owner(image: Image, has_url: bool) -> None:
    url = f"https://x/v1/images/{image.id}/content"
    assert make_views().show(image, is_full=True).url == (url if has_url else None)
    assert make_views().show(image, is_full=False).url is None


@pytest.mark.parametrize(("visibility", "is_signed"), [(PUBLIC, False), (PRIVATE, True)])
def test_every_rendition_has_its_url(visibility: Visibility, is_signed: bool) -> None:
    image = make_ready(visibility=visibility)
    shown = make_views().show(image, is_full=True).renditions
    assert shown.keys() == RENDITIONS.keys()
    for name, rendition in shown.items():
        assert rendition.url.startswith(f"https://x/v1/images/{image.id}/content/{name}")
        assert ("&expires=" in rendition.url) is is_signed
        assert rendition.model_dump(exclude={"url", "content_type"}) == RENDITIONS[name].model_dump()
        assert rendition.content_type == "image/webp"


def test_facts_of_the_original_are_shown_to_the_owner_only() -> None:
    image = make_ready(exif=Exif(camera="Canon"), sha256="ab" * 32)
    own, public = (make_views().show(image, is_full=is_full) for is_full in (True, False))
    assert (own.size, own.sha256, own.exif) == (image.size, image.sha256, image.exif)
    assert (public.size, public.sha256, public.exif) == (None, None, None)


def test_reason_of_a_status_is_shown_to_the_owner_only() -> None:
    image = make_ready(status_reason="Why.")
    assert make_views().show(image, is_full=True).status_reason == "Why."
    assert make_views().show(image, is_full=False).status_reason is None


def test_image_is_shown_without_what_is_only_stored() -> None:
    shown = json.loads(serialize(make_views().show(make_image(tags=("a",)), is_full=True)))
    assert [*shown] == [
        "id",
        "userId",
        "filename",
        "contentType",
        "size",
        "width",
        "height",
        "sha256",
        "description",
        "visibility",
        "tags",
        "status",
        "statusReason",
        "revision",
        "replacement",
        "renditions",
        "placeholder",
        "exif",
        "animated",
        "url",
        "trashedAt",
        "createdAt",
        "updatedAt",
        "version",
    ]


def test_item_is_shown_under_its_version_for_no_shared_cache() -> None:
    item = Item(id="1", user_id="ann", name="a", created_at=START, updated_at=START, version=7)
    response = respond_with_item(item, "https://x", status=HTTPStatus.CREATED)
    assert response.headers["Location"] == "https://x/items/1"
    assert "Location" not in respond_with_item(item, "https://x").headers
    assert (response.status_code, response.headers["ETag"]) == (201, '"7"')
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert json.loads(serialize(response.body)) == {
        "id": "1",
        "userId": "ann",
        "name": "a",
        "description": None,
        "attributes": {},
        "createdAt": "2026-01-01T00:00:00.000000Z",
        "updatedAt": "2026-01-01T00:00:00.000000Z",
        "version": 7,
    }
