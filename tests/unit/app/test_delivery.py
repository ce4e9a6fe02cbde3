from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.delivery import Delivery
from app.requests.contents import ContentQuery, VariantQuery
from app.variants import VariantMaker
from shared.errors import InvalidFields, NotFound, Unavailable
from shared.lifecycle import Event
from shared.models import Image
from shared.renditions import RenditionName
from shared.variants import Variant, VariantMode
from tests.support.faults import Fault, break_calls
from tests.support.images import finish, make_image, make_ready, store_renditions
from tests.support.uploads import list_keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.storage import ImageStorage

SMALL = RenditionName.SMALL


def make_stand_in(data: bytes, variant: Variant) -> bytes:
    """A text that tells its source and its name."""
    return data + f" as {variant.name}".encode()


@pytest.fixture
def delivery(images: ImageRepository, storage: ImageStorage) -> Delivery:
    maker = VariantMaker(images, storage, make_stand_in)
    return Delivery(maker, storage, {}, cdn_seconds=86_400, mode=VariantMode.ENABLED)


def test_bytes_are_those_of_the_revision(
    delivery: Delivery, images: ImageRepository, storage: ImageStorage
) -> None:
    image = images.add(make_ready(revision=2, latest_revision=2))
    store_renditions(storage, image)
    response = delivery.deliver(image, SMALL, ContentQuery(v="2"))
    assert response.body == f"renditions/{image.id}/2/small.webp".encode()
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable, s-maxage=86400"


def test_rendition_that_the_record_does_not_name_is_not_found(
    delivery: Delivery, storage: ImageStorage
) -> None:
    store_renditions(storage, make_ready())
    with pytest.raises(NotFound, match="It is processing"):
        delivery.deliver(make_image(), SMALL, ContentQuery())


def test_bytes_that_a_new_revision_has_replaced_are_there_at_the_next_try(
    delivery: Delivery, images: ImageRepository
) -> None:
    """The record was read, then the new revision became ready and the old bytes were deleted."""
    image = images.add(make_ready())
    images.apply(image.id, Event.RETRY)
    finish(images, image.id, revision=2)
    with pytest.raises(Unavailable):
        delivery.deliver(image, SMALL, ContentQuery())


def test_bytes_that_are_lost_are_not_found(delivery: Delivery, images: ImageRepository) -> None:
    image = images.add(make_ready())
    with pytest.raises(NotFound):
        delivery.deliver(image, SMALL, ContentQuery())


def test_bytes_of_an_image_that_was_deleted_meanwhile_are_not_found(
    delivery: Delivery, images: ImageRepository
) -> None:
    image = images.add(make_ready())
    images.delete(image.id, lambda _: None)
    with pytest.raises(NotFound):
        delivery.deliver(image, SMALL, ContentQuery())


@pytest.mark.parametrize("fault", [Fault.NO_RESPONSE, Fault.THROTTLED, Fault.FAILED])
def test_outage_of_s3_is_not_taken_for_missing_bytes(
    delivery: Delivery, storage: ImageStorage, s3: S3Client, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    image = make_ready()
    store_renditions(storage, image)
    break_calls(s3, "GetObject", fault)
    with pytest.raises(Unavailable):
        delivery.deliver(image, SMALL, ContentQuery())


def test_variant_of_the_closed_set_is_kept_and_one_of_a_link_is_not(
    delivery: Delivery, images: ImageRepository, storage: ImageStorage, s3: S3Client
) -> None:
    image = images.add(make_ready())
    store_renditions(storage, image)
    before = list_keys(s3)
    signed = delivery.deliver_variant(image, VariantQuery(width=64, format="png"), link_seconds=100)
    assert list_keys(s3) == before
    listed = delivery.deliver_variant(image, VariantQuery(width=64, format="png"))
    assert len(list_keys(s3)) == len(before) + 1
    assert (listed.body, listed.content_type) == (signed.body, "image/png")
    assert listed.headers["ETag"] == signed.headers["ETag"]


def test_any_size_takes_a_link(delivery: Delivery, images: ImageRepository, storage: ImageStorage) -> None:
    image = images.add(make_ready())
    store_renditions(storage, image)
    query = VariantQuery(width=65, format="png")
    with pytest.raises(InvalidFields):
        delivery.deliver_variant(image, query)
    assert delivery.deliver_variant(image, query, link_seconds=100).body


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [(None, "image/webp"), ("*/*", "image/webp"), ("image/avif,image/webp", "image/avif")],
)
def test_format_that_accept_chooses_varies_by_it(
    delivery: Delivery, images: ImageRepository, storage: ImageStorage, accept: str | None, content_type: str
) -> None:
    image = images.add(make_ready())
    store_renditions(storage, image)
    sent = {"Accept": accept} if accept else {}
    response = replace(delivery, request_headers=sent).deliver_variant(image, VariantQuery(width=64))
    assert (response.content_type, response.headers["Vary"]) == (content_type, "Accept")
    fixed = delivery.deliver_variant(image, VariantQuery(width=64, format="png"))
    assert "Vary" not in fixed.headers


def test_client_that_has_a_variant_gets_304_without_its_bytes(
    delivery: Delivery, images: ImageRepository, storage: ImageStorage, s3: S3Client
) -> None:
    image = images.add(make_ready())
    store_renditions(storage, image)
    query = VariantQuery(width=64, format="jpeg")
    known = {"If-None-Match": str(delivery.deliver_variant(image, query).headers["ETag"])}
    reading = break_calls(s3, "GetObject")
    response = replace(delivery, request_headers=known).deliver_variant(image, query)
    assert (response.status_code, reading.tries) == (304, 0)


def test_image_without_an_original_has_nothing_to_go_to(delivery: Delivery) -> None:
    image = Image.model_validate(dict(make_ready()) | {"has_original": False, "status": "failed"})
    with pytest.raises(NotFound, match="no original"):
        delivery.redirect_to_original(image, ContentQuery())
